"""Pictures that are read, as it is seen."""

from collections.abc import Iterator
from contextlib import contextmanager

from nndl.cli.screen import terminal
from nndl.cli.screen.plain_progress import PlainPictureProgress


@contextmanager
def picture_progress() -> Iterator[PlainPictureProgress]:
    """Show how far pictures are read, in lines on stderr: a spinner may turn on stdout meanwhile."""
    yield PlainPictureProgress(terminal.note)
