"""Group normalisation, explained."""

from nndl.conv_layers import spatial_groupnorm_backward, spatial_groupnorm_forward
from nndl.explain.record import Explanation, Given, Source, Step, pair
from nndl.layers import layernorm_backward, layernorm_forward

STATISTICS = "(2, 3, 4)"

GROUP_NORM = Explanation(
    name="group_norm",
    title="Group normalisation",
    summary=(
        "The channels of an image are divided into G groups of K = C/G; each group of each image is centred and "
        "scaled to variance 1 over its M = K H W numbers. gamma and beta belong to channels. Group g holds the "
        "channels g K to g K + K − 1, so channel c lies in group ⌊c / K⌋."
    ),
    config="- group_norm: 8",
    given=(
        Given("x", "N C H W", "a batch of images", [[[[1, 3]], [[0, 4]], [[2, 2]], [[-1, 5]]]]),
        Given("gamma", "C", "the stretch of each channel", [2, -1, 1, 0.5]),
        Given("beta", "C", "the shift of each channel", [0.5, 1, 0, -1]),
        Given("dout", "N C H W", "the gradient of the loss by out", [[[[1, 0]], [[2, -1]], [[-1, 1]], [[0.5, 2]]]]),
    ),
    indices={"n": "N", "c": "C", "i": "H", "j": "W", "g": "G", "k": "K", "m": "K", "h": "H", "l": "W"},
    constants={"eps": 1e-5, "G": 2},
    sizes=lambda v: {"K": v["C"] // v["G"], "M": v["C"] // v["G"] * v["H"] * v["W"]},
    options=lambda layer: {"eps": layer.eps, "G": layer.groups},
    forward=(
        Step(
            "mean[n,g] = 1/M * sum[k,i,j](x[n,g*K+k,i,j])",
            f"groups = x.reshape(N, G, K, H, W)\nmean = groups.mean(axis={STATISTICS}, keepdims=True)",
            "Channels that follow each other lie together in memory, so a reshape makes the groups: channel g K + k is "
            "number k of group g.",
        ),
        Step(
            "var[n,g] = 1/M * sum[k,i,j]((x[n,g*K+k,i,j] - mean[n,g]) ** 2)",
            f"var = ((groups - mean) ** 2).mean(axis={STATISTICS}, keepdims=True)",
            "The variance of each group.",
        ),
        Step(
            "inverse_std[n,g] = 1 / sqrt(var[n,g] + eps)",
            "inverse_std = 1 / np.sqrt(var + eps)",
            "One for each image and group.",
        ),
        Step(
            "x_hat[n,c,i,j] = (x[n,c,i,j] - mean[n,c//K]) * inverse_std[n,c//K]",
            "x_hat = ((groups - mean) * inverse_std).reshape(N, C, H, W)",
            "Every channel by the statistics of its group, and back in the images' shape.",
        ),
        Step(
            "out[n,c,i,j] = gamma[c] * x_hat[n,c,i,j] + beta[c]",
            "out = gamma.reshape(C, 1, 1) * x_hat + beta.reshape(C, 1, 1)",
            "gamma and beta by channel, as in spatial batch norm.",
        ),
    ),
    backward=(
        Step(
            "dbeta[c] = sum[n,i,j](dout[n,c,i,j])",
            "dbeta = dout.sum(axis=(0, 2, 3))",
            "beta[c] was broadcast over images and pixels, so those are summed over.",
        ),
        Step(
            "dgamma[c] = sum[n,i,j](dout[n,c,i,j] * x_hat[n,c,i,j])",
            "dgamma = (dout * x_hat).sum(axis=(0, 2, 3))",
            "Likewise, with the factor that stood beside gamma.",
        ),
        Step(
            "dx_hat[n,c,i,j] = dout[n,c,i,j] * gamma[c]",
            "dx_hat = dout * gamma.reshape(C, 1, 1)\nin_groups = dx_hat.reshape(N, G, K, H, W)",
            "Each x̂ stands in one out alone. in_groups holds the same numbers, group by group.",
        ),
        Step(
            "dinverse_std[n,g] = sum[k,i,j](dx_hat[n,g*K+k,i,j] * (x[n,g*K+k,i,j] - mean[n,g]))",
            f"dinverse_std = (in_groups * (groups - mean)).sum({STATISTICS}, keepdims=True)",
            "One r for the whole group: its M uses are summed.",
        ),
        Step(
            "dvar[n,g] = -(1/2) * inverse_std[n,g] ** 3 * dinverse_std[n,g]",
            "dvar = -1 / 2 * inverse_std**3 * dinverse_std",
            "r = (σ² + ε)^(−1/2) has the derivative −½ r³.",
        ),
        Step(
            "dmean[n,g] = -inverse_std[n,g] * sum[k,i,j](dx_hat[n,g*K+k,i,j])",
            f"dmean = -inverse_std * in_groups.sum(axis={STATISTICS}, keepdims=True)",
            "μ stands in σ² too, but deviations from a mean sum to zero.",
        ),
        Step(
            "dx[n,c,i,j] = dx_hat[n,c,i,j] * inverse_std[n,c//K]"
            " + 2/M * dvar[n,c//K] * (x[n,c,i,j] - mean[n,c//K]) + 1/M * dmean[n,c//K]",
            "dx = in_groups * inverse_std + 2 / M * dvar * (groups - mean) + dmean / M\ndx = dx.reshape(N, C, H, W)",
            "Three ways to the loss: through x̂, through σ², through μ, those of its own group.",
        ),
        Step(
            "dx[n,c,i,j] = inverse_std[n,c//K] * (dx_hat[n,c,i,j]"
            " - 1/M * sum[m,h,l](dx_hat[n,c//K*K+m,h,l])"
            " - 1/M * x_hat[n,c,i,j] * sum[m,h,l](dx_hat[n,c//K*K+m,h,l] * x_hat[n,c//K*K+m,h,l]))",
            "hat = x_hat.reshape(N, G, K, H, W)\n"
            f"level = in_groups.mean(axis={STATISTICS}, keepdims=True)\n"
            f"along = (in_groups * hat).mean(axis={STATISTICS}, keepdims=True)\n"
            "dx = (inverse_std * (in_groups - level - hat * along)).reshape(N, C, H, W)",
            "The same, collected: layer norm's backward pass with a group as the row.",
        ),
    ),
    own=pair(
        spatial_groupnorm_forward,
        spatial_groupnorm_backward,
        lambda v: (v["gamma"], v["beta"], int(v["G"]), {"eps": v["eps"]}),
        ("gamma", "beta"),
    ),
    functions=(spatial_groupnorm_forward, spatial_groupnorm_backward, layernorm_forward, layernorm_backward),
    tests=(
        {"N": 2, "C": 6, "H": 3, "W": 2, "G": 3},
        {"N": 3, "C": 4, "H": 2, "W": 3, "G": 4},
        {"N": 2, "C": 3, "H": 2, "W": 2, "G": 1, "eps": 0.1},
    ),
    notes=(
        "x.reshape(N * G, -1) makes rows of groups; reshape(G * N, -1) looks the same and mixes images where N differs "
        "from G.",
        "G = 1 is layer norm over the whole image, G = C instance norm.",
        "In the courses gamma and beta may have the shape (1, C, 1, 1); dgamma and dbeta must have the same.",
    ),
    sources=(Source("Wu and He, Group Normalization (2018)", "https://arxiv.org/abs/1803.08494"),),
    aliases=("groupnorm", "spatial_groupnorm", "gn", "instance_norm"),
)
