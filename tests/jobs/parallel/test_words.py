"""Words go out as those that follow read them, whatever numbers go with them; no MPI is needed for this."""

import numpy as np
import pytest

from nndl.jobs.parallel.mpi import MpiRanks
from nndl.jobs.parallel.words import Word
from nndl.net.types import Array


@pytest.mark.parametrize("arguments", [(), (1,), (0, 32, 32), (0.5, 3, 8)])
def test_a_word_and_its_numbers_are_float64(arguments: tuple[float, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """Three whole numbers made an array of integers, which the others read as END, and left."""
    sent: list[Array] = []
    monkeypatch.setattr(MpiRanks, "broadcast", lambda _, vector: sent.append(vector))
    ranks = MpiRanks.__new__(MpiRanks)
    with ranks.word(Word.SYNC, *arguments):
        pass
    assert sent[0].dtype == np.float64
    assert list(sent[0]) == [Word.SYNC, *arguments, *[0] * (3 - len(arguments))]
