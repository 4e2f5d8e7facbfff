"""Spatial batch normalisation, explained."""

from nndl.conv_layers import spatial_batchnorm_backward, spatial_batchnorm_forward
from nndl.explain.record import Explanation, Given, Source, Step, pair
from nndl.layers import batchnorm_backward, batchnorm_forward

SPATIAL_BN = Explanation(
    name="spatial_bn",
    title="Spatial batch normalisation",
    summary=(
        "Each channel is centred and scaled to variance 1 over the batch, height and width: every pixel counts as an "
        "example. Then it is stretched by its gamma and shifted by its beta, which are learnt. A channel has M = N H W "
        "numbers."
    ),
    config="- spatial_bn: {momentum: 0.9, eps: 1e-5}",
    given=(
        Given("x", "N C H W", "a batch of images", [[[[1, 3]], [[0, 4]]], [[[5, 7]], [[2, -2]]]]),
        Given("gamma", "C", "the new deviation of each channel", [2, -1]),
        Given("beta", "C", "the new mean of each channel", [0.5, 1]),
        Given("dout", "N C H W", "the gradient of the loss by out", [[[[1, 0]], [[2, -1]]], [[[-1, 2]], [[0, 1]]]]),
    ),
    indices={"n": "N", "c": "C", "i": "H", "j": "W", "m": "N", "k": "H", "l": "W"},
    constants={"eps": 1e-5},
    sizes=lambda v: {"M": v["N"] * v["H"] * v["W"]},
    forward=(
        Step(
            "mean[c] = 1/M * sum[n,i,j](x[n,c,i,j])",
            "mean = x.mean(axis=(0, 2, 3), keepdims=True)",
            "The mean of a channel: all indices but c are summed over. keepdims leaves the shape (1, C, 1, 1), which "
            "broadcasts against x.",
        ),
        Step(
            "var[c] = 1/M * sum[n,i,j]((x[n,c,i,j] - mean[c]) ** 2)",
            "var = ((x - mean) ** 2).mean(axis=(0, 2, 3), keepdims=True)",
            "Its variance: divided by M, not by M - 1.",
        ),
        Step(
            "inverse_std[c] = 1 / sqrt(var[c] + eps)",
            "inverse_std = 1 / np.sqrt(var + eps)",
            "One over the standard deviation. ε keeps a channel that is constant from a division by zero.",
        ),
        Step(
            "x_hat[n,c,i,j] = (x[n,c,i,j] - mean[c]) * inverse_std[c]",
            "x_hat = (x - mean) * inverse_std",
            "Now every channel has mean 0 and variance 1.",
        ),
        Step(
            "out[n,c,i,j] = gamma[c] * x_hat[n,c,i,j] + beta[c]",
            "out = gamma.reshape(1, -1, 1, 1) * x_hat + beta.reshape(1, -1, 1, 1)",
            "gamma and beta have no index n, i or j: all pixels of a channel share them.",
        ),
    ),
    backward=(
        Step(
            "dbeta[c] = sum[n,i,j](dout[n,c,i,j])",
            "dbeta = dout.sum(axis=(0, 2, 3))",
            "beta[c] was added to the M numbers of its channel: broadcast on the way forward, a sum on the way back.",
        ),
        Step(
            "dgamma[c] = sum[n,i,j](dout[n,c,i,j] * x_hat[n,c,i,j])",
            "dgamma = (dout * x_hat).sum(axis=(0, 2, 3))",
            "The same sum; the factor beside gamma[c] was x̂[n,c,i,j].",
        ),
        Step(
            "dx_hat[n,c,i,j] = dout[n,c,i,j] * gamma[c]",
            "dx_hat = dout * gamma.reshape(1, -1, 1, 1)",
            "Each x̂ stands in one out alone, so nothing is summed. From here on x̂ is taken apart.",
        ),
        Step(
            "dinverse_std[c] = sum[n,i,j](dx_hat[n,c,i,j] * (x[n,c,i,j] - mean[c]))",
            "dinverse_std = (dx_hat * (x - mean)).sum(axis=(0, 2, 3), keepdims=True)",
            "One r[c] for the whole channel: its M uses are summed, each with its factor x − μ.",
        ),
        Step(
            "dvar[c] = -(1/2) * inverse_std[c] ** 3 * dinverse_std[c]",
            "dvar = -1 / 2 * inverse_std**3 * dinverse_std",
            "r = (σ² + ε)^(−1/2) has the derivative −½ (σ² + ε)^(−3/2) = −½ r³.",
        ),
        Step(
            "dmean[c] = -inverse_std[c] * sum[n,i,j](dx_hat[n,c,i,j])",
            "dmean = -inverse_std * dx_hat.sum(axis=(0, 2, 3), keepdims=True)",
            "μ[c] was subtracted from all M numbers. It stands in σ² too, but there its derivative is "
            "−2/M Σ (x − μ) = 0: deviations from a mean sum to zero.",
        ),
        Step(
            "dx[n,c,i,j] = dx_hat[n,c,i,j] * inverse_std[c] + 2/M * dvar[c] * (x[n,c,i,j] - mean[c]) + 1/M * dmean[c]",
            "dx = dx_hat * inverse_std + 2 / M * dvar * (x - mean) + dmean / M",
            "x reaches the loss on three ways: through x̂ itself, through σ² (derivative 2/M (x − μ)), and through μ "
            "(derivative 1/M). Their gradients add.",
        ),
        Step(
            "dx[n,c,i,j] = inverse_std[c] * (dx_hat[n,c,i,j] - 1/M * sum[m,k,l](dx_hat[m,c,k,l])"
            " - 1/M * x_hat[n,c,i,j] * sum[m,k,l](dx_hat[m,c,k,l] * x_hat[m,c,k,l]))",
            "level = dx_hat.mean(axis=(0, 2, 3), keepdims=True)\n"
            "along = (dx_hat * x_hat).mean(axis=(0, 2, 3), keepdims=True)\n"
            "dx = inverse_std * (dx_hat - level - x_hat * along)",
            "The same, collected: put in dσ² and dμ, write (x − μ) r as x̂. What remains of dx̂ is what is orthogonal "
            "to a constant and to x̂, since moving x along either does not change x̂.",
        ),
    ),
    own=pair(
        spatial_batchnorm_forward,
        spatial_batchnorm_backward,
        lambda v: (v["gamma"], v["beta"], {"mode": "train", "eps": v["eps"]}),
        ("gamma", "beta"),
    ),
    functions=(spatial_batchnorm_forward, spatial_batchnorm_backward, batchnorm_forward, batchnorm_backward),
    options=lambda layer: {"eps": layer.eps},
    tests=(
        {"N": 3, "C": 4, "H": 2, "W": 5},
        {"N": 1, "C": 2, "H": 3, "W": 3, "eps": 0.1},
        {"N": 4, "C": 1, "H": 1, "W": 1},
    ),
    notes=(
        "The channel axis must come last before a reshape to rows: x.transpose(0, 2, 3, 1).reshape(-1, C). "
        "x.reshape(-1, C) alone has the right shape and mixes channels.",
        "An upstream gradient of all ones gives dx = 0: a check with it passes a wrong dx. Draw a random one.",
        "In test mode running averages take the place of μ and σ². They are constants, so dx = dx̂ r.",
        "A bias before this layer is subtracted again with μ: leave it out.",
    ),
    sources=(
        Source("Ioffe and Szegedy, Batch Normalization (2015)", "https://arxiv.org/abs/1502.03167"),
        Source(
            "CS231n, assignment 2: spatial batch normalization", "https://cs231n.github.io/assignments2024/assignment2/"
        ),
        Source(
            "Kratzert, Understanding the backward pass through Batch Normalization (2016)",
            "https://kratzert.github.io/2016/02/12/understanding-the-gradient-flow-through-the-batch-normalization-layer.html",
        ),
    ),
    aliases=("spatial_batchnorm", "spatialbn", "batchnorm2d"),
)
