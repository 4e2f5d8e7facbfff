"""Mistakes in update rules."""

from nndl.check.mistakes.entry import mistake

GET_V = 'config.get("velocity", np.zeros_like(w))'
V = f'v = config["momentum"] * {GET_V} - config["learning_rate"] * dw'
KEEP_V = 'config["velocity"] = v'
V_NESTEROV = 'v = config["momentum"] * v_old - config["learning_rate"] * dw'
NESTEROV = 'return w + v + config["momentum"] * (v - v_old), config'
STEP = 'next_w = w - config["learning_rate"] * dw / (np.sqrt(a) + config["epsilon"])'
ADAM_STEP = 'next_w = w - config["learning_rate"] * v_corrected / (np.sqrt(a_corrected) + config["epsilon"])'
FOLDED = """step = config["learning_rate"] * np.sqrt(1 - beta2 ** config["t"]) / (1 - beta1 ** config["t"])
    next_w = w - step * v / (np.sqrt(a) + config["epsilon"])"""
ADAM_V = 'v = beta1 * config.get("v", np.zeros_like(w)) + (1 - beta1) * dw'
ADAM_A = 'a = beta2 * config.get("a", np.zeros_like(w)) + (1 - beta2) * dw**2'
KEEP_BOTH = 'config["v"], config["a"] = v, a'
V_CORRECTED = 'v_corrected = v / (1 - beta1 ** config["t"])'
A_CORRECTED = 'a_corrected = a / (1 - beta2 ** config["t"])'
T = 'config["t"] += 1'
A = 'a = config["decay_rate"] * config.get("a", np.zeros_like(w)) + (1 - config["decay_rate"]) * dw**2'

LR, EPS = 'config["learning_rate"]', 'config["epsilon"]'

_NOT_KEPT = """What the rule remembers must be in the config that comes back: the next step starts from it. Yours starts
from zero, or from an old value, every time. The first step alone does not show it."""
_IN_PLACE = """w is the caller's array: += and -= write into it, so the caller's w has moved before the caller moves it.
Return a new array."""


_MOMENTUM = (
    mistake(
        "O68",
        "sgd_momentum",
        "the gradient moves w twice",
        """The gradient goes into the velocity, and the velocity moves w. You also take a plain step along
        the gradient, so it counts twice.""",
        {"return w + v, config": f"return w + v - {LR} * dw, config"},
        {"return w + v, config": f"return w - {LR} * dw, config"},
    ),
    mistake(
        "O70",
        "sgd_momentum",
        "the velocity is not kept",
        _NOT_KEPT,
        {KEEP_V: 'config.setdefault("velocity", np.zeros_like(w))'},
        {KEEP_V: "pass"},
    ),
    mistake(
        "O75",
        "sgd_momentum",
        "the velocity climbs",
        """A step goes against the gradient: with your sign the loss grows. Look at the sign of dw in the
        velocity, and of v.""",
        {V: f'v = config["momentum"] * {GET_V} + config["learning_rate"] * dw'},
        {"return w + v, config": "return w - v, config"},
    ),
    mistake(
        "O75",
        "sgd_momentum",
        "the velocity has the other sign",
        """Your velocity is kept with the gradient's sign, and taken off w. Alone that moves w alike; the
        course keeps the velocity as what is added to w, and a velocity that is given counts the other
        way.""",
        {
            V: f'v = config["momentum"] * {GET_V} + config["learning_rate"] * dw',
            "return w + v, config": "return w - v, config",
        },
    ),
    mistake(
        "O76",
        "sgd_momentum",
        "the gradient is weighted by 1 - momentum",
        """That is the running mean of Adam and RMSProp. In momentum the gradient is added whole, times the
        learning rate; yours moves ten times too slowly at momentum 0.9.""",
        {V: f'v = config["momentum"] * {GET_V} - (1 - config["momentum"]) * config["learning_rate"] * dw'},
        {V: f'v = config["momentum"] * {GET_V} - (1 - config["momentum"]) * dw'},
        {
            V: f'v = config["momentum"] * {GET_V} + (1 - config["momentum"]) * dw',
            "return w + v, config": f"return w - {LR} * v, config",
        },
        {V: f'v = config["momentum"] * {GET_V} + dw', "return w + v, config": f"return w - {LR} * v, config"},
    ),
    mistake(
        "O77", "sgd_momentum", "w is written into", _IN_PLACE, {"return w + v, config": "w += v\n    return w, config"}
    ),
)

