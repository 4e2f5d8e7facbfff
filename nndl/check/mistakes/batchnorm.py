"""Mistakes in batch normalisation."""

from nndl.check.mistakes.entry import mistake

FORWARD, BACKWARD, ALT = "batchnorm_forward", "batchnorm_backward", "batchnorm_backward_alt"
MEAN = "mean = x.mean(axis=0)"
VAR = "var = ((x - mean) ** 2).mean(axis=0)"
TRAIN = "inverse_std = 1 / np.sqrt(var + eps)"
TEST = "inverse_std = 1 / np.sqrt(running_var + eps)"
X_HAT = "x_hat = (x - mean) * inverse_std"
TEST_X_HAT = "x_hat = (x - running_mean) * inverse_std"
RUN_MEAN = 'bn_param["running_mean"] = momentum * running_mean + (1 - momentum) * mean'
RUN_VAR = 'bn_param["running_var"] = momentum * running_var + (1 - momentum) * seen'
OUT = "out = gamma * x_hat + beta"
CACHE = "return out, (x_hat, gamma, inverse_std, mode)"
UNPACK = "x_hat, gamma, inverse_std, mode = cache"
ZEROS = 'running_var = bn_param.setdefault("running_var", np.zeros(features, x.dtype))'
DBETA = "dbeta = dout.sum(axis=0)"
DGAMMA = "dgamma = (dout * x_hat).sum(axis=0)"
WIDE_DGAMMA = "dgamma = (dout * x_hat).sum(axis=0, keepdims=True)"
WIDE_DBETA = "dbeta = dout.sum(axis=0, keepdims=True)"
DX_HAT = "dx_hat = dout * gamma"
DX = "dx = inverse_std * (dx_hat - dx_hat.mean(axis=0) - x_hat * (dx_hat * x_hat).mean(axis=0))"
ALT_DX = "dx = gamma * inverse_std * (dout - (dbeta + x_hat * dgamma) / len(dout))"

BARE = "inverse_std = inverse_std / np.sqrt((x_hat**2).mean(axis=0))"
"""1 / sqrt(var), from what backward has: the mean of x_hat^2 is var / (var + eps)."""

DEFAULTS = (1e-8, 1e-6, 1e-7, 1e-10, 1e-12, 1e-4, 1e-3)
"""Values of eps that people choose."""

MODES, LESS = ("train", "test"), ("x_hat", "gamma * x_hat", "x_hat + beta")

_EPS_OUTSIDE = """eps is added to the variance, under the root; you add it to the root, or leave it out. The two agree
unless the variance is about as small as eps, where yours blows up. Look at forward and at backward."""


