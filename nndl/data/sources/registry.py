"""The kinds of data sets of one's own, by their names in a config."""

from collections.abc import Callable
from typing import NamedTuple

from nndl.data.dataset import Dataset
from nndl.data.sources import folder
from nndl.data.sources.wanted import Found, Wanted


class Source(NamedTuple):
    """A kind of data set."""

    survey: Callable[[Wanted], Found]
    """Tells what is there before it is read; raises DataError."""
    load: Callable[[Wanted], Dataset]
    """Reads it; raises DataError."""


SOURCES = {"folder": Source(folder.survey, folder.load)}
