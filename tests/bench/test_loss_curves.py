"""benchmarks/loss_curves.py compares what it says: the same training computed in other ways."""

from collections.abc import Iterator

import numpy as np
import pytest

from benchmarks.loss_curves import WAYS, Way, losses, network_for, show
from nndl.engines import available, set_threads
from nndl.net.types import Array

NAMES = [name for name, way in WAYS.items() if way.engine in available()]


class Few:
    """The same dozen images again and again."""

    def epoch(self, epoch: int) -> Iterator[tuple[Array, Array]]:
        random = np.random.default_rng(epoch)
        batch = random.standard_normal((12, 3, 32, 32), np.float32), random.integers(0, 10, 12)
        return iter([batch] * 5)


@pytest.fixture(autouse=True)
def _threads_as_before() -> Iterator[None]:
    yield
    set_threads()


@pytest.mark.parametrize("name", NAMES)
def test_every_way_is_the_same_training(name: str) -> None:
    exact, here = (list(losses(WAYS[way], Few(), 2)) for way in ("float64", name))  # type: ignore[arg-type]
    assert len(here) == 2
    np.testing.assert_allclose(here, exact, rtol=1e-4)


def gradients(way: Way) -> Array:
    X, y = next(Few().epoch(0))
    return network_for(way).loss(X, y)[1].vector.astype(np.float64)


def test_the_yardstick_is_without_winograd() -> None:
    ways = (WAYS[name] for name in ("float64", "direct", "vectorized, 2 threads"))
    exact, direct, winograd = (gradients(way) for way in ways)
    assert np.abs(direct - exact).max() < np.abs(winograd - exact).max()


def test_the_table_has_a_row_for_each_curve(capsys: pytest.CaptureFixture[str]) -> None:
    show({"float64": [2.0, 1.0, 0.5], "direct": [2.0, 1.0, 0.6]})
    table = capsys.readouterr().out.splitlines()
    assert table[2].split() == ["direct", "0.0e+00", "0.0e+00", "1.0e-01", "1.2000"]
    assert "1.1667" in table[3]
