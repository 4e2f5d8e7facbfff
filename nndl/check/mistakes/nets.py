"""Mistakes in the courses' models: regularisation, initial weights, flags that do nothing, layers out of order."""

from nndl.check.mistakes.entry import Lines, Mistake, mistake

MODELS = ("TwoLayerNet", "FullyConnectedNet", "ThreeLayerConvNet")
NET, CONV_NET = "FullyConnectedNet", "ThreeLayerConvNet"

LOSS = ("add_l2", "loss += 0.5 * reg * np.sum(W * W)")
GRAD = ("add_l2", "grads[name] += reg * W")
WHICH = ("add_l2", 'if name.startswith("W"):')
BOTH = f"{LOSS[1]}\n            {GRAD[1]}"
ADD = ("add_l2", BOTH)


def _everywhere(id: str, title: str, says: str, *variants: Lines, **others: object) -> tuple[Mistake, ...]:
    """Return an entry for each model."""
    return tuple(mistake(id, model, title, says, *variants, **others) for model in MODELS)


ALSO_BIASES = """grads[name] += reg * W
    for name in params:
        if name.startswith("b"):
            grads[name] = grads[name] + reg * params[name]"""

REGULARISATION = (
    *_everywhere(
        "R72",
        "not all weights are in the loss",
        """The gradients of all weights are regularised, but the loss holds the squares of the first ones only. Where
        a sum is spread over two lines, the second line is a statement of its own.""",
        *({LOSS: f"loss += 0.5 * reg * np.sum(W * W) * (name in {names})"} for names in ('("W1",)', '("W1", "W2")')),
        {LOSS: 'loss += 0.5 * reg * np.sum(W * W) * (name != "W1")'},
    ),
    *_everywhere(
        "R73",
        "the gradient is regularised by itself",
        """What is added to a weight's gradient is reg times the weight, not times the gradient: yours scales the
        gradient. With reg = 0 nothing shows.""",
        {GRAD: "grads[name] += reg * grads[name]"},
    ),
    *_everywhere(
        "R74",
        "the factor of the regularisation differs between loss and gradients",
        """The derivative of reg/2 times W squared is reg times W. In yours one of the two has a 2, or a 1/2,
        that the other does not know of.""",
        {GRAD: "grads[name] += 2 * reg * W"},
        {LOSS: "loss += reg * np.sum(W * W)"},
        {GRAD: "grads[name] += 0.5 * reg * W"},
    ),
    *_everywhere(
        "S11",
        "regularised by reg instead of reg / 2",
        """Your loss has reg times the squares, and its gradients 2 reg W, which belong together. The course's
        networks have 0.5 reg; its softmax and SVM have reg. The strength differs by a factor of 2.""",
        {LOSS: "loss += reg * np.sum(W * W)", GRAD: "grads[name] += 2 * reg * W"},
        note=True,
    ),
    *_everywhere(
        "R75",
        "regularised in the loss only, or in the gradients only",
        "Loss and gradients belong together: a term in the one has its derivative in the other.",
        {ADD: LOSS[1]},
        {ADD: GRAD[1]},
    ),
    *_everywhere(
        "R76",
        "the norm is not squared",
        "The penalty is the sum of the squares of the weights; yours is the root of it.",
        {LOSS: "loss += 0.5 * reg * np.linalg.norm(W)"},
        {LOSS: "loss += reg * np.linalg.norm(W)"},
        {LOSS: "loss += 0.5 * reg * np.sum(np.abs(W))"},
    ),
    *_everywhere(
        "R77",
        "not regularised at all",
        "reg changes neither the loss nor the gradients: look at what is added to both after the softmax.",
        {ADD: "pass"},
    ),
    *_everywhere(
        "R78",
        "biases, gamma or beta are regularised too",
        "Only the weights W are regularised. With biases at 0, where they start, nothing shows.",
        *({WHICH: f"if name.startswith({names}):"} for names in ('("W", "b")', '("W", "g")')),
        {WHICH: 'if name[0] == "W" or name[1:].isdigit():'},
        {GRAD: ALSO_BIASES},
        {LOSS: 'loss += 0.5 * reg * (np.sum(W * W) + np.sum(params[f"b{name[1:]}"] ** 2))'},
    ),
)

SCORES = 'scores, last_cache = affine_forward(h, self.params[f"W{last}"], self.params[f"b{last}"])'
DSCORES = "loss, dscores = softmax_loss(scores, y)"
NORM = "h, norm_cache = normalise(h, "
NORM_LOST = """def lost(h, *others):
                out, cache = normalise(h, *others)
                return (h if self.normalization == "layernorm" else out), cache

            h, norm_cache = lost(h, """