_FORWARD = (
    mistake(
        "B12",
        FORWARD,
        "eps stands outside the root",
        _EPS_OUTSIDE,
        {TRAIN: "inverse_std = 1 / (np.sqrt(var) + eps)", TEST: "inverse_std = 1 / (np.sqrt(running_var) + eps)"},
        {TRAIN: "inverse_std = 1 / (np.sqrt(var) + eps)"},
        {TEST: "inverse_std = 1 / (np.sqrt(running_var) + eps)"},
        {TRAIN: "inverse_std = 1 / np.sqrt(var)"},
        {TRAIN: "inverse_std = 1 / np.sqrt(var)", TEST: "inverse_std = 1 / np.sqrt(running_var)"},
    ),
    mistake(
        "B13",
        FORWARD,
        "test mode normalises by the batch",
        """In test mode the statistics are the running ones of training: an example's output must not depend
        on who stands beside it. Yours has a mean of exactly 0, and for a single example it is beta.""",
        {
            TEST: "inverse_std = 1 / np.sqrt(x.var(axis=0) + eps)",
            TEST_X_HAT: "x_hat = (x - x.mean(axis=0)) * inverse_std",
        },
        {TEST_X_HAT: "x_hat = (x - x.mean(axis=0)) * inverse_std"},
        {TEST: "inverse_std = 1 / np.sqrt(x.var(axis=0) + eps)"},
    ),
    mistake(
        "B14",
        FORWARD,
        "the running statistics are not kept",
        """Training must leave its running statistics in bn_param, where test mode finds them. Yours stay
        where they were: were they computed, and were they put back?""",
        {RUN_MEAN: "pass", RUN_VAR: "pass"},
        {RUN_MEAN: "pass"},
        {RUN_VAR: "pass"},
    ),
    mistake(
        "B15",
        FORWARD,
        "the running statistics are overwritten",
        """They should be an average over many batches, of which each moves it a little. Yours are those of
        the last batch alone.""",
        {RUN_MEAN: 'bn_param["running_mean"] = mean', RUN_VAR: 'bn_param["running_var"] = seen'},
        {RUN_MEAN: 'bn_param["running_mean"] = mean'},
        {RUN_VAR: 'bn_param["running_var"] = seen'},
    ),
    mistake(
        "B16",
        FORWARD,
        "test mode does not normalise",
        """You scale and shift x itself in test mode. gamma and beta were trained on normalised numbers:
        normalise first, by the running statistics.""",
        {TEST_X_HAT: "x_hat = x"},
    ),
    mistake(
        "B17",
        FORWARD,
        "test mode leaves eps out",
        "A feature that never varied has a running variance of 0: without eps test mode divides by 0.",
        {TEST: "inverse_std = 1 / np.sqrt(running_var)"},
    ),
    mistake(
        "B18",
        FORWARD,
        "the running variance averages standard deviations",
        """What is averaged in running_var must be a variance. Yours averages its root: a variance that is
        given, or read by others, means something else.""",
        {RUN_VAR: RUN_VAR.replace("seen", "np.sqrt(seen)"), TEST: "inverse_std = 1 / running_var"},
        {RUN_VAR: RUN_VAR.replace("seen", "np.sqrt(seen + eps)"), TEST: "inverse_std = 1 / running_var"},
        {RUN_VAR: RUN_VAR.replace("seen", "np.sqrt(seen)"), TEST: "inverse_std = 1 / (running_var + eps)"},
        {RUN_VAR: RUN_VAR.replace("seen", "np.sqrt(seen + eps)"), TEST: "inverse_std = 1 / (running_var + eps)"},
        {RUN_VAR: RUN_VAR.replace("seen", "np.sqrt(seen)")},
        {RUN_VAR: RUN_VAR.replace("seen", "np.sqrt(seen + eps)")},
    ),
    mistake(
        "B20",
        FORWARD,
        "eps is taken off the variance",
        """eps keeps what stands under the root above 0; yours brings it below, and the root of that is NaN.
        Look at its sign.""",
        {TRAIN: "inverse_std = 1 / np.sqrt(var - eps)"},
        {TRAIN: "inverse_std = 1 / np.sqrt(var - eps)", TEST: "inverse_std = 1 / np.sqrt(running_var - eps)"},
        {TEST: "inverse_std = 1 / np.sqrt(running_var - eps)"},
    ),
    mistake(
        "B29",
        FORWARD,
        "the variance is not taken to its root",
        "What is divided by is the standard deviation; you divide by the variance, or forget to divide.",
        {TRAIN: "inverse_std = 1 / (var + eps)"},
        {TRAIN: "inverse_std = 1 / (var + eps)", TEST: "inverse_std = 1 / (running_var + eps)"},
        {TEST: "inverse_std = 1 / (running_var + eps)"},
        {X_HAT: "x_hat = x - mean"},
    ),
    mistake(
        "B30",
        FORWARD,
        "momentum weighs the new batch",
        """momentum is the weight of what is remembered; the new batch gets the rest. Yours are exchanged, so
        the average follows each batch too fast.""",
        {
            RUN_MEAN: 'bn_param["running_mean"] = (1 - momentum) * running_mean + momentum * mean',
            RUN_VAR: 'bn_param["running_var"] = (1 - momentum) * running_var + momentum * seen',
        },
        {RUN_MEAN: 'bn_param["running_mean"] = (1 - momentum) * running_mean + momentum * mean'},
        {RUN_VAR: 'bn_param["running_var"] = (1 - momentum) * running_var + momentum * seen'},
    ),
    mistake(
        "B31",
        FORWARD,
        "the variance divides by N - 1, or runs over the wrong axis",
        """The course's variance is the mean of the squares over the batch, feature by feature: it divides by
        N, and runs over axis 0.""",
        {VAR: "var = x.var(axis=0, ddof=1)"},
        {VAR: "var = x.var()"},
        {MEAN: "mean = x.mean()"},
        {MEAN: "mean = x.mean()", VAR: "var = x.var()"},
        {VAR: "var = x.var(axis=1)"},
        {MEAN: "mean = x.mean(axis=1)", VAR: "var = x.var(axis=1)"},
        {MEAN: "mean = x.mean(axis=1, keepdims=True)", VAR: "var = x.var(axis=1, keepdims=True)"},
    ),
    mistake(
        "B31",
        FORWARD,
        "the running variance takes the unbiased estimate",
        "PyTorch averages the variance that divides by N - 1; the course averages the one that divides by N.",
        {RUN_VAR: RUN_VAR.replace("seen", "seen * len(x) / max(len(x) - 1, 1)")},
        {RUN_VAR: RUN_VAR.replace("seen", "x.var(axis=0, ddof=1)")},
        note=True,
    ),
    mistake(
        "B39",
        FORWARD,
        "another default",
        """Where bn_param does not say, eps is 1e-5 and momentum 0.9 in the course; your defaults are others.
        Where they are given it makes no difference.""",
        *({'eps = bn_param.get("eps", 1e-5)': f'eps = bn_param.get("eps", {eps})'} for eps in DEFAULTS),
        *(
            {'momentum = bn_param.get("momentum", 0.9)': f'momentum = bn_param.get("momentum", {momentum})'}
            for momentum in (0.99, 0.1, 0.95)
        ),
        note=True,
    ),
    mistake(
        "B40",
        FORWARD,
        "the running statistics have an axis too many",
        """With keepdims mean and variance are (1, D), and so become the running statistics. They fit where (D,)
        does, so nothing is wrong yet.""",
        {MEAN: "mean = x.mean(axis=0, keepdims=True)", VAR: VAR.replace("axis=0", "axis=0, keepdims=True")},
        {MEAN: "mean = x.mean(axis=0, keepdims=True)"},
        {VAR: VAR.replace("axis=0", "axis=0, keepdims=True")},
        note=True,
    ),
    mistake(
        "B41",
        FORWARD,
        "the running variance starts at one",
        """Where bn_param holds none, the course's running statistics start at 0, those of PyTorch at a variance of 1.
        After many batches the two agree.""",
        {ZEROS: ZEROS.replace("zeros", "ones")},
        note=True,
    ),
    mistake(
        "B34",
        FORWARD,
        "gamma or beta is left out",
        "After normalising, each feature is scaled by its gamma and shifted by its beta, in both modes.",
        {OUT: "out = x_hat"},
        {OUT: "out = gamma * x_hat"},
        {OUT: "out = x_hat + beta"},
        {OUT: "out = gamma * (x_hat + beta)"},
        *({OUT: f'out = gamma * x_hat + beta if mode == "{mode}" else {other}'} for mode in MODES for other in LESS),
    ),
    mistake(
        "B35",
        FORWARD,
        "test mode moves the running statistics",
        "Testing must leave no trace: the running statistics are those of training.",
        {
            TEST_X_HAT: f"{TEST_X_HAT}\n        {RUN_MEAN.replace('* mean', '* x.mean(axis=0)')}"
            f"\n        {RUN_VAR.replace('seen', 'x.var(axis=0)')}"
        },
    ),
)

