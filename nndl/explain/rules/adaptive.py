"""Rules with a step size for each weight, explained: rmsprop, adam, adamw."""

from nndl.explain.record import Explanation, Given, Source, Step, Values
from nndl.explain.rules.momentum import CS231N, DW, W, stepped
from nndl.net.types import Array
from nndl.optim import adam, adamw, rmsprop

SQUARES = Given("a_old", "D", "the running mean of dw², after the step before; zeros at first", [0.1, 0.5, 2])
FIRST = Given("v_old", "D", "the running mean of dw, after the step before; zeros at first", [0.2, -0.5, 1])
TESTS = ({"D": 5}, {"D": 1, "learning_rate": 0.5})
POSITIVE = "shares"

RMSPROP = Explanation(
    name="rmsprop",
    title="RMSProp",
    summary=(
        "Every weight's step is divided by the root of its mean squared gradient: weights with large gradients take "
        "smaller steps. ρ is the share of the mean that is kept, η the learning rate."
    ),
    config="train: {optimizer: {rmsprop: {learning_rate: 0.001, decay_rate: 0.99}}}",
    given=(W, DW, Given("a_old", "D", SQUARES.says, SQUARES.example, kind=POSITIVE)),
    constants={"learning_rate": 0.1, "decay_rate": 0.9, "epsilon": 1e-8},
    forward=(
        Step(
            "a = decay_rate * a_old + (1 - decay_rate) * dw ** 2",
            "a = decay_rate * a_old + (1 - decay_rate) * dw**2",
            "A running mean of dw², number by number: about the last 1/(1 − ρ) steps count.",
        ),
        Step(
            "next_w = w - learning_rate * dw / (sqrt(a) + epsilon)",
            "next_w = w - learning_rate * dw / (np.sqrt(a) + epsilon)",
            "dw/√a has the size of 1 whatever the size of the gradient, so η is the size of a step. ε stands outside "
            "the root.",
        ),
    ),
    backward=(),
    own=stepped(rmsprop, "a"),
    functions=(rmsprop,),
    output="next_w",
    tests=(*TESTS, {"D": 4, "decay_rate": 0.5, "epsilon": 0.1}),
    notes=("CS231n calls the memory `cache`, ECE C147 `a`.",),
    sources=(
        Source(
            "Tieleman and Hinton, RMSProp, lecture 6.5 (2012)",
            "https://www.cs.toronto.edu/~tijmen/csc321/slides/lecture_slides_lec6.pdf",
        ),
        CS231N,
    ),
    aliases=("rms",),
)

ADAM_STEPS = (
    Step(
        "v = beta1 * v_old + (1 - beta1) * dw",
        "v = beta1 * v_old + (1 - beta1) * dw",
        "The first moment: a running mean of the gradient, as momentum has.",
    ),
    Step(
        "a = beta2 * a_old + (1 - beta2) * dw ** 2",
        "a = beta2 * a_old + (1 - beta2) * dw**2",
        "The second moment: a running mean of its square, as rmsprop has.",
    ),
    Step(
        "v_corrected = v / (1 - beta1 ** t)",
        "v_corrected = v / (1 - beta1**t)",
        "t counts the steps, this one too. Both means began at zero, so after t steps their weights add up to 1 − β^t "
        "only, and not to 1: under a constant gradient g, v is (1 − β₁^t) g. The division puts that right.",
    ),
    Step("a_corrected = a / (1 - beta2 ** t)", "a_corrected = a / (1 - beta2**t)", "Likewise."),
)
ADAM_STEP = "w - learning_rate * v_corrected / (sqrt(a_corrected) + epsilon)"
ADAM_GIVEN = (W, DW, FIRST, Given("a_old", "D", SQUARES.says, SQUARES.example, kind=POSITIVE))
ADAM_CONSTANTS = {"learning_rate": 0.1, "beta1": 0.9, "beta2": 0.99, "epsilon": 1e-8, "t": 2}
ADAM_TESTS = (*TESTS, {"D": 4, "beta1": 0.5, "beta2": 0.8, "t": 1}, {"D": 3, "t": 100, "epsilon": 0.1})


def _adam(values: Values) -> dict[str, Array]:
    """Return what adam gives; it counts t up before it uses it."""
    return stepped(adam, "v", "a")({**values, "t": values["t"] - 1})


def _adamw(values: Values) -> dict[str, Array]:
    return stepped(adamw, "v", "a")({**values, "t": values["t"] - 1})


ADAM = Explanation(
    name="adam",
    title="Adam",
    summary=(
        "Momentum and rmsprop together: a step along the mean gradient, divided by the root of its mean square. Both "
        "means are corrected for having begun at zero."
    ),
    config="train: {optimizer: {adam: {learning_rate: 0.001, beta1: 0.9, beta2: 0.999}}}",
    given=ADAM_GIVEN,
    constants=ADAM_CONSTANTS,
    forward=(
        *ADAM_STEPS,
        Step(
            f"next_w = {ADAM_STEP}",
            "root = np.sqrt(a_corrected)\nnext_w = w - learning_rate * v_corrected / (root + epsilon)",
            "At the first step v̂ is dw and â is dw², so every weight moves by η, against the sign of its gradient.",
        ),
    ),
    backward=(),
    own=_adam,
    functions=(adam,),
    output="next_w",
    tests=ADAM_TESTS,
    notes=("t is counted up before it is used; with t = 0 the correction divides by zero.",),
    sources=(
        Source("Kingma and Ba, Adam: A Method for Stochastic Optimization (2015)", "https://arxiv.org/abs/1412.6980"),
        CS231N,
    ),
)

ADAMW = Explanation(
    name="adamw",
    title="AdamW",
    summary=(
        "Adam with weight decay outside the gradient: λ draws every weight towards zero by the same share, however "
        "large its gradients are. In L2 regularisation the decay would be divided by √â too."
    ),
    config="train: {optimizer: {adamw: {learning_rate: 0.001, weight_decay: 0.01}}}",
    given=ADAM_GIVEN,
    constants={**ADAM_CONSTANTS, "weight_decay": 0.01},
    forward=(
        *ADAM_STEPS,
        Step(
            f"next_w = {ADAM_STEP} - learning_rate * weight_decay * w",
            "root = np.sqrt(a_corrected)\n"
            "next_w = w - learning_rate * v_corrected / (root + epsilon)\n"
            "next_w = next_w - learning_rate * weight_decay * w",
            "Adam's step, and η λ w besides.",
        ),
    ),
    backward=(),
    own=_adamw,
    functions=(adamw, adam),
    output="next_w",
    tests=(*ADAM_TESTS, {"D": 3, "weight_decay": 0.3}),
    sources=(
        Source(
            "Loshchilov and Hutter, Decoupled Weight Decay Regularization (2019)", "https://arxiv.org/abs/1711.05101"
        ),
    ),
)