TEST = "for param in (self.dropout_param, *self.bn_params):"
MADE = '[{"mode": "train"} for _ in hidden_layers] if self.normalization else []'
GAMMA = 'p[f"gamma{layer}"], p[f"beta{layer}"]'
OTHERS = ("max(layer - 1, 1)", "1", "(self.num_layers - 1)", "min(layer + 1, self.num_layers - 1)")
USE = "self.use_dropout = 0 < dropout < 1"
KIND = 'self.normalization = "batchnorm" if use_batchnorm else normalization'
RELU_FIRST = "h, relu_cache = relu_forward(h)\n        if self.normalization:\n            normalise ="
RELU_THEN = "h, relu_cache = relu_forward(h)\n        if self.use_dropout:"
RELU_BACK = "dh = relu_backward(dh, relu_cache)\n        if self.normalization:"
BACK_OUT = 'dh, grads[f"W{layer}"], grads[f"b{layer}"] = affine_backward(dh, affine_cache)'
CAST = "h, caches = X.astype(self.dtype), []"
DROP = "h, dropout_cache = dropout_forward(h, self.dropout_param)"
RETURN = "return add_l2(loss, grads, self.params, self.reg), grads"
GHOSTS = 'grads[f"gamma{last}"] = grads[f"beta{last}"] = 0.0'
FLAGS = ("self.normalization", "self.use_batchnorm")
WEIGHTS = "return weight_scale * np.random.standard_normal(shape)"
RANDOM_B1 = '"b1": normal_weights((hidden_dims,), weight_scale)'
RANDOM_B2 = '"b2": normal_weights((num_classes,), weight_scale)'
BIASES = ("_initial_params", "normal_weights(shape, weight_scale), np.zeros(shape[1])")