_BACKWARD = (
    mistake(
        "B12",
        BACKWARD,
        "eps is left out on the way back",
        _EPS_OUTSIDE,
        {DX: f"{BARE}\n    {DX}"},
        {DX: f"{BARE}\n    x_hat = x_hat / np.sqrt((x_hat**2).mean(axis=0))\n    {DX}"},
    ),
    mistake(
        "B19",
        BACKWARD,
        "a sum without its axis",
        """np.sum of x - mean without axis=0 adds up all features. It is 0 today, being the sum of all
        deviations, so nothing shows; with the axis it says what you mean.""",
        text=r"np\.sum\(\s*-?\s*(2\.?0?\s*\*\s*)?\(?\s*(x|X)\s*-\s*\w*(mu|mean|m)\w*\s*\)?\s*\)",
        note=True,
    ),
    mistake(
        "B21",
        BACKWARD,
        "the statistics are taken for constants",
        """Every x also moves the mean and the variance of its whole batch, and with them every other output.
        Your dx has only each number's way to its own output: the columns of dx should sum to 0.""",
        {DX: "dx = inverse_std * dx_hat"},
        {DX: "dx = inverse_std * dx_hat * (1 - 1 / len(x_hat) - x_hat**2 / len(x_hat))"},
        {DX: "dx = inverse_std * dx_hat * (1 - 1 / len(x_hat))"},
    ),
    mistake(
        "B32",
        BACKWARD,
        "dgamma or dbeta is not summed as it should be",
        """gamma scales the normalised numbers of a whole column: its gradient sums dout times x_hat over the
        batch; beta's sums dout. Both have shape (D,).""",
        {DGAMMA: "dgamma = dout * x_hat"},
        {
            (FORWARD, CACHE): "return out, (x_hat, gamma, inverse_std, mode, x)",
            UNPACK: "x_hat, gamma, inverse_std, mode, x = cache",
            DGAMMA: "dgamma = (dout * x).sum(axis=0)",
        },
        {DGAMMA: "dgamma = (dout * x_hat).mean(axis=0)"},
        {DGAMMA: "dgamma = (dout * x_hat).sum(axis=1)"},
        {DGAMMA: "dgamma = (dout * x_hat).sum()"},
        {DGAMMA: "dgamma = (dout * x_hat * gamma).sum(axis=0)"},
        {DBETA: "dbeta = dout.mean(axis=0)"},
        {DBETA: "dbeta = dout.sum()"},
        {DBETA: "dbeta = dout.sum(axis=1)"},
        {DBETA: "dbeta = dout"},
        {DGAMMA: WIDE_DGAMMA, DBETA: WIDE_DBETA},
        {DGAMMA: WIDE_DGAMMA},
        {DBETA: WIDE_DBETA},
    ),
    mistake(
        "B33",
        BACKWARD,
        "the way through the mean is missing",
        """x moves the output in three ways: straight, through the mean, and through the variance. Adding a
        number to a whole column changes no output, so each column of dx sums to 0. Yours does not: the
        way through the mean is missing.""",
        {DX: "dx = inverse_std * (dx_hat - x_hat * (dx_hat * x_hat).mean(axis=0))"},
    ),
    mistake(
        "B33",
        BACKWARD,
        "the way through the variance is missing",
        """x moves the output in three ways: straight, through the mean, and through the variance. Scaling a
        whole column changes no output, so each column of dx is orthogonal to x_hat. Yours is not: the way
        through the variance is missing.""",
        {DX: "dx = inverse_std * (dx_hat - dx_hat.mean(axis=0))"},
    ),
    mistake(
        "B36",
        BACKWARD,
        "1/N is missing, or stands where it should not",
        """Mean and variance are averages: each x has a share of 1/N in them, and so have the ways through
        them on the way back. One of yours has none, or one too many.""",
        {DX: DX.replace("dx_hat.mean(axis=0) -", "dx_hat.sum(axis=0) -")},
        {DX: DX.replace("(dx_hat * x_hat).mean", "(dx_hat * x_hat).sum")},
        {DX: DX.replace(".mean(", ".sum(")},
        {DX: DX + " / len(x_hat)"},
        {DX: DX + " * len(x_hat)"},
    ),
    mistake(
        "B37",
        BACKWARD,
        "gamma is forgotten in dx",
        "Forward multiplies by gamma, so dx_hat is dout times gamma: look at where dx starts from.",
        {DX_HAT: "dx_hat = dout"},
    ),
    mistake(
        "B38",
        BACKWARD,
        "a factor or a sign in the way through the variance",
        """The variance is a mean of squares: its derivative carries a 2, that of 1/sqrt a -1/2, and together
        with x_hat they leave a minus and no factor. One of yours is another.""",
        {DX: DX.replace("- x_hat *", "- 2 * x_hat *")},
        {DX: DX.replace("- x_hat *", "- 0.5 * x_hat *")},
        {DX: DX.replace("- x_hat *", "+ x_hat *")},
        {DX: DX.replace("dx_hat - dx_hat.mean", "dx_hat + dx_hat.mean")},
    ),
)

