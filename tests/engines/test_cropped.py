"""Outputs of a convolution that the pooling behind it drops are not computed, forward or backward."""

import numpy as np
import pytest

from nndl.check.subject import Subject, require_equal
from nndl.engines.compiled import COMPILED
from nndl.engines.compiled.conv_norm import ConvNormStep, FoldedStep
from nndl.engines.compiled.convolution import ConvStep
from nndl.engines.vectorized import VECTORIZED, convolution
from nndl.engines.vectorized.geometry import read_by_pooling
from nndl.net.catalog.activation import Relu
from nndl.net.catalog.conv import Conv
from nndl.net.catalog.norm import SpatialBn
from nndl.net.catalog.pool import MaxPool
from nndl.net.contract import Engine
from nndl.net.layer import Layer
from nndl.net.network import Network
from nndl.net.plan import Planner
from nndl.net.types import Mode

CONV = Conv(filters=17, bias=False)
ENGINES = pytest.mark.parametrize("engine", [VECTORIZED, COMPILED], ids=["vectorized", "compiled"])


@pytest.mark.parametrize(
    ("side", "pool", "pad", "read"), [(31, 2, 1, 30), (8, 2, 1, 8), (17, 3, 1, 16), (17, 3, 2, 15), (7, 2, 0, 7)]
)
def test_all_of_the_image_is_read(side: int, pool: int, pad: int, read: int) -> None:
    assert read_by_pooling(side, pool, pad) == read


def computed(layers: tuple[Layer, ...], mode: Mode, engine: Engine) -> int:
    """Return the height and width of the outputs that a convolution of 7 x 7 pixels computes."""
    network = Network(layers, (16, 7, 7), engine)
    planner = Planner(engine, network.params, network.grads, network.buffers, mode, network.dtype)
    step = planner.chain(network.placed, "nhwc", needs_dx=True).steps[0].step
    if isinstance(step, ConvStep | ConvNormStep | FoldedStep):
        height, width, _ = step.conv.out_shape
    else:
        assert isinstance(step, convolution.ConvStep | convolution.ConvBatchNormStep | convolution.FoldedStep)
        height, width = step.conv.geometry.height, step.conv.geometry.width
    assert height == width
    return height


@ENGINES
@pytest.mark.parametrize(
    ("layers", "in_training", "in_evaluation"),
    [
        ((CONV, MaxPool()), 6, 6),
        ((CONV, Relu(), MaxPool()), 6, 6),
        ((CONV, MaxPool(), SpatialBn(), Relu()), 6, 6),
        ((CONV, MaxPool(pad=1)), 7, 7),
        ((Conv(filters=17, pad=0), MaxPool()), 5, 5),  # every output reads what no other does
        ((CONV, SpatialBn(), MaxPool(), Relu()), 7, 6),  # in training the statistics are those of every output
        ((CONV, SpatialBn(), Relu()), 7, 7),
    ],
)
def test_what_nobody_reads_is_not_computed(
    layers: tuple[Layer, ...], in_training: int, in_evaluation: int, engine: Engine
) -> None:
    assert (computed(layers, "train", engine), computed(layers, "test", engine)) == (in_training, in_evaluation)


@ENGINES
def test_a_nan_at_the_edge_comes_through(engine: Engine) -> None:
    """Others read what dropped outputs read: so it is in the output, and in every dw of its channel."""
    subject = Subject((CONV, MaxPool()), (16, 7, 7), engine, dtype="float32")
    x = subject.batch(3)
    x[1, 5, 6, 6] = np.nan
    bench = subject.bench()
    out = bench.forward(x)
    assert np.isnan(out[1, :, 2, 2]).all()
    dw = bench.backward(subject.upstream(out))["conv1.w"]
    assert np.isnan(dw[:, 5]).any(axis=(1, 2)).all()
    assert np.isfinite(np.delete(dw, 5, axis=1)).all()


@ENGINES
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("conv", "channels", "side"),
    [
        (Conv(filters=4, pad=2), 4, 7),
        (Conv(filters=4, kernel=2, pad=1), 4, 8),
        (Conv(filters=5, kernel=(3, 1), pad=(2, 0)), 3, 7),
        (Conv(filters=5, pad=4, dilation=2), 3, 9),
        (Conv(filters=16, kernel=5, pad=4), 16, 9),
        (Conv(filters=6, pad=2, groups=3), 6, 7),
    ],
)
def test_padding_as_wide_as_windows_reach(conv: Conv, channels: int, side: int, dtype: str, engine: Engine) -> None:
    """Going back, no image is padded but for the rows and columns that were dropped: those are zeros too."""
    subject = Subject((conv, Relu(), MaxPool()), (channels, side, side), engine, dtype=dtype)
    bench, x = subject.bench(), subject.batch(3)
    oracle = subject.oracle_bench(bench)
    wanted = oracle.forward(x)
    require_equal("output", bench.forward(x), wanted, subject.agreement)
    dout = subject.upstream(wanted)
    require_equal("gradient", bench.backward(dout), oracle.backward(dout), subject.agreement)