_NESTEROV = (
    mistake(
        "O69",
        "sgd_nesterov_momentum",
        "the look ahead is lost",
        """Nesterov's step needs the velocity before and after the update. With the old one overwritten, or
        left out, it is plain momentum. Keep the old velocity under a name of its own before you compute
        the new one.""",
        {NESTEROV: "return w + v, config"},
        {NESTEROV: 'return w + config["momentum"] * v, config'},
        {NESTEROV: 'return w + (1 + config["momentum"]) * v, config'},
        {NESTEROV: 'return w + v - config["learning_rate"] * dw, config'},
    ),
    mistake(
        "O69",
        "sgd_nesterov_momentum",
        "the gradient is weighted otherwise in the look ahead",
        """The step along the look ahead is the momentum times the change of the velocity: yours takes
        another part of it.""",
        {
            NESTEROV: 'return w + config["momentum"] * v - config["learning_rate"] * dw + v_old * 0, config',
            KEEP_V: "pass",
        },
        {NESTEROV: "return w + v + (v - v_old), config"},
        {NESTEROV: 'return w + v - config["momentum"] * (v - v_old), config'},
    ),
    mistake(
        "O70",
        "sgd_nesterov_momentum",
        "the velocity is not kept",
        _NOT_KEPT,
        {KEEP_V: 'config.setdefault("velocity", v_old)'},
        {KEEP_V: "pass"},
    ),
    mistake(
        "O75",
        "sgd_nesterov_momentum",
        "the velocity climbs",
        "A step goes against the gradient: with your sign the loss grows.",
        {V_NESTEROV: V_NESTEROV.replace("- config", "+ config")},
    ),
    mistake(
        "O77",
        "sgd_nesterov_momentum",
        "w is written into",
        _IN_PLACE,
        {NESTEROV: 'w += v + config["momentum"] * (v - v_old)\n    return w, config'},
    ),
)

