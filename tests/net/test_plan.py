"""A chain converts between memory orders where a step asks for another, and nowhere else."""

import numpy as np

from nndl.net.contract import Lowered
from nndl.net.plan import Chain
from nndl.net.steps import ConvertStep

SHAPE = (3, 4, 5)


def test_a_chain_converts_only_where_a_step_takes_another_order() -> None:
    chain = Chain("nchw")
    step = ConvertStep("nhwc", "nhwc")
    chain.append(Lowered(step, "nhwc", "nhwc"), ("conv1",), SHAPE, SHAPE)
    chain.append(Lowered(step, "nhwc", "nhwc"), ("conv2",), SHAPE, SHAPE)
    chain.append(Lowered(step, None, "nhwc"), ("relu1",), SHAPE, SHAPE)
    chain.convert("nhwc", SHAPE)
    chain.convert("nchw", SHAPE)
    assert [planned.paths for planned in chain.steps] == [
        ("to nhwc",),
        ("conv1",),
        ("conv2",),
        ("relu1",),
        ("to nchw",),
    ]
    assert chain.gives == "nchw"
    x = np.arange(120.0).reshape(2, *SHAPE)
    out = chain.forward(x)
    np.testing.assert_array_equal(out, x)
    assert out.flags.c_contiguous
