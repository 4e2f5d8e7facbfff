"""Mistakes of the catalogue planted into the usual way of writing the layers, not into the catalogue's own definitions."""

# ruff: noqa: E501 - a line of text is a line

from typing import NamedTuple


class Planted(NamedTuple):
    """A mistake: whose id it has, in which function, which text is exchanged; `told_of`, if another function shows it."""

    id: str
    function: str
    old: str
    new: str
    told_of: str = ""


MU = "mu = 1 / float(N) * np.sum(x, axis=0)"
VAR = "var = 1 / float(N) * np.sum(sq, axis=0)"
SQRT = "sqrtvar = np.sqrt(var + eps)"
TEST = "xhat = (x - running_mean) / np.sqrt(running_var + eps)"
RUN_M = "running_mean = momentum * running_mean + (1 - momentum) * mu"
RUN_V = "running_var = momentum * running_var + (1 - momentum) * var"
KEEP_M, KEEP_V = 'bn_param["running_mean"] = running_mean', 'bn_param["running_var"] = running_var'
BN, BN_BACK, ALT = "batchnorm_forward", "batchnorm_backward", "batchnorm_backward_alt"
ALT_DX = "(N * dout - xhat * dgamma - dbeta)"
LN, LN_BACK = "layernorm_forward", "layernorm_backward"
SBN, SBN_BACK = "spatial_batchnorm_forward", "spatial_batchnorm_backward"
ROWS, CALL = (
    "rows = x.transpose(0, 2, 3, 1).reshape(N * H * W, C)",
    "out, cache = batchnorm_forward(rows, gamma, beta, bn_param)",
)
PICTURE = "out = out.reshape(N, H, W, C).transpose(0, 3, 1, 2)"
XG, GMU = "xg = x.reshape(N, G, C // G, H, W)", "mu = np.mean(xg, axis=(2, 3, 4), keepdims=True)"
GVAR = "var = np.var(xg, axis=(2, 3, 4), keepdims=True)"
GN, GN_BACK = "spatial_groupnorm_forward", "spatial_groupnorm_backward"
CONV, CONV_BACK = "conv_forward_naive", "conv_backward_naive"
POOL, POOL_BACK = "max_pool_forward_naive", "max_pool_backward_naive"
MASK = "mask = (np.random.rand(*x.shape) < p) / p"
PAD = "x_pad = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), "
DW = "dw[f] += x_pad[n, :, hs : hs + HH, ws : ws + WW] * dout[n, f, i, j]"
DX = "dx_pad[n, :, hs : hs + HH, ws : ws + WW] += w[f] * dout[n, f, i, j]"
CROP = "dx = dx_pad[:, :, pad : pad + H, pad : pad + W]"
GIVES = "dx[n, c, hs + k, ws + m] += dout[n, c, i, j]"

