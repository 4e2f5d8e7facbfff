"""Contenders take turns, and the table of their steps counts what a direct computation needs."""

from collections.abc import Sequence

import pytest

from nndl.bench.training import Contender, compete, rows
from nndl.engines import get_engine, set_threads
from nndl.net.catalog.activation import Relu
from nndl.net.catalog.affine import Affine
from nndl.net.catalog.conv import Conv
from nndl.net.layer import Layer
from nndl.net.network import Network
from nndl.net.params import Params

LAYERS: tuple[Layer, ...] = (Conv(filters=4), Relu(), Affine(out_features=10))


class Noted(Contender):
    """Notes its turns in a list that all share."""

    def __init__(self, turns: list[str], name: str, engine: str = "vectorized") -> None:
        super().__init__(Network(LAYERS, (3, 8, 8), get_engine(engine)), self.update, 6, 1)
        self.turns, self.name, self.updates = turns, name, 0

    def update(self, gradients: Params) -> None:
        assert gradients.vector.any()
        self.updates += 1

    def burst(self, seconds: float) -> None:
        self.turns.append(self.name)
        super().burst(seconds)


@pytest.fixture(autouse=True)
def _threads_as_before() -> object:
    yield
    set_threads()


def noted(*names: str) -> tuple[list[str], Sequence[Noted]]:
    turns: list[str] = []
    return turns, [Noted(turns, name) for name in names]


def test_they_take_turns_and_note_every_measured_step() -> None:
    turns, both = noted("a", "b")
    compete(both, bursts=3, seconds=0.01)
    assert turns == ["a", "b"] * 3
    for each in both:
        assert len(each.speeds) == 3
        assert len(each.times) == len(each.update_times) < each.updates <= len(each.times) + 3
        assert all(speed <= 6 / min(each.times) for speed in each.speeds)


def test_a_slow_one_has_one_turn() -> None:
    turns, both = noted("a", "b")
    compete(both, bursts=3, seconds=0.0)
    assert turns == ["a", "b"]


def test_rows_count_two_operations_for_each_multiply_add_of_each_product() -> None:
    _, (contender,) = noted("a")
    compete([contender], bursts=1, seconds=0.01)
    by_layer = {row.layers[0]: row for row in rows(contender)}
    conv, affine = 4 * 8 * 8 * 27, 256 * 10
    assert by_layer["conv1"].flop == 2 * 2 * 6 * conv  # forward and dw: nothing asks for the images' gradient
    assert by_layer["affine1"].flop == 2 * 3 * 6 * affine
    assert by_layer["update of the parameters"].gflops is None
    together = sum(row.forward + row.backward for row in rows(contender))
    assert together == pytest.approx(sorted(contender.times)[len(contender.times) // 2], rel=0.5)
