"""Mistakes of the catalogue planted into the usual way of writing the models."""

# ruff: noqa: E501 - a line of text is a line

from tests.check.planted import Planted

TWO, NET, CONV_NET = "TwoLayerNet", "FullyConnectedNet", "ThreeLayerConvNet"
TWO_LOSS = "loss += 0.5 * self.reg * (np.sum(W1 * W1) + np.sum(W2 * W2))"
NET_LOSS = 'loss += 0.5 * self.reg * np.sum(self.params["W" + str(i)] ** 2)'
LAST_GRAD = 'grads["W" + str(L)] += self.reg * self.params["W" + str(L)]'
NET_GRAD = 'grads["W" + str(i)] = dW + self.reg * self.params["W" + str(i)]'
LAST = 'scores, last = affine_forward(out, self.params["W" + str(L)], self.params["b" + str(L)])'
BN = 'gamma, beta = self.params["gamma" + str(i)], self.params["beta" + str(i)]\n                out, norm = batchnorm_forward'
MODE = 'bn_param["mode"] = mode'
DROP = "out, drop = dropout_forward(out, self.dropout_param)"

NORM_FIRST = "norm, drop = None, None"
RELU = "out, relu = relu_forward(out)\n            if self.use_dropout:"
RELU_BACK = "dout = relu_backward(dout, relu)\n            "
BACK_FIRST = 'if self.normalization == "batchnorm":\n                dout, '
DW = "dout, dW, db = affine_backward(dout, fc)"

NETS = (
    Planted(
        "R72",
        CONV_NET,
        "np.sum(W1**2) + np.sum(W2**2) + np.sum(W3**2))",
        "np.sum(W1**2))\n        + 0.5 * self.reg * np.sum(W2**2)",
    ),
    Planted(
        "R73",
        TWO,
        'dW1 + self.reg * W1\n        grads["b1"] = db1\n        grads["W2"] = dW2 + self.reg * W2',
        'dW1 + self.reg * dW1\n        grads["b1"] = db1\n        grads["W2"] = dW2 + self.reg * dW2',
    ),
    Planted("R74", TWO, "loss += 0.5 * self.reg", "loss += self.reg"),
    Planted("R75", NET, NET_LOSS, "pass"),
    Planted("R76", NET, NET_LOSS, 'loss += 0.5 * self.reg * np.linalg.norm(self.params["W" + str(i)])'),
    Planted(
        "R77", CONV_NET, "loss += 0.5 * self.reg * (np.sum(W1**2) + np.sum(W2**2) + np.sum(W3**2))\n", "self.reg = 0\n"
    ),
    Planted(
        "R78",
        TWO,
        'grads["b1"] = db1\n        grads["W2"] = dW2 + self.reg * W2\n        grads["b2"] = db2',
        'grads["b1"] = db1 + self.reg * self.params["b1"]\n        grads["W2"] = dW2 + self.reg * W2\n        grads["b2"] = db2 + self.reg * self.params["b2"]',
    ),
    Planted("S11", TWO, "self.reg = reg", "self.reg = 2 * reg"),
    Planted("B22", NET, MODE, "bn_param[mode] = mode"),
    Planted(
        "B23",
        NET,
        'if self.normalization == "batchnorm":\n            for bn_param',
        'if self.normalization == "batchnorm":\n            self.bn_params = [{} for _ in self.bn_params]\n            for bn_param',
    ),
    Planted(
        "B24",
        NET,
        '[{"mode": "train"} for i in range(self.num_layers - 1)]',
        '[{"mode": "train"}] * (self.num_layers - 1)',
    ),
    Planted("B25", NET, BN, BN.replace("str(i)", '"1"')),
    Planted(
        "B26",
        NET,
        f"{NORM_FIRST} ... {RELU} ... {RELU_BACK}{BACK_FIRST} ... {DW}",
        f"out, relu = relu_forward(out)\n            {NORM_FIRST} ... {RELU.splitlines()[1].strip()} ... {BACK_FIRST} ... {RELU_BACK}{DW}",
    ),
    Planted(
        "B27",
        NET,
        "return loss, grads",
        'if self.normalization:\n            grads["gamma" + str(L)] = np.zeros(3)\n            grads["beta" + str(L)] = np.zeros(3)\n        return loss, grads',
    ),
    Planted(
        "D41",
        NET,
        "out = X\n",
        "out = X\n        if self.use_dropout:\n            out, _ = dropout_forward(X, self.dropout_param)\n",
    ),
    Planted("D42", NET, DROP, "pass"),
    Planted("D45", NET, 'self.dropout_param["mode"] = mode', "pass"),
    Planted(
        "D46",
        NET,
        'if seed is not None:\n                self.dropout_param["seed"] = seed',
        'self.dropout_param["seed"] = seed or 231',
    ),
    Planted("F84", NET, "v.astype(dtype)", "v"),
    Planted("F80", NET, LAST, f"{LAST}\n        scores, top = relu_forward(scores)"),
    Planted(
        "F81",
        NET,
        'if self.normalization == "layernorm":\n            self.bn_params',
        'if self.normalization == "layernorm":\n            self.normalization = None\n            self.bn_params',
    ),
    Planted("F82", NET, "self.use_dropout = dropout_keep_ratio != 1", "self.use_dropout = False"),
    Planted("F83", NET, "weight_scale * np.random.randn", "weight_scale**2 * np.random.randn"),
    Planted(
        "F83",
        TWO,
        'self.params["b1"] = np.zeros(hidden_dim)',
        'self.params["b1"] = weight_scale * np.random.randn(hidden_dim)',
    ),
    Planted(
        "C55",
        CONV_NET,
        '"pad": (W1.shape[2] - 1) // 2}',
        '"pad": (W1.shape[2] - 1) // 2}\n        filter_size = W1.shape[2]\n        unused = (filter_size - 1) / 2',
    ),
)
