"""Batch normalisation of features, explained."""

from nndl.explain.record import Explanation, Given, Source, Step, pair
from nndl.layers import batchnorm_backward, batchnorm_backward_alt, batchnorm_forward

BN = Explanation(
    name="bn",
    title="Batch normalisation",
    summary=(
        "Each feature is centred and scaled to variance 1 over the batch, then stretched by its gamma and shifted by "
        "its beta, which are learnt."
    ),
    config="- bn: {momentum: 0.9, eps: 1e-5}",
    given=(
        Given("x", "N D", "the batch, a row for each example", [[1, 0], [3, 4], [5, -1]]),
        Given("gamma", "D", "the new deviation of each feature", [2, -1]),
        Given("beta", "D", "the new mean of each feature", [0.5, 1]),
        Given("dout", "N D", "the gradient of the loss by out", [[1, 2], [0, -1], [-2, 1]]),
    ),
    indices={"n": "N", "d": "D", "m": "N"},
    constants={"eps": 1e-5},
    options=lambda layer: {"eps": layer.eps},
    forward=(
        Step(
            "mean[d] = 1/N * sum[n](x[n,d])",
            "mean = x.mean(axis=0)",
            "The mean of each feature over the examples.",
        ),
        Step(
            "var[d] = 1/N * sum[n]((x[n,d] - mean[d]) ** 2)",
            "var = ((x - mean) ** 2).mean(axis=0)",
            "Its variance: divided by N, not by N − 1.",
        ),
        Step(
            "inverse_std[d] = 1 / sqrt(var[d] + eps)",
            "inverse_std = 1 / np.sqrt(var + eps)",
            "One over the standard deviation. ε keeps a feature that is constant from a division by zero.",
        ),
        Step(
            "x_hat[n,d] = (x[n,d] - mean[d]) * inverse_std[d]",
            "x_hat = (x - mean) * inverse_std",
            "Now every feature has mean 0 and variance 1.",
        ),
        Step(
            "out[n,d] = gamma[d] * x_hat[n,d] + beta[d]",
            "out = gamma * x_hat + beta",
            "gamma and beta have no index n: they are broadcast over the examples.",
        ),
    ),
    backward=(
        Step(
            "dbeta[d] = sum[n](dout[n,d])",
            "dbeta = dout.sum(axis=0)",
            "beta[d] was added in every row: what forward broadcasts over n, backward sums over n.",
        ),
        Step(
            "dgamma[d] = sum[n](dout[n,d] * x_hat[n,d])",
            "dgamma = (dout * x_hat).sum(axis=0)",
            "The same sum; the factor beside gamma[d] was x̂[n,d].",
        ),
        Step(
            "dx_hat[n,d] = dout[n,d] * gamma[d]",
            "dx_hat = dout * gamma",
            "Each x̂ stands in one out alone, so nothing is summed.",
        ),
        Step(
            "dinverse_std[d] = sum[n](dx_hat[n,d] * (x[n,d] - mean[d]))",
            "dinverse_std = (dx_hat * (x - mean)).sum(axis=0)",
            "One r[d] for all N examples: its N uses are summed, each with its factor x − μ.",
        ),
        Step(
            "dvar[d] = -(1/2) * inverse_std[d] ** 3 * dinverse_std[d]",
            "dvar = -1 / 2 * inverse_std**3 * dinverse_std",
            "r = (σ² + ε)^(−1/2) has the derivative −½ (σ² + ε)^(−3/2) = −½ r³.",
        ),
        Step(
            "dmean[d] = -inverse_std[d] * sum[n](dx_hat[n,d])",
            "dmean = -inverse_std * dx_hat.sum(axis=0)",
            "μ[d] was subtracted in every row. It stands in σ² too, but there its derivative is −2/N Σ (x − μ) = 0: "
            "deviations from a mean sum to zero.",
        ),
        Step(
            "dx[n,d] = dx_hat[n,d] * inverse_std[d] + 2/N * dvar[d] * (x[n,d] - mean[d]) + 1/N * dmean[d]",
            "dx = dx_hat * inverse_std + 2 / N * dvar * (x - mean) + dmean / N",
            "x reaches the loss on three ways: through x̂ itself, through σ² (derivative 2/N (x − μ)) and through μ "
            "(derivative 1/N). Their gradients add.",
        ),
        Step(
            "dx[n,d] = inverse_std[d] * (dx_hat[n,d] - 1/N * sum[m](dx_hat[m,d])"
            " - 1/N * x_hat[n,d] * sum[m](dx_hat[m,d] * x_hat[m,d]))",
            "along = (dx_hat * x_hat).mean(axis=0)\ndx = inverse_std * (dx_hat - dx_hat.mean(axis=0) - x_hat * along)",
            "The same, collected: put in dσ² and dμ, write (x − μ) r as x̂. What remains of dx̂ is orthogonal to a "
            "constant and to x̂, since moving x along either does not change x̂.",
        ),
        Step(
            "dx[n,d] = gamma[d] * inverse_std[d] * (dout[n,d] - 1/N * (dbeta[d] + x_hat[n,d] * dgamma[d]))",
            "dx = gamma * inverse_std * (dout - (dbeta + x_hat * dgamma) / N)",
            "gamma taken out of the brackets: the two sums are those of dβ and dγ, which are known already. It is what "
            "batchnorm_backward_alt computes.",
        ),
    ),
    own=pair(
        batchnorm_forward,
        batchnorm_backward,
        lambda v: (v["gamma"], v["beta"], {"mode": "train", "eps": v["eps"]}),
        ("gamma", "beta"),
    ),
    functions=(batchnorm_forward, batchnorm_backward, batchnorm_backward_alt),
    tests=({"N": 5, "D": 3}, {"N": 4, "D": 1, "eps": 0.1}, {"N": 3, "D": 7}),
    notes=(
        "An upstream gradient of all ones gives dx = 0: a check with it passes a wrong dx. Draw a random one.",
        "In test mode running averages take the place of μ and σ². They are constants, so dx = dx̂ r.",
        "running = momentum * running + (1 - momentum) * batch, after each training batch and in no other mode.",
        "A bias before this layer is subtracted again with μ: leave it out.",
    ),
    sources=(
        Source("Ioffe and Szegedy, Batch Normalization (2015)", "https://arxiv.org/abs/1502.03167"),
        Source(
            "Kratzert, Understanding the backward pass through Batch Normalization (2016)",
            "https://kratzert.github.io/2016/02/12/understanding-the-gradient-flow-through-the-batch-normalization-layer.html",
        ),
        Source(
            "Thorey, What does the gradient flowing through batch normalization look like? (2016)",
            "http://cthorey.github.io/backpropagation/",
        ),
    ),
    aliases=("batchnorm", "batch_norm", "batch_normalization", "batchnorm1d"),
)