_RMSPROP = (
    mistake(
        "O65",
        "rmsprop",
        "epsilon stands under the root",
        """Some write RMSProp so, and the difference is small. Here epsilon is added to the root: with a tiny
        mean square the two steps differ.""",
        {STEP: f"next_w = w - {LR} * dw / np.sqrt(a + {EPS})"},
        note=True,
    ),
    mistake(
        "O66",
        "rmsprop",
        "epsilon is added to the quotient",
        """Your brackets divide by the bare root and add epsilon afterwards: where the mean square is 0 that
        divides by 0. Epsilon belongs to what is divided by.""",
        {STEP: f"next_w = w - ({LR} / np.sqrt(a) + {EPS}) * dw"},
    ),
    mistake(
        "O67",
        "rmsprop",
        "epsilon is added to the weights",
        "Without brackets epsilon is added to w itself: every step moves every weight by it.",
        {STEP: f"next_w = w - {LR} * dw / np.sqrt(a) + {EPS}"},
    ),
    mistake(
        "O64",
        "rmsprop",
        "epsilon is a number of your own",
        "The config's epsilon is not read: the step uses a number written into the function, or none.",
        *({STEP: f"next_w = w - {LR} * dw / (np.sqrt(a) + {eps})"} for eps in ("1e-7", "1e-8", "0.0")),
    ),
    mistake("O70", "rmsprop", "the mean square is not kept", _NOT_KEPT, {'config["a"] = a': "pass"}),
    mistake(
        "O87",
        "rmsprop",
        "the step is divided by the old mean square",
        """The new gradient's square goes into the mean before the step is divided by its root. Yours divides by the
        mean of the steps before, which at the first step is 0: that step is as large as 1 / epsilon makes it.""",
        {A: f'old = config.get("a", np.zeros_like(w))\n    {A}', STEP: STEP.replace("sqrt(a)", "sqrt(old)")},
    ),
    mistake(
        "O77",
        "rmsprop",
        "w is written into",
        _IN_PLACE,
        {STEP: f"w -= {LR} * dw / (np.sqrt(a) + {EPS})\n    next_w = w"},
    ),
    mistake(
        "O79",
        "rmsprop",
        "the weights of old and new are exchanged",
        """The decay rate weighs what is remembered, and the rest the new square: yours forgets almost
        everything at once.""",
        {A: 'a = (1 - config["decay_rate"]) * config.get("a", np.zeros_like(w)) + config["decay_rate"] * dw**2'},
    ),
    mistake(
        "O80",
        "rmsprop",
        "the mean is not of squares",
        "RMSProp divides by the root of the mean square of the gradient; yours averages something else.",
        {A: A.replace("dw**2", "dw")},
        {A: A.replace("dw**2", "np.abs(dw)")},
    ),
    mistake(
        "O81",
        "rmsprop",
        "the root is forgotten",
        """The step is divided by the root of the mean square: by the mean square itself it grows as
        gradients shrink.""",
        {STEP: f"next_w = w - {LR} * dw / (a + {EPS})"},
    ),
)

_ADAM = (
    mistake(
        "O62",
        "adam",
        "the bias is not corrected",
        """Both means start at zero and are too small at first, the second more than the first: the first
        step comes out about three times too large. Divide each by what it lacks.""",
        {V_CORRECTED: "v_corrected = v", A_CORRECTED: "a_corrected = a"},
        {V_CORRECTED: "v_corrected = v"},
        {A_CORRECTED: "a_corrected = a"},
    ),
    mistake(
        "O63",
        "adam",
        "t is not kept",
        """You count t up, but not in the config: every step is corrected as if it were the first. One step
        alone does not show it.""",
        {
            T: 't = config["t"] + 1',
            V_CORRECTED: "v_corrected = v / (1 - beta1**t)",
            A_CORRECTED: "a_corrected = a / (1 - beta2**t)",
        },
    ),
    mistake(
        "O64",
        "adam",
        "t is never counted up",
        "t stays where it was: every step is corrected as the first one, or divided by 0 where t is 0.",
        {T: "pass"},
        {T: 'config["t"] = config["t"] or 1'},
    ),
    mistake(
        "O64",
        "adam",
        "epsilon is a number of your own",
        "The config's epsilon is not read: the step uses a number written into the function, or none.",
        *({ADAM_STEP: ADAM_STEP.replace(EPS, number)} for number in ("1e-7", "1e-8", "0.0")),
    ),
    mistake(
        "O83",
        "adam",
        "t is counted up after it is used",
        "The first step is number 1: with t = 0 the correction divides by 0. Count t up before the correction.",
        {
            V_CORRECTED: 'v_corrected = v / (1 - beta1 ** (config["t"] - 1))',
            A_CORRECTED: 'a_corrected = a / (1 - beta2 ** (config["t"] - 1))',
        },
    ),
    mistake(
        "O65",
        "adam",
        "epsilon stands under the root",
        "Epsilon is added to the root, not under it: under it, its own root counts, which is far larger.",
        {ADAM_STEP: f"next_w = w - {LR} * v_corrected / np.sqrt(a_corrected + {EPS})"},
    ),
    mistake(
        "O66",
        "adam",
        "epsilon is added to the quotient",
        "Your brackets divide by the bare root and add epsilon afterwards: where it is 0 that divides by 0.",
        {ADAM_STEP: f"next_w = w - ({LR} / np.sqrt(a_corrected) + {EPS}) * v_corrected"},
    ),
    mistake(
        "O67",
        "adam",
        "epsilon is added to the weights",
        "Without brackets epsilon is added to w itself: every step moves every weight by it.",
        {ADAM_STEP: f"next_w = w - {LR} * v_corrected / np.sqrt(a_corrected) + {EPS}"},
    ),
    mistake(
        "O70",
        "adam",
        "the means are not kept",
        _NOT_KEPT,
        {KEEP_BOTH: "pass"},
        {KEEP_BOTH: 'config["v"] = v'},
        {KEEP_BOTH: 'config["a"] = a'},
        {KEEP_BOTH: 'config["v"], config["a"] = v / (1 - beta1 ** config["t"]), a / (1 - beta2 ** config["t"])'},
    ),
    mistake(
        "O77",
        "adam",
        "w is written into",
        _IN_PLACE,
        {ADAM_STEP: ADAM_STEP.replace("next_w = w -", "w -=") + "\n    next_w = w"},
    ),
    mistake(
        "O79",
        "adam",
        "beta1 and beta2 are exchanged, or the wrong thing is squared",
        """beta1 belongs to the mean of the gradient, beta2 to the mean of its square; and it is the gradient
        that is squared, not the mean.""",
        {ADAM_V: ADAM_V.replace("beta1", "beta2"), ADAM_A: ADAM_A.replace("beta2", "beta1")},
        {'beta1, beta2 = config["beta1"], config["beta2"]': 'beta2, beta1 = config["beta1"], config["beta2"]'},
        {ADAM_A: ADAM_A.replace("dw**2", "v**2")},
        {ADAM_A: ADAM_A.replace("dw**2", "dw")},
    ),
    mistake(
        "O86",
        "adam",
        "the correction is in the step size",
        """You correct the step size instead of the two means, as the paper's second form does. The two agree but for
        epsilon, which yours adds to the root before the correction. That is no error.""",
        {ADAM_STEP: FOLDED},
        note=True,
    ),
    mistake(
        "O84",
        "adam",
        "the step is taken along the gradient",
        "Adam moves along the corrected mean of the gradients; you divide the gradient itself.",
        {ADAM_STEP: ADAM_STEP.replace("v_corrected", "dw", 1)},
    ),
)

