"""Signs that something is wrong with a training, on the terminal."""

from nndl.cli.screen import terminal
from nndl.train.events import Noticed


def say_noticed(noticed: Noticed) -> None:
    """Say it on stderr, as other warnings are, with what to try."""
    terminal.note_words(f"warning: {noticed.words()}")