VECTORS = (
    Planted("A1", "relu_backward", "x <= 0", "x < 0"),
    Planted("A2", "relu_backward", "dx = dout.copy()", "dx = dout"),
    Planted(
        "A3",
        "relu_backward",
        "dx = dout.copy()\n    dx[x <= 0] = 0",
        "x[x < 0] = 0\n    x[x > 0] = 1\n    dx = dout * x",
    ),
    Planted("A4", "affine_backward", "np.sum(dout, axis=0)", "np.sum(dout, axis=0, keepdims=True)"),
    Planted("A10", "affine_forward", "np.dot(x_row, w)", "x.dot(w)"),
    Planted("A11", "affine_backward", "dx = dx.reshape(x.shape)", "dx.reshape(x.shape)"),
    Planted("A12", "affine_backward", "np.sum(dout, axis=0)", "np.mean(dout, axis=0)"),
    Planted("A12", "affine_backward", "np.sum(dout, axis=0)", "np.sum(dout)"),
    Planted("A12", "affine_backward", "np.sum(dout, axis=0)", "np.sum(dout, axis=1)"),
    Planted("A14", "affine_forward", " + b", ""),
    Planted("A15", "relu_backward", "dx[x <= 0] = 0", "dx[dout <= 0] = 0"),
    Planted("A16", "relu_backward", "dx = dout.copy()", "dx = dout * x"),
    Planted("A17", "relu_forward", "out = np.maximum(0, x)", "x[x < 0] = 0\n    out = x"),
    Planted("A18", "affine_backward", "np.dot(x_row.T, dout)", "np.dot(x_row.T, dout) / N"),
)
LOSSES = (
    Planted("S6", "softmax_loss", "x - np.max(x, axis=1, keepdims=True)", "x.copy()"),
    Planted("S7", "softmax_loss", "x - np.max(x, axis=1, keepdims=True)", "x - np.max(x)"),
    Planted("S20", "softmax_loss", "x - np.max(x, axis=1, keepdims=True)", "x - np.mean(x, axis=1, keepdims=True)"),
    Planted(
        "S8",
        "softmax_loss",
        "x - np.max(x, axis=1, keepdims=True)",
        "x\n    shifted -= np.max(x, axis=1, keepdims=True)",
    ),
    Planted(
        "S9",
        "softmax_loss",
        "-np.sum(log_probs[np.arange(N), y]) / N",
        "-np.sum(np.log(probs[np.arange(N), y] + 1e-60)) / N",
    ),
    Planted(
        "S9", "softmax_loss", "-np.sum(log_probs[np.arange(N), y]) / N", "-np.mean(np.log(probs[np.arange(N), y]))"
    ),
    Planted("S10", "softmax_loss", "dx = probs.copy()", "dx = np.zeros_like(probs)"),
    Planted("S12", "softmax_loss", "dx /= N", "dx /= 1"),
    Planted("S12", "softmax_loss", "np.sum(log_probs[np.arange(N), y]) / N", "np.sum(log_probs[np.arange(N), y])"),
    Planted("S13", "softmax_loss", "dx[np.arange(N), y] -= 1", "pass"),
    Planted("S14", "softmax_loss", "loss = -", "loss = "),
    Planted("S15", "softmax_loss", "np.sum(np.exp(shifted), axis=1, keepdims=True)", "np.sum(np.exp(shifted), axis=0)"),
    Planted("S16", "svm_loss", "margins[np.arange(N), y] = 0", "pass"),
    Planted("S17", "svm_loss", "dx[np.arange(N), y] -= num_pos", "pass"),
    Planted("S18", "svm_loss", "dx /= N", "dx /= 1"),
)
NORMS = (
    Planted("B12", BN, SQRT, "sqrtvar = np.sqrt(var) + eps"),
    Planted("B12", BN, "np.sqrt(running_var + eps)", "(np.sqrt(running_var) + eps)"),
    Planted(
        "B12",
        BN_BACK,
        "N, D = dout.shape",
        "N, D = dout.shape\n    sqrtvar, eps = np.sqrt(var), 0\n    ivar = 1 / sqrtvar",
    ),
    Planted("B13", BN, TEST, "xhat = (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + eps)"),
    Planted("B14", BN, f"{KEEP_M}\n    {KEEP_V}", "pass"),
    Planted("B15", BN, RUN_M, "running_mean = mu"),
    Planted("B16", BN, TEST, "xhat = x"),
    Planted("B17", BN, "np.sqrt(running_var + eps)", "np.sqrt(running_var)"),
    Planted("B18", BN, RUN_V, RUN_V.replace("* var", "* sqrtvar")),
    Planted(
        "B19",
        BN_BACK,
        "dmu = -1 * np.sum(dxmu1 + dxmu2, axis=0)",
        "x, mu = xmu, 0\n    dmu = -np.sum(dxmu1, axis=0) - dvar * 2 / N * np.sum(x - mu)",
    ),
    Planted("B12", ALT, "N = dout.shape[0]", "N = dout.shape[0]\n    ivar = 1 / np.sqrt(var)"),
    Planted("B41", BN, '"running_var", np.zeros(D', '"running_var", np.ones(D'),
    Planted("B20", BN, SQRT, "sqrtvar = np.sqrt(var - eps)"),
    Planted("B21", BN_BACK, "dx = dx1 + dx2", "dx = dxmu1"),
    Planted("B29", BN, SQRT, "sqrtvar = var + eps"),
    Planted(
        "B30",
        BN,
        f"{RUN_M}\n        {RUN_V}",
        "running_mean += momentum * (mu - running_mean)\n        running_var += momentum * (var - running_var)",
    ),
    Planted("B31", BN, VAR, "var = np.var(x, axis=0, ddof=1)"),
    Planted("B31", BN, RUN_V, RUN_V.replace("* var", "* var * N / max(N - 1, 1)")),
    Planted("B32", BN_BACK, "dgamma = np.sum(dout * xhat, axis=0)", "dgamma = dout * xhat"),
    Planted("B33", BN_BACK, "dx = dx1 + dx2", "dx = dx1"),
    Planted(
        "B33",
        BN_BACK,
        "dx1 = dxmu1 + dxmu2\n    dmu = -1 * np.sum(dxmu1 + dxmu2, axis=0)",
        "dx1 = dxmu1\n    dmu = -1 * np.sum(dxmu1, axis=0)",
    ),
    Planted("B33", ALT, ALT_DX, "(N * dout - dbeta)"),
    Planted(
        "B34",
        BN,
        "xhat = xmu * ivar\n        out = gamma * xhat + beta",
        "xhat = xmu * ivar\n        out = gamma * xhat",
        "",
    ),
    Planted("B36", ALT, "(gamma * ivar / N)", "(gamma * ivar)"),
    Planted("B37", BN_BACK, "dxhat = dout * gamma", "dxhat = dout"),
    Planted("B38", BN_BACK, "dxmu2 = 2 * xmu * dsq", "dxmu2 = xmu * dsq"),
    Planted("B39", BN, 'bn_param.get("eps", 1e-5)', 'bn_param.get("eps", 1e-8)'),
    Planted("B12", LN, "std = np.sqrt(var + eps)", "std = np.sqrt(var) + eps"),
    Planted("N28", LN_BACK, "D = dout.shape[1]", "D = dout.shape[1]\n    std = np.sqrt(var)"),
    Planted(
        "N35",
        LN,
        "mu = np.mean(x, axis=1, keepdims=True)\n    var = np.var(x, axis=1, keepdims=True)",
        "mu = np.mean(x, axis=0)\n    var = np.var(x, axis=0)",
    ),
    Planted("B36", LN_BACK, "D = dout.shape[1]", "D = dout.shape[0]"),
    Planted(
        "N29",
        SBN,
        f"{ROWS}\n    {CALL}\n    {PICTURE}",
        f"rows = x.reshape(N * H * W, C)\n    {CALL}\n    out = out.reshape(x.shape)",
    ),
    Planted("N30", SBN, PICTURE, "out = out.reshape(N, C, H, W)"),
    Planted(
        "N30",
        SBN,
        f"{ROWS}\n    {CALL}\n    {PICTURE}",
        f"rows = x.reshape(-1, C)\n    {CALL}\n    out = out.T.reshape(C, N, H, W).swapaxes(0, 1)",
    ),
    Planted(
        "N38",
        SBN_BACK,
        "dx, dgamma, dbeta = batchnorm_backward(drows, cache)",
        "xhat, gamma, ivar = cache[0], cache[1], cache[3]\n    dbeta, dgamma = drows.sum(0), (drows * xhat).sum(0)\n    dx = gamma * ivar / N * (N * drows - xhat * dgamma - dbeta)",
    ),
    Planted(
        "N39",
        SBN,
        f"{ROWS}\n    {CALL}\n    {PICTURE}",
        f"gamma, beta = np.repeat(gamma, H * W), np.repeat(beta, H * W)\n    rows = x.reshape(N, -1)\n    {CALL}\n    out = out.reshape(x.shape)",
    ),
    Planted(
        "N31",
        GN,
        "axis=(2, 3, 4), keepdims=True)\n    var = np.var(xg, axis=(2, 3, 4), keepdims=True)",
        "axis=2, keepdims=True)\n    var = np.var(xg, axis=2, keepdims=True)",
    ),
    Planted("N32", GN, "gamma * xhat + beta", "gamma[None, :, None, None] * xhat + beta[None, :, None, None]"),
    Planted(
        "N33",
        GN_BACK,
        "dgamma = np.sum(dout * xhat, axis=(0, 2, 3), keepdims=True)",
        "dgamma = np.sum(dout * xhat, axis=(0, 2, 3))\n    dgamma.reshape((1, C, 1, 1))",
    ),
    Planted("N36", GN, "xg = x.reshape(N, G, C // G, H, W)", "xg = x.reshape(N, C // G, G, H, W)"),
    Planted(
        "N37",
        GN,
        f"{XG}\n    {GMU}\n    {GVAR}",
        f"xg = x.reshape(G, N, C // G, H, W)\n    {GMU}\n    {GVAR}".replace("(2, 3, 4)", "(1, 2, 3, 4)"),
    ),
    Planted("N38", GN_BACK, "M = C // G * H * W", "M = N * H * W"),
    Planted("B37", GN_BACK, "(dout * gamma)", "dout"),
)
DROPOUT = (
    Planted(
        "D35",
        "dropout_forward",
        f'{MASK}  # noqa: NPY002\n        out = x * mask\n    elif mode == "test":\n        out = x',
        'mask = np.random.rand(*x.shape) < p\n        out = x * mask\n    elif mode == "test":\n        out = x * p',
    ),
    Planted("D36", "dropout_forward", MASK, "mask = (np.random.randn(*x.shape) < p) / p"),
    Planted("D37", "dropout_forward", MASK, "mask = np.random.rand(*x.shape) < p"),
    Planted("D38", "dropout_forward", MASK, "mask = (np.random.rand(*x.shape) > p) / (1 - p)"),
    Planted("D39", "dropout_forward", MASK, "mask = (np.random.rand(x.shape[0], x.shape[1]) < p) / p"),
    Planted(
        "D40",
        "dropout_forward",
        "cache = (dropout_param, mask)",
        "cache = (dropout_param, (np.random.rand(*x.shape) < p) / p)",
        "dropout_backward",
    ),
    Planted("D43", "dropout_backward", "dx = dout * mask", "dx = dout"),
    Planted("D44", "dropout_forward", 'if mode == "train":', "if True:"),
    Planted("D44", "dropout_forward", "        out = x\n", "        out = x * (np.random.rand(*x.shape) < p) / p\n"),
)
WINDOWS = (
    Planted("C43", CONV_BACK, CROP, "dx = dx_pad[:, :, pad:-pad, pad:-pad]"),
    Planted("C44", CONV_BACK, DX, DX.replace("ws : ws + WW", "j : j + WW").replace("hs : hs + HH", "i : i + HH")),
    Planted("C45", CONV_BACK, DW, DW.replace("ws : ws + WW", "j : j + WW")),
    Planted(
        "C46",
        CONV_BACK,
        f"for n in range(N):\n        for f in range(F):\n            for i in range(H_out):\n                for j in range(W_out):\n                    hs, ws = i * stride, j * stride\n                    {DW}\n                    {DX}",
        f"for n in range(N):\n        for f in range(F):\n            for i in range(H_out):\n                for j in range(W_out):\n                    hs, ws = i * stride, j * stride\n                    {DW}\n                    {DX.replace('+=', '=')}",
    ),
    Planted("C47", CONV_BACK, CROP, "dx = dx_pad[:, :, 1 : H + 1, 1 : W + 1]"),
    Planted("C48", CONV, PAD, PAD.replace("(pad, pad)", "(1, pad)")),
    Planted("C49", CONV, f'{PAD}"constant")', "x_pad = x"),
    Planted(
        "C50",
        CONV,
        "for i in range(H_out):\n        for j in range(W_out):",
        "for i in range(len(range(0, H, stride))):\n        for j in range(len(range(0, W, stride))):",
    ),
    Planted(
        "C52",
        CONV,
        "cache = (x, w, b, conv_param)",
        "for x in range(C):\n        pass\n    cache = (x, w, b, conv_param)",
        CONV_BACK,
    ),
    Planted("C54", CONV, "H_out = 1 + (H + 2 * pad - HH) // stride", "H_out = np.int(1 + (H + 2 * pad - HH) / stride)"),
    Planted("C54", CONV, "H_out = 1 + (H + 2 * pad - HH) // stride", "H_out = 1 + (H + 2 * pad - HH) / stride"),
    Planted("C60", CONV, "np.sum(window * w[f], ", "np.sum(window * w[f, :, ::-1, ::-1], "),
    Planted("C61", CONV, "+ b[f]", "+ C * b[f]"),
    Planted("A14", CONV, " + b[f]", ""),
    Planted("C62", CONV, "W_out = 1 + (W + 2 * pad - WW) // stride", "W_out = 1 + (W + 2 * pad - HH) // stride"),
    Planted(
        "C63",
        CONV,
        "H_out = 1 + (H + 2 * pad - HH) // stride\n    W_out = 1 + (W + 2 * pad - WW) // stride",
        "H_out = int(np.ceil(1 + (H + 2 * pad - HH) / stride))\n    W_out = int(np.ceil(1 + (W + 2 * pad - WW) / stride))",
    ),
    Planted("C64", CONV, "i * stride : i * stride + HH, j * stride : j * stride + WW", "i : i + HH, j : j + WW"),
    Planted("C65", CONV_BACK, "db = np.sum(dout, axis=(0, 2, 3))", "db = np.sum(dout, axis=(0, 2))"),
    Planted("C66", CONV_BACK, DW, DW.replace("+=", "=")),
    Planted("P56", POOL_BACK, GIVES, GIVES.replace("+=", "=")),
    Planted(
        "P57",
        POOL,
        "H_out = 1 + (H - ph) // stride\n    W_out = 1 + (W - pw) // stride",
        "H_out = int(H / ph)\n    W_out = int(W / pw)",
    ),
    Planted("P58", POOL, "W_out = 1 + (W - pw) // stride", "W_out = 1 + (W - ph) // stride"),
    Planted("P59", POOL, "np.zeros((N, C, H_out, W_out))", "np.zeros((N, C, W_out, H_out))"),
    Planted("P60", POOL_BACK, GIVES, "i, j = k, m\n                    dx[n, c, hs + k, ws + m] += dout[n, c, i, j]"),
    Planted(
        "P61", POOL_BACK, GIVES, "dx[n, c, hs : hs + ph, ws : ws + pw] += (window == np.max(window)) * dout[n, c, i, j]"
    ),
    Planted("P62", POOL_BACK, GIVES, "dx[n, c, i + k, j + m] += dout[n, c, i, j]"),
    Planted("P66", POOL_BACK, GIVES, "dx[n, c, hs : hs + ph, ws : ws + pw] += dout[n, c, i, j] / (ph * pw)"),
    Planted("P67", POOL, "np.max(", "np.mean("),
)
STEP, ADAM = "next_w = w - lr * dw / (np.sqrt(cache) + eps)", "next_w = w - lr * mt / (np.sqrt(vt) + eps)"
T, MEANS = 'config["t"] += 1', 'm = b1 * config["m"] + (1 - b1) * dw\n    v = b2 * config["v"] + (1 - b2) * dw**2'
CORRECTED = 'mt = m / (1 - b1 ** config["t"])\n    vt = v / (1 - b2 ** config["t"])'
M, NES = "sgd_momentum", "sgd_nesterov_momentum"
NES_STEP = 'next_w = w - config["momentum"] * v_prev + (1 + config["momentum"]) * v'
RULES = (
    Planted("O62", "adam", 'mt = m / (1 - b1 ** config["t"])\n    vt = v / (1 - b2 ** config["t"])', "mt, vt = m, v"),
    Planted(
        "O63",
        "adam",
        f"{T}\n    {MEANS}\n    {CORRECTED}",
        f"t = config['t'] + 1\n    {MEANS}\n    {CORRECTED}".replace('config["t"]', "t"),
    ),
    Planted("O64", "adam", 'config["t"] += 1', "pass"),
    Planted("O64", "rmsprop", STEP, STEP.replace("eps", "1e-7")),
    Planted("O65", "adam", ADAM, "next_w = w - lr * mt / np.sqrt(vt + eps)"),
    Planted("O65", "rmsprop", STEP, "next_w = w - lr * dw / np.sqrt(cache + eps)"),
    Planted("O66", "rmsprop", STEP, "next_w = w - (lr / np.sqrt(cache) + eps) * dw"),
    Planted("O67", "rmsprop", STEP, "next_w = w - lr * dw / np.sqrt(cache) + eps"),
    Planted("O68", M, "next_w = w + v", 'next_w = w - config["learning_rate"] * dw + v'),
    Planted("O69", NES, "v_prev = v\n    v = ", "v = v_prev = "),
    Planted("O70", M, 'config["velocity"] = v', "pass"),
    Planted("O70", "adam", 'config["v"] = v', "pass"),
    Planted("O75", M, '- config["learning_rate"] * dw', '+ config["learning_rate"] * dw'),
    Planted("O76", M, '- config["learning_rate"] * dw', '- (1 - config["momentum"]) * dw'),
    Planted("O77", M, "next_w = w + v", "w += v\n    next_w = w"),
    Planted(
        "O77", "sgd", 'next_w = w - config["learning_rate"] * dw', 'w -= config["learning_rate"] * dw\n    next_w = w'
    ),
    Planted("O79", "adam", "dw**2", "m**2"),
    Planted("O79", "adam", 'b1, b2 = config["beta1"], config["beta2"]', 'b2, b1 = config["beta1"], config["beta2"]'),
    Planted("O80", "rmsprop", "dw**2", "dw"),
    Planted("O87", "rmsprop", "np.sqrt(cache)", 'np.sqrt(config["cache"])'),
    Planted("O81", "rmsprop", "np.sqrt(cache) + eps", "cache + eps"),
    Planted("O83", "adam", f"{T}\n    {MEANS}\n    {CORRECTED}", f"{MEANS}\n    {CORRECTED}\n    {T}"),
    Planted("O84", "adam", "lr * mt", "lr * dw"),
)
