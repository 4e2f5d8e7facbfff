"""Every error nndl raises on purpose, for the person who can mend it.

NndlError
├── ConfigError          the config cannot be used as written       exit code 2
│   └── ShapeError       a layer cannot take what stands before it
├── DataError            images are missing, damaged or unfit       exit code 2
│   └── DownloadError    a host did not give what it promised
├── UsageError           the command's words are off                exit code 2
├── MissingExtraError    an optional package is not installed       exit code 2
├── ExportError          a network cannot be handed on as asked     exit code 1
├── CheckpointError      a saved state is not whole                 exit code 1
│   └── StartError       weights to start from or import are unfit  exit code 2
├── ForeignFileError     a run's file is a link, a pipe, too large  exit code 1; in nndl.runs.files, an OSError too
└── TrainingError        numbers make no sense, or memory ran out   exit code 1
"""

Where = tuple[int | str, ...]
"""The position of a layer: (3, 1) is the second layer inside the block that is the fourth, (3, "new", 1) that of the
block's branch called new."""


class NndlError(Exception):
    """Base of all: the message says what is wrong, where, and what would be right."""

    exit_code: int = 1


class ConfigError(NndlError):
    """The config cannot be used as written."""

    exit_code = 2
    where: Where | None = None
    """The position of the layer that it is about."""
    also: Where | None = None
    """That of another, where two do not go together."""
    unknown: str | None = None
    """The name given for a config, where there is none of that name."""


class ShapeError(ConfigError):
    """A layer cannot take the shape that stands before it."""


class DataError(NndlError):
    """Images are missing, damaged, or nothing that can be learnt from."""

    exit_code = 2


class DownloadError(DataError):
    """A host did not give what it promised."""


class UsageError(NndlError):
    """The command was called with words that do not fit together."""

    exit_code = 2


class MissingExtraError(NndlError):
    """An optional package is not installed; the message holds the pip command that installs it."""

    exit_code = 2

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(f"{purpose} needs {package}: pip install 'nndl[{extra}]'")


class ExportError(NndlError):
    """A network cannot be handed on as asked, or what was handed on does not compute the same."""


class CheckpointError(NndlError):
    """A saved state is not whole, or is not one of ours."""


class StartError(CheckpointError):
    """Weights to start from, or to import, are missing, damaged, or another network's."""

    exit_code = 2


class TrainingError(NndlError):
    """Training cannot go on."""
