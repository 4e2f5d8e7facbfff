"""The kinds of data sets of one's own, by their names in a config."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from nndl.data.dataset import Dataset
from nndl.data.sources import folder, idx, mat, npz, parquet
from nndl.data.sources.building import Pictures
from nndl.data.sources.wanted import Found, Wanted


class Source(NamedTuple):
    """A kind of data set."""

    survey: Callable[[Wanted], Found]
    """Tells what is there before it is read; raises DataError."""
    load: Callable[[Wanted], Dataset]
    """Reads it; raises DataError."""
    gather: Callable[[Wanted], Pictures] | None = None
    """Lists its pictures before they are read, where it holds pictures and not arrays; raises DataError."""


SOURCES = {
    "folder": Source(folder.survey, folder.load, folder.gather),
    "npz": Source(npz.survey, npz.load),
    **{kind: Source(partial(idx.survey, kind=kind), partial(idx.load, kind=kind)) for kind in idx.NAMES},
    "mat": Source(mat.survey, mat.load),
    "parquet": Source(parquet.survey, parquet.load, parquet.gather),
}
