"""The interface of a logger, and the facts it is told of a run."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from nndl.paths import resolved
from nndl.runs.folder import RunFolder


@dataclass(frozen=True)
class About:
    """The facts that a logger is told of a run before it begins."""

    folder: RunFolder
    config: Mapping[str, Any]
    """The places of the config in dots, each with its value."""
    step: int
    """The step that is done already, when a run goes on."""

    @property
    def name(self) -> str:
        return resolved(self.folder.path).name


class Logger(Protocol):
    """One program's record."""

    logged: int
    """The step up to which the record has this run's values already."""

    def log(self, step: int, values: Mapping[str, float]) -> None: ...
    def finish(self, status: str, values: Mapping[str, float]) -> None: ...
