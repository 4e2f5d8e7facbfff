"""A batch in shards is ghost batch norm of their size; on any number of ranks it is the same bits."""

from typing import Any

import numpy as np
import pytest

from nndl.engines import available, get_engine
from nndl.net.catalog import Affine, Bn, Conv, Dropout, MaxPool, Relu, Residual, SpatialBn
from nndl.net.layer import Layer
from nndl.net.network import Network, Part
from nndl.net.types import Array
from nndl.train.learner import Learner
from nndl.train.optimizers import Adam, Muon, Rule, SgdMomentum
from nndl.train.sharded import owners
from nndl.train.sharded.cut import Cut
from nndl.train.sharded.lanes import Lanes
from nndl.train.sharded.loss import RanksLoss, ShardedLoss, StopFlag
from nndl.train.sharded.sharing import SharedAmong
from nndl.train.transforms import Ema
from tests.train.sharded.threads import ThreadRanks, on_threads

SHAPE = (3, 8, 8)
BATCH = 24


def layers(ghost: int | None = None, norm: bool = True, drop: bool = True, unbiased: bool = False) -> tuple[Layer, ...]:
    norms = (SpatialBn(ghost_batch_size=ghost, unbiased=unbiased),) if norm else ()
    return (
        Conv(filters=8),
        *norms,
        Relu(),
        MaxPool(),
        Residual(layers=(Conv(filters=8), *norms, Relu())),
        *((Dropout(keep=0.7),) if drop else ()),
        Conv(filters=5),
        *norms,
        Affine(out_features=3),
    )


def network(engine: str, dtype: str = "float32", l2: float = 1e-3, **options: Any) -> Network:
    return Network(layers(**options), SHAPE, get_engine(engine), dtype=dtype, l2=l2, seed=3)


def batch(images: int, step: int = 0) -> tuple[Array, Array]:
    random = np.random.default_rng(step)
    return random.standard_normal((images, *SHAPE)), random.integers(0, 3, images)


@pytest.mark.parametrize("images", [BATCH, 13])
@pytest.mark.parametrize("engine", available())
def test_shards_are_ghost_batch_norm_of_their_size(engine: str, images: int) -> None:
    ghost, plain = network(engine, "float64", ghost=6), network(engine, "float64")
    X, y = batch(images)
    expected, gradients = ghost.loss(X, y)
    loss, found = ShardedLoss(plain, Cut(BATCH, 4)).loss(X, y)
    assert loss == pytest.approx(expected, rel=1e-13)
    np.testing.assert_allclose(found.vector, gradients.vector, rtol=0, atol=1e-13)
    np.testing.assert_allclose(plain.buffers.vector, ghost.buffers.vector, rtol=1e-13)


@pytest.mark.parametrize("images", [BATCH, 13])
def test_shards_take_distributions_over_the_classes(images: int) -> None:
    X, y = batch(images)
    target = np.random.default_rng(1).dirichlet(np.ones(3), images)
    ghost, plain = network("vectorized", "float64", ghost=6), network("vectorized", "float64")
    expected, gradients = ghost.loss(X, target)
    loss, found = ShardedLoss(plain, Cut(BATCH, 4)).loss(X, target)
    assert loss == pytest.approx(expected, rel=1e-13)
    np.testing.assert_allclose(found.vector, gradients.vector, rtol=0, atol=1e-13)
    assert loss != pytest.approx(ghost.loss(X, y)[0], rel=1e-3)


@pytest.mark.parametrize("images", [BATCH, 13])
@pytest.mark.parametrize("engine", available())
def test_over_all_shards_batch_norm_is_that_of_the_batch(engine: str, images: int) -> None:
    whole, plain = network(engine, "float64", unbiased=True), network(engine, "float64", unbiased=True)
    cut = Cut(BATCH, 5)
    objective = ShardedLoss(plain, cut, Lanes(plain, cut))
    for step in range(2):
        whole.step = plain.step = step
        X, y = batch(images, step)
        expected, gradients = whole.loss(X, y)
        loss, found = objective.loss(X, y)
        assert loss == pytest.approx(expected, rel=1e-12)
        np.testing.assert_allclose(found.vector, gradients.vector, rtol=0, atol=1e-12)
        np.testing.assert_allclose(plain.buffers.vector, whole.buffers.vector, rtol=1e-12)


def test_over_all_shards_a_norm_of_vectors_is_that_of_the_batch_and_ghosts_stay_ghosts() -> None:
    def model(ghost: int | None) -> Network:
        norms = (Bn(), Relu(), Affine(out_features=6), Bn(ghost_batch_size=ghost))
        row = (Affine(out_features=9), *norms, Affine(out_features=3))
        return Network(row, SHAPE, get_engine("vectorized"), dtype="float64")

    for ghost in (None, 6):
        whole, plain = model(ghost), model(ghost)
        cut = Cut(BATCH, 4)
        loss, found = ShardedLoss(plain, cut, Lanes(plain, cut)).loss(*batch(BATCH))
        expected, gradients = whole.loss(*batch(BATCH))
        assert loss == pytest.approx(expected, rel=1e-12)
        np.testing.assert_allclose(found.vector, gradients.vector, rtol=0, atol=1e-12)


def test_an_error_in_one_shard_is_the_batchs(monkeypatch: pytest.MonkeyPatch) -> None:
    model = network("vectorized")
    cut = Cut(BATCH, 4)
    objective = ShardedLoss(model, cut, Lanes(model, cut))
    X, y = batch(BATCH)
    part_loss = Network.part_loss

    def faulty(self: Network, X: Array, y: Array, part: Part) -> float:
        if part.first == 12:
            raise MemoryError("none left")
        return part_loss(self, X, y, part)

    monkeypatch.setattr(Network, "part_loss", faulty)
    with pytest.raises(MemoryError, match="none left"):
        objective.loss(X, y)
    monkeypatch.undo()
    assert np.isfinite(objective.loss(X, y)[0])


