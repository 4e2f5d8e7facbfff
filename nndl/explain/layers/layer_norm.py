"""Layer normalisation, explained."""

from nndl.explain.record import Explanation, Given, Source, Step, pair
from nndl.layers import layernorm_backward, layernorm_forward

LAYER_NORM = Explanation(
    name="layer_norm",
    title="Layer normalisation",
    summary=(
        "Each example is centred and scaled to variance 1 over its own features; then every feature is stretched by "
        "its gamma and shifted by its beta. As batch norm with rows and columns exchanged, but for gamma and beta, "
        "which still belong to features. Nothing depends on the rest of the batch, so training and test are the same."
    ),
    config="- layer_norm",
    given=(
        Given("x", "N D", "the batch, a row for each example", [[1, 3, 5], [0, 4, -1]]),
        Given("gamma", "D", "the stretch of each feature", [2, -1, 1]),
        Given("beta", "D", "the shift of each feature", [0.5, 1, 0]),
        Given("dout", "N D", "the gradient of the loss by out", [[1, 0.5, -1], [2, -1, 1]]),
    ),
    indices={"n": "N", "d": "D", "e": "D"},
    constants={"eps": 1e-5},
    options=lambda layer: {"eps": layer.eps},
    forward=(
        Step(
            "mean[n] = 1/D * sum[d](x[n,d])",
            "mean = x.mean(axis=1, keepdims=True)",
            "The mean of each row. keepdims leaves the shape (N, 1), which broadcasts over the columns.",
        ),
        Step(
            "var[n] = 1/D * sum[d]((x[n,d] - mean[n]) ** 2)",
            "var = ((x - mean) ** 2).mean(axis=1, keepdims=True)",
            "Its variance.",
        ),
        Step(
            "inverse_std[n] = 1 / sqrt(var[n] + eps)", "inverse_std = 1 / np.sqrt(var + eps)", "One for each example."
        ),
        Step(
            "x_hat[n,d] = (x[n,d] - mean[n]) * inverse_std[n]",
            "x_hat = (x - mean) * inverse_std",
            "Now every row has mean 0 and variance 1.",
        ),
        Step(
            "out[n,d] = gamma[d] * x_hat[n,d] + beta[d]",
            "out = gamma * x_hat + beta",
            "gamma and beta have the index d and not n: they are broadcast over the examples.",
        ),
    ),
    backward=(
        Step(
            "dbeta[d] = sum[n](dout[n,d])",
            "dbeta = dout.sum(axis=0)",
            "Over the examples, as in batch norm: that is what beta was broadcast over.",
        ),
        Step("dgamma[d] = sum[n](dout[n,d] * x_hat[n,d])", "dgamma = (dout * x_hat).sum(axis=0)", "Likewise."),
        Step("dx_hat[n,d] = dout[n,d] * gamma[d]", "dx_hat = dout * gamma", "Each x̂ stands in one out alone."),
        Step(
            "dinverse_std[n] = sum[d](dx_hat[n,d] * (x[n,d] - mean[n]))",
            "dinverse_std = (dx_hat * (x - mean)).sum(axis=1, keepdims=True)",
            "From here on sums go over the features: μ and r were broadcast over them.",
        ),
        Step(
            "dvar[n] = -(1/2) * inverse_std[n] ** 3 * dinverse_std[n]",
            "dvar = -1 / 2 * inverse_std**3 * dinverse_std",
            "r = (σ² + ε)^(−1/2) has the derivative −½ r³.",
        ),
        Step(
            "dmean[n] = -inverse_std[n] * sum[d](dx_hat[n,d])",
            "dmean = -inverse_std * dx_hat.sum(axis=1, keepdims=True)",
            "μ stands in σ² too, but deviations from a mean sum to zero.",
        ),
        Step(
            "dx[n,d] = dx_hat[n,d] * inverse_std[n] + 2/D * dvar[n] * (x[n,d] - mean[n]) + 1/D * dmean[n]",
            "dx = dx_hat * inverse_std + 2 / D * dvar * (x - mean) + dmean / D",
            "Three ways to the loss: through x̂, through σ², through μ.",
        ),
        Step(
            "dx[n,d] = inverse_std[n] * (dx_hat[n,d] - 1/D * sum[e](dx_hat[n,e])"
            " - 1/D * x_hat[n,d] * sum[e](dx_hat[n,e] * x_hat[n,e]))",
            "level = dx_hat.mean(axis=1, keepdims=True)\n"
            "along = (dx_hat * x_hat).mean(axis=1, keepdims=True)\n"
            "dx = inverse_std * (dx_hat - level - x_hat * along)",
            "The same, collected. gamma differs from feature to feature, so it stays inside dx̂ and cannot be taken "
            "out of the brackets as in batch norm.",
        ),
    ),
    own=pair(
        layernorm_forward,
        layernorm_backward,
        lambda v: (v["gamma"], v["beta"], {"eps": v["eps"]}),
        ("gamma", "beta"),
    ),
    functions=(layernorm_forward, layernorm_backward),
    tests=({"N": 4, "D": 5}, {"N": 1, "D": 3, "eps": 0.1}, {"N": 3, "D": 8}),
    notes=(
        "dgamma and dbeta sum over axis 0 although the statistics are over axis 1.",
        "There is no running average and no mode.",
    ),
    sources=(Source("Ba, Kiros and Hinton, Layer Normalization (2016)", "https://arxiv.org/abs/1607.06450"),),
    aliases=("layernorm", "ln"),
)
