"""Lion, explained."""

from nndl.explain.record import Explanation, Source, Step
from nndl.explain.rules.adaptive import FIRST, TESTS
from nndl.explain.rules.momentum import DW, W, stepped
from nndl.optim import lion

LION = Explanation(
    name="lion",
    title="Lion",
    summary=(
        "Every weight moves by η, whatever the size of its gradient: only the sign of a running mean counts. It keeps "
        "one number for each weight where adam keeps two. λ draws the weights towards zero besides."
    ),
    config="train: {optimizer: {lion: {learning_rate: 0.0001, weight_decay: 0.1}}}",
    given=(W, DW, FIRST),
    constants={"learning_rate": 0.1, "beta1": 0.9, "beta2": 0.99, "weight_decay": 0.01},
    forward=(
        Step(
            "c = beta1 * v_old + (1 - beta1) * dw",
            "c = beta1 * v_old + (1 - beta1) * dw",
            "What the sign is taken of weighs the new gradient more than the mean that is kept does: β₁ is below β₂.",
        ),
        Step(
            "next_w = w - learning_rate * ([c > 0] - [c < 0] + weight_decay * w)",
            "next_w = w - learning_rate * (np.sign(c) + weight_decay * w)",
            "[c > 0] − [c < 0] is the sign of c: 1, −1, or 0 where c is 0. A step of the whole network has the length "
            "η √D, so η is about a tenth of adamw's, and λ ten times its.",
        ),
        Step(
            "v = beta2 * v_old + (1 - beta2) * dw",
            "v = beta2 * v_old + (1 - beta2) * dw",
            "The mean is brought up to date after the step: about the last 100 gradients count.",
        ),
    ),
    backward=(),
    own=stepped(lion, "v"),
    functions=(lion,),
    output="next_w",
    tests=(*TESTS, {"D": 4, "beta1": 0.5, "beta2": 0.8}, {"D": 3, "weight_decay": 0.3}),
    sources=(
        Source("Chen et al., Symbolic Discovery of Optimization Algorithms (2023)", "https://arxiv.org/abs/2302.06675"),
    ),
)