def test_what_is_frozen_stays_so_over_all_shards() -> None:
    whole, plain = network("vectorized", "float64"), network("vectorized", "float64")
    cut = Cut(BATCH, 4)
    for model in (whole, plain):
        model.freeze(["conv1.w", "spatial_bn1.gamma"])
    _, gradients = whole.loss(*batch(BATCH))
    _, found = ShardedLoss(plain, cut, Lanes(plain, cut)).loss(*batch(BATCH))
    assert not found["conv1.w"].any()
    np.testing.assert_allclose(found.vector, gradients.vector, rtol=0, atol=1e-12)


@pytest.mark.parametrize("engine", available())
def test_without_batch_norm_shards_are_the_batch_dropout_included(engine: str) -> None:
    whole, plain = network(engine, "float64", norm=False), network(engine, "float64", norm=False)
    whole.step = plain.step = 5
    X, y = batch(13)
    expected, gradients = whole.loss(X, y)
    loss, found = ShardedLoss(plain, Cut(BATCH, 7)).loss(X, y)
    assert loss == pytest.approx(expected, rel=1e-13)
    np.testing.assert_allclose(found.vector, gradients.vector, rtol=0, atol=1e-13)


def test_one_shard_is_the_batch_to_the_last_bit() -> None:
    whole, plain = network("vectorized"), network("vectorized")
    for step in range(2):
        expected, gradients = whole.loss(*batch(BATCH, step))
        loss, found = ShardedLoss(plain, Cut(BATCH, 1)).loss(*batch(BATCH, step))
        assert loss == expected
        np.testing.assert_array_equal(found.vector, gradients.vector)
        np.testing.assert_array_equal(plain.buffers.vector, whole.buffers.vector)


STEPS = 3


def train(
    ranks: ThreadRanks | None, engine: str, shards: int, rule: Rule, whole: bool = False, **learning: Any
) -> tuple[Any, ...]:
    """Losses, weights, running statistics and what the optimiser remembers, after steps of which the last is short."""
    model = network(engine)
    cut = Cut(BATCH, shards, ranks.size if ranks else 1)
    lanes = Lanes(model, cut, ranks) if whole else None
    objective, sharing = ShardedLoss(model, cut, lanes), None
    if ranks is not None:
        filters = [name for name, w in model.params.items() if w.ndim == 4] if rule.whole_filters else []
        params = owners.buckets(model.params, ranks.size, filters)
        buffers = owners.buckets(model.buffers, ranks.size)
        objective = RanksLoss(model, cut, ranks, params, buffers, StopFlag(), lanes)
        sharing = SharedAmong(ranks, params, buffers)
    learner = Learner(model, rule, sharing=sharing, **learning)
    losses = []
    for step in range(STEPS):
        model.step = step
        X, y = batch(BATCH if step < STEPS - 1 else 7, step)
        loss, gradients = objective.loss(X[cut.part(ranks.rank if ranks else 0, len(y))], y)
        learner.update(gradients, 1.0, step + 1, STEPS)
        losses.append(loss)
    stores = [model.params, model.buffers, *learner.stores().values()]
    return losses, *[store.vector.copy() for store in stores]


RULES: list[tuple[Rule, dict[str, Any]]] = [
    (SgdMomentum(learning_rate=0.1), {}),
    (Adam(), {"clip_norm": 0.5, "average": Ema(decay=0.9), "weight_decay": 0.1}),
    (Muon(), {"average": Ema(decay=0.9)}),
]


@pytest.mark.parametrize("bucket", [1, 300, 1 << 18])
@pytest.mark.parametrize(("rule", "learning"), RULES, ids=lambda value: getattr(value, "kind", ""))
def test_any_number_of_ranks_gives_the_same_bits(
    rule: Rule, learning: dict[str, Any], bucket: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owners, "BUCKET", bucket)
    expected = train(None, "vectorized", 5, rule, **learning)
    for size in (1, 2, 3, 4, 6):
        for found in on_threads(size, lambda ranks: train(ranks, "vectorized", 5, rule, **learning)):
            for one, other in zip(found, expected, strict=True):
                np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("engine", available())
def test_every_engine_gives_the_same_bits_on_two_ranks(engine: str) -> None:
    expected = train(None, engine, 4, SgdMomentum(learning_rate=0.1))
    for found in on_threads(2, lambda ranks: train(ranks, engine, 4, SgdMomentum(learning_rate=0.1))):
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("engine", available())
def test_statistics_of_the_batch_are_the_same_bits_on_any_number_of_ranks(engine: str) -> None:
    rule = SgdMomentum(learning_rate=0.1)
    expected = train(None, engine, 8, rule, whole=True)
    for size in (1, 2, 3):
        for found in on_threads(size, lambda ranks: train(ranks, engine, 8, rule, whole=True)):
            for one, other in zip(found, expected, strict=True):
                np.testing.assert_array_equal(one, other)


def test_whoever_is_asked_to_stop_tells_all() -> None:
    def loss(ranks: ThreadRanks) -> list[int]:
        model, stop, heard = network("vectorized"), StopFlag(), []
        cut = Cut(BATCH, 2, 2)
        buckets = owners.buckets(model.params, 2), owners.buckets(model.buffers, 2)
        stop.asked, stop.heard = 15 * ranks.rank, heard.append
        X, y = batch(BATCH)
        RanksLoss(model, cut, ranks, *buckets, stop).loss(X[cut.part(ranks.rank, BATCH)], y)
        return heard

    assert on_threads(2, loss) == [[15], [15]]
