"""The way in which somebody who waits for pictures to be read hears how far it is."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import Protocol


class Progress(Protocol):
    """A listener that is told of pictures as they are read."""

    def start(self, description: str, total: int | None, done: int = 0) -> None:
        """Note that so many are to be read."""

    def advance(self, count: int) -> None:
        """Note that `count` more have been."""

    def note(self, words: str) -> None:
        """Take in what a person should know of them."""


class Silent:
    """A progress that tells nobody."""

    def start(self, description: str, total: int | None, done: int = 0) -> None:
        """Say nothing."""

    def advance(self, count: int) -> None:
        """Say nothing."""

    def note(self, words: str) -> None:
        """Say nothing."""


_show: ContextVar[Callable[[], AbstractContextManager[Progress]] | None] = ContextVar("show", default=None)


@contextmanager
def shown_by(show: Callable[[], AbstractContextManager[Progress]]) -> Iterator[None]:
    """Have whatever is read within shown by what `show` makes, which is entered when there is something to show."""
    token = _show.set(show)
    try:
        yield
    finally:
        _show.reset(token)


def progress() -> AbstractContextManager[Progress]:
    """Return what shows progress here; nothing does unless somebody asked for it."""
    show = _show.get()
    return nullcontext(Silent()) if show is None else show()