_SGD = (
    mistake(
        "O77",
        "sgd",
        "w is written into",
        _IN_PLACE + " The course's own sgd does this, so it is no error here.",
        {'next_w = w - config["learning_rate"] * dw': 'w -= config["learning_rate"] * dw\n    next_w = w'},
        note=True,
    ),
    mistake(
        "O75",
        "sgd",
        "the step climbs",
        "A step goes against the gradient: with your sign the loss grows.",
        {'next_w = w - config["learning_rate"] * dw': 'next_w = w + config["learning_rate"] * dw'},
    ),
)

_FIRST_T = mistake(
    "O85",
    "adam",
    "t starts at 1",
    """Where the config holds no t you start at 1, so your first step counts as the second. Some years' code did so.
    A t that is given makes no difference.""",
    {"t=0)": "t=1)"},
    note=True,
)
_DEFAULTS = tuple(
    mistake(
        "O85",
        rule,
        "another default",
        "Where the config does not say, your learning rate is not the course's. Given, it makes no difference.",
        *({f"learning_rate={default}": f"learning_rate={rate}"} for rate in ("1e-1", "1e-4", "1e-5", other)),
        note=True,
    )
    for rule, default, other in (
        ("sgd", "1e-2", "1e-3"),
        ("sgd_momentum", "1e-2", "1e-3"),
        ("sgd_nesterov_momentum", "1e-2", "1e-3"),
        ("rmsprop", "1e-2", "1e-3"),
        ("adam", "1e-3", "1e-2"),
    )
)

MISTAKES = (_FIRST_T, *_DEFAULTS, *_SGD, *_MOMENTUM, *_NESTEROV, *_RMSPROP, *_ADAM)