STRUCTURE = (
    mistake(
        "B22",
        NET,
        "the starter code never leaves training mode",
        """This is a fault of the starter code, not yours: it writes bn_param[mode] = mode where the key "mode"
        is meant, so test mode is never set and the scores are normalised by their own batch.""",
        {'param["mode"] = mode': 'param["mode"] = mode if param is self.dropout_param else "train"'},
        text=r"bn_param\[mode\]\s*=\s*mode",
        note=True,
    ),
    mistake(
        "B22",
        CONV_NET,
        "the starter code never leaves training mode",
        """This is a fault of the starter code, not yours: it writes bn_param[mode] = mode where the key "mode"
        is meant, so test mode is never set.""",
        {'bn_param["mode"] = "test" if y is None else "train"': "pass"},
        text=r"bn_param\[mode\]\s*=\s*mode",
        note=True,
    ),
    mistake(
        "B23",
        NET,
        "the running statistics are made anew at every call",
        """Each call of loss gives batch norm a fresh dictionary, so what training averaged is lost before test
        mode needs it. Keep one dictionary a layer between calls.""",
        {TEST: f'self.bn_params = [{{"mode": mode}} for _ in self.bn_params]\n        {TEST}'},
    ),
    mistake(
        "B24",
        NET,
        "all layers share one bn_param",
        """Each batch norm has running statistics of its own features: one dictionary for all mixes them, or does
        not fit.""",
        {MADE: '[{"mode": "train"}] * len(hidden_layers) if self.normalization else []'},
    ),
    mistake(
        "B25",
        NET,
        "a layer uses gamma and beta of another",
        "Each layer is scaled by the gamma and shifted by the beta of its own number.",
        *({GAMMA: GAMMA.replace("layer", other)} for other in OTHERS),
        *({GAMMA: GAMMA.replace("layer", f"({other} if self.use_batchnorm else layer)")} for other in OTHERS),
    ),
    mistake(
        "B26",
        NET,
        "the normalisation stands behind the ReLU",
        "The order of the course is affine, normalisation, ReLU; yours normalises what the ReLU has cut.",
        {
            "if self.normalization:\n            normalise =": RELU_FIRST,
            RELU_THEN: "if self.use_dropout:",
            RELU_BACK: "if self.normalization:",
            BACK_OUT: f"dh = relu_backward(dh, relu_cache)\n        {BACK_OUT}",
        },
    ),
    mistake(
        "B27",
        NET,
        "gradients of parameters that are not there",
        """The last layer has no normalisation: your gradients hold a gamma and a beta for it. An update rule
        that goes through the gradients stumbles over them.""",
        {RETURN: f"{GHOSTS}\n        {RETURN}"},
        *({RETURN: f"if {flag}:\n            {GHOSTS}\n        {RETURN}"} for flag in FLAGS),
    ),
    mistake(
        "D41",
        NET,
        "the input is dropped too",
        "Dropout stands behind the ReLU of each hidden layer; yours drops pixels of the image as well.",
        {CAST: f"{CAST}\n        if self.use_dropout:\n            h, _ = dropout_forward(h, self.dropout_param)"},
    ),
    mistake(
        "D42",
        NET,
        "dropout is not applied in forward",
        "Backward looks for what dropout left, and forward never called it. Look at the loop of the forward pass.",
        {DROP: "pass"},
    ),
    mistake(
        "D45",
        NET,
        "dropout is left on in test mode",
        """Without y the scores are for prediction: dropout has to be told so, through its "mode", as batch norm is.
        Yours still drops units.""",
        {TEST: TEST.replace("(self.dropout_param, *self.bn_params)", "self.bn_params")},
    ),
    mistake(
        "D46",
        NET,
        "every step drops the same units",
        """Where no seed is given each step draws another mask. Yours draws the same one in every step, so a part of the
        network is never trained. Pass on a seed only where there is one.""",
        {'"seed": seed}': '"seed": seed or 0}'},
    ),
    mistake(
        "F84",
        NET,
        "dtype is ignored",
        "The parameters are of the dtype that is asked for: yours are of another. Cast them where they are made.",
        {"self.params[name] = value.astype(dtype)": "pass"},
        {"self.params[name] = value.astype(dtype)": "self.params[name] = value.astype(np.float32)"},
    ),
    mistake(
        "F82",
        NET,
        "dropout does nothing",
        "With dropout switched on the training loss is that without: where is it applied?",
        {USE: "self.use_dropout = False"},
    ),
    mistake(
        "F80",
        NET,
        "a ReLU on the class scores",
        """The last layer is affine alone: scores may be negative. With a ReLU the softmax sees no difference
        among the classes below 0, and learns slowly.""",
        {
            SCORES: f"{SCORES}\n        scores, top = relu_forward(scores)",
            DSCORES: f"{DSCORES}\n        dscores = relu_backward(dscores, top)",
        },
        {SCORES: f"{SCORES}\n        scores = np.maximum(scores, 0)"},
    ),
    mistake(
        "F81",
        NET,
        "layer norm is not applied",
        """normalization="layernorm" gives what no normalisation gives: the branch is missing, or what it computes is
        not used.""",
        {NORM: NORM_LOST},
        {
            KIND: KIND
            + "\n        self.normalization = self.normalization if self.normalization == 'batchnorm' else None"
        },
    ),
    mistake(
        "F82",
        NET,
        "batch norm is not applied",
        "With batch norm switched on, loss and scores are those without: where are they normalised?",
        {
            KIND: KIND
            + "\n        self.normalization = self.normalization if self.normalization == 'layernorm' else None"
        },
        {KIND: "self.normalization = None"},
    ),
    *(
        mistake(
            "F83",
            model,
            "initial weights or biases are not as asked",
            """Weights start as normal numbers of standard deviation weight_scale, biases and beta at 0, gamma at
            1, each an array of its layer's size.""",
            *(
                {("normal_weights", WEIGHTS): f"return {how} * np.random.standard_normal(shape)"}
                for how in ("weight_scale**2", "np.sqrt(weight_scale)", "1.0")
            ),
            *others,
        )
        for model, others in (
            (
                "TwoLayerNet",
                (
                    {'"b1": np.zeros(hidden_dims)': RANDOM_B1, '"b2": np.zeros(num_classes)': RANDOM_B2},
                    {'"b1": np.zeros(hidden_dims)': RANDOM_B1},
                    {'"b2": np.zeros(num_classes)': RANDOM_B2},
                ),
            ),
            (NET, ({BIASES: "normal_weights(shape, weight_scale), normal_weights(shape[1:], weight_scale)"},)),
            (CONV_NET, ()),
        )
    ),
    mistake(
        "C55",
        CONV_NET,
        "the starter code's padding is not whole",
        """This is a fault of the starter code, not yours: (filter_size - 1) / 2 is a float in Python 3, and no
        slice or padding takes one. // makes it whole.""",
        text=r"\(\s*filter_size\s*-\s*1\s*\)\s*/\s*2",
        note=True,
    ),
)

MISTAKES = (*REGULARISATION, *STRUCTURE)
