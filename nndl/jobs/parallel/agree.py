"""All ranks or none: an error of one before training begins, or a difference between them, ends all with words."""

import json
import platform
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from nndl.errors import NndlError, UsageError
from nndl.jobs.parallel.mpi import MpiRanks
from nndl.jobs.sameness import as_told, changes_between

T = TypeVar("T")


def together(ranks: MpiRanks, make: Callable[[], T]) -> T:
    """Return what this rank makes; where one of them fails, rank 0 raises the error and the others leave."""
    made, error = None, None
    try:
        made = make()
    except Exception as raised:
        error = raised
    told = ranks.everyone("" if error is None else in_words(error))
    rank = next((rank for rank, words in enumerate(told) if words), None)
    if rank is None:
        return made  # type: ignore[return-value]
    ranks.part()
    if error is not None and ranks.rank == 0:
        raise error
    raise UsageError(f"rank {rank} of {ranks.size}: {told[rank]}")


def in_words(error: BaseException) -> str:
    """Return what rank 0 says of another's error."""
    if isinstance(error, NndlError):
        return str(error)
    if isinstance(error, MemoryError):
        return f"memory ran out ({error})" if str(error) else "memory ran out"
    return f"internal error: {type(error).__name__}: {error}"


def refuse_differences(ranks: MpiRanks, own: Mapping[str, Any]) -> None:
    """Raise UsageError, on all ranks, where one does not have what rank 0 has of what the numbers depend on."""
    here = {**own, "python": platform.python_version()}
    told = [json.loads(text) for text in ranks.everyone(json.dumps({"host": ranks.host, "has": here}))]
    found = []
    for rank, other in enumerate(told):
        differences = changes_between(told[0]["has"], other["has"])
        found += [f"  rank {rank} on {other['host']}: {as_told(each)}" for each in differences]
    if found:
        ranks.part()
        raise UsageError(
            "\n".join(["the ranks are not to train the same; from rank 0's to theirs:", *found])
            + "\ngive all of them the same config, images and installation"
        )