_ALTERNATIVE = (
    mistake(
        "B12",
        ALT,
        "eps is left out on the way back",
        _EPS_OUTSIDE,
        {ALT_DX: f"{BARE}\n    {ALT_DX}"},
        {ALT_DX: f"{BARE}\n    x_hat = x_hat / np.sqrt((x_hat**2).mean(axis=0))\n    {ALT_DX}"},
    ),
    mistake(
        "B33",
        ALT,
        "the way through the mean is missing",
        "Adding a number to a whole column changes no output, so each column of dx sums to 0. Yours does not.",
        {ALT_DX: "dx = gamma * inverse_std * (dout - x_hat * dgamma / len(dout))"},
    ),
    mistake(
        "B33",
        ALT,
        "the way through the variance is missing",
        "Scaling a whole column changes no output, so each column of dx is orthogonal to x_hat. Yours is not.",
        {ALT_DX: "dx = gamma * inverse_std * (dout - dbeta / len(dout))"},
    ),
    mistake(
        "B36",
        ALT,
        "1/N is missing",
        """Mean and variance are averages: each x has a share of 1/N in them, and so have the ways back
        through them.""",
        {ALT_DX: "dx = gamma * inverse_std * (dout - (dbeta + x_hat * dgamma))"},
        {ALT_DX: "dx = gamma * inverse_std * (dout - dbeta / len(dout) - x_hat * dgamma)"},
        {ALT_DX: "dx = gamma * inverse_std * (dout - dbeta - x_hat * dgamma / len(dout))"},
        {ALT_DX: ALT_DX + " / len(dout)"},
        {ALT_DX: ALT_DX + " * len(dout)"},
    ),
    mistake(
        "B37",
        ALT,
        "gamma is forgotten in dx",
        "Forward multiplies by gamma, so dx_hat is dout times gamma.",
        {ALT_DX: "dx = inverse_std * (dout - (dbeta + x_hat * dgamma) / len(dout))"},
    ),
    mistake(
        "B32",
        ALT,
        "dgamma or dbeta has an axis too many",
        "gamma and beta are (D,), and so are their gradients: with keepdims the sums keep a first axis of 1.",
        {DGAMMA: WIDE_DGAMMA, DBETA: WIDE_DBETA},
        {DGAMMA: WIDE_DGAMMA},
        {DBETA: WIDE_DBETA},
    ),
)

MISTAKES = (*_FORWARD, *_BACKWARD, *_ALTERNATIVE)
