"""`python -m benchmarks.augmentation` measures every kind there is."""

from benchmarks.augmentation import examples, microseconds
from nndl.data.augment import TRANSFORMS
from nndl.data.augment.mixing import MIXES


def test_every_kind_is_measured() -> None:
    measured = examples()
    assert [name for name, _ in measured] == [*TRANSFORMS, *MIXES]
    assert all(microseconds(work, 1) > 0 for _, work in measured)
