"""Pooling of whole channels, explained: global_max_pool and global_avg_pool."""

from nndl.conv_layers import (
    global_avg_pool_backward,
    global_avg_pool_forward,
    global_max_pool_backward,
    global_max_pool_forward,
)
from nndl.explain.record import Explanation, Given, Source, Step, pair

GIVEN = (
    Given("x", "N C H W", "a batch of images", [[[[1, 3], [4, 2]], [[0, -1], [-2, -3]]]]),
    Given("dout", "N C", "the gradient of the loss by out", [[1, -2]]),
)
INDICES = {"n": "N", "c": "C", "i": "H", "j": "W"}
TESTS = ({"N": 3, "C": 2, "H": 4, "W": 5}, {"N": 1, "C": 4, "H": 3, "W": 1})
SOURCES = (Source("Lin, Chen and Yan, Network In Network (2013)", "https://arxiv.org/abs/1312.4400"),)

GLOBAL_MAX_POOL = Explanation(
    name="global_max_pool",
    title="Global max pooling",
    summary="Of every channel the largest number remains: images (C, H, W) become vectors (C,).",
    config="- global_max_pool",
    given=GIVEN,
    indices=INDICES,
    forward=(
        Step("out[n,c] = max[i,j](x[n,c,i,j])", "out = x.max(axis=(2, 3))", "One window covers the whole channel."),
        Step(
            "q[n,c] = argmax[i,j](x[n,c,i,j])",
            "q = x.reshape(N, C, H * W).argmax(axis=2)",
            "Its place, counted row by row; of several that are equal, the first.",
        ),
    ),
    backward=(
        Step(
            "dx[n,c,i,j] = dout[n,c] * [i * W + j == q[n,c]]",
            "dx = np.zeros((N, C, H * W))\n"
            "np.put_along_axis(dx, q[:, :, None], dout[:, :, None], axis=2)\n"
            "dx = dx.reshape(N, C, H, W)",
            "The gradient goes to the largest number whole, since no other changes out.",
        ),
    ),
    own=pair(global_max_pool_forward, global_max_pool_backward, lambda _: ()),
    functions=(global_max_pool_forward, global_max_pool_backward),
    tests=TESTS,
    sources=SOURCES,
)

GLOBAL_AVG_POOL = Explanation(
    name="global_avg_pool",
    title="Global average pooling",
    summary="Every channel becomes its mean: images (C, H, W) become vectors (C,).",
    config="- global_avg_pool",
    given=GIVEN,
    indices=INDICES,
    forward=(
        Step(
            "out[n,c] = 1 / (H * W) * sum[i,j](x[n,c,i,j])",
            "out = x.mean(axis=(2, 3))",
            "The mean over rows and columns.",
        ),
    ),
    backward=(
        Step(
            "dx[n,c,i,j] = dout[n,c] / (H * W)",
            "dx = np.broadcast_to(dout[:, :, None, None] / (H * W), x.shape)",
            "Each pixel adds 1/(H W) of itself. What forward sums over i and j, backward broadcasts over them.",
        ),
    ),
    own=pair(global_avg_pool_forward, global_avg_pool_backward, lambda _: ()),
    functions=(global_avg_pool_forward, global_avg_pool_backward),
    tests=TESTS,
    sources=SOURCES,
    aliases=("gap",),
)
