"""Gradient descent and its momenta, explained: sgd, sgd_momentum, sgd_nesterov_momentum, sgd_pytorch."""

from collections.abc import Callable
from typing import Any

from nndl.explain.record import Explanation, Given, Source, Step, Values
from nndl.net.types import Array
from nndl.optim import sgd, sgd_momentum, sgd_nesterov_momentum, sgd_pytorch

W = Given("w", "D", "the weights", [1, -2, 0.5])
DW = Given("dw", "D", "the gradient of the loss by them", [0.4, -1, 2])
VELOCITY = Given("velocity_old", "D", "the velocity after the step before; zeros at first", [-0.1, 0.2, 0.3])
TESTS = ({"D": 5}, {"D": 1, "learning_rate": 0.5})
CS231N = Source("CS231n, Neural networks: parameter updates", "https://cs231n.github.io/neural-networks-3/#sgd")


def stepped(rule: Callable[..., Any], *memory: str) -> Callable[[Values], dict[str, Array]]:
    """Return `own` of a rule whose config remembers these names, and takes the other values as settings."""

    def own(values: Values) -> dict[str, Array]:
        settings = {name: value for name, value in values.items() if isinstance(value, float | int) and name != "D"}
        kept = {name: values[f"{name}_old"] for name in memory}
        next_w, config = rule(values["w"], values["dw"], {**settings, **kept})
        return {"next_w": next_w, **{name: config[name] for name in memory}}

    return own


SGD = Explanation(
    name="sgd",
    title="Stochastic gradient descent",
    summary=(
        "The gradient says in which direction the loss rises fastest. A small step against it lowers the loss of this "
        "batch; η is the learning rate."
    ),
    config="train: {optimizer: {sgd: {learning_rate: 0.01}}}",
    given=(W, DW),
    constants={"learning_rate": 0.1},
    forward=(
        Step(
            "next_w = w - learning_rate * dw",
            "next_w = w - learning_rate * dw",
            "To first order the loss changes by dw · (next_w − w) = −η |dw|², which is never above 0. How far that is "
            "true depends on the curvature: with too large an η the step jumps over the valley.",
        ),
    ),
    backward=(),
    own=stepped(sgd),
    functions=(sgd,),
    output="next_w",
    tests=TESTS,
    sources=(
        Source(
            "Robbins and Monro, A Stochastic Approximation Method (1951)", "https://doi.org/10.1214/aoms/1177729586"
        ),
        CS231N,
    ),
    aliases=("gradient_descent", "vanilla"),
)

SGD_MOMENTUM = Explanation(
    name="sgd_momentum",
    title="Momentum",
    summary=(
        "The gradient is a force, not a step: it pushes a velocity, and the velocity moves the weights. ρ is the "
        "share of the velocity that is kept, η the learning rate."
    ),
    config="train: {optimizer: {sgd_momentum: {learning_rate: 0.01, momentum: 0.9}}}",
    given=(W, DW, VELOCITY),
    constants={"learning_rate": 0.1, "momentum": 0.9},
    forward=(
        Step(
            "velocity = momentum * velocity_old - learning_rate * dw",
            "velocity = momentum * velocity_old - learning_rate * dw",
            "A running sum of all gradients, each weighted by ρ once for every step since. Under a constant gradient "
            "it grows to −η dw / (1 − ρ): ten times the step of sgd for ρ = 0.9. Gradients that change their sign "
            "cancel.",
        ),
        Step("next_w = w + velocity", "next_w = w + velocity", "The velocity has its sign already: it is added."),
    ),
    backward=(),
    own=stepped(sgd_momentum, "velocity"),
    functions=(sgd_momentum,),
    output="next_w",
    tests=(*TESTS, {"D": 4, "momentum": 0.5}),
    notes=(
        "PyTorch keeps v = ρ v + dw and steps by −η v. Both are the same while η is constant; here a change of η acts "
        "on new gradients only.",
    ),
    sources=(
        Source(
            "Polyak, Some methods of speeding up the convergence (1964)", "https://doi.org/10.1016/0041-5553(64)90137-5"
        ),
        Source(
            "Sutskever et al., On the importance of initialization and momentum (2013)",
            "https://proceedings.mlr.press/v28/sutskever13.html",
        ),
        CS231N,
    ),
    aliases=("momentum",),
)

SGD_NESTEROV_MOMENTUM = Explanation(
    name="sgd_nesterov_momentum",
    title="Nesterov momentum",
    summary=(
        "As momentum, but the gradient is taken at the point to which the velocity is about to carry the weights. "
        "Written here so that w IS that point ahead, and dw its gradient: no second set of weights is needed."
    ),
    config="train: {optimizer: {sgd_nesterov_momentum: {learning_rate: 0.01, momentum: 0.9}}}",
    given=(W, DW, VELOCITY),
    constants={"learning_rate": 0.1, "momentum": 0.9},
    forward=(
        Step(
            "velocity = momentum * velocity_old - learning_rate * dw",
            "velocity = momentum * velocity_old - learning_rate * dw",
            "As in momentum.",
        ),
        Step(
            "next_w = w + velocity + momentum * (velocity - velocity_old)",
            "next_w = w + velocity + momentum * (velocity - velocity_old)",
            "Call the weights proper z; w = z + ρ v_old is the point ahead. The step is z + v, and the next point "
            "ahead is z + v + ρ v = w − ρ v_old + v + ρ v.",
        ),
        Step(
            "next_w = w + momentum * velocity - learning_rate * dw",
            "next_w = w + momentum * velocity - learning_rate * dw",
            "The same, with v − ρ v_old = −η dw put in.",
        ),
    ),
    backward=(),
    own=stepped(sgd_nesterov_momentum, "velocity"),
    functions=(sgd_nesterov_momentum,),
    output="next_w",
    tests=(*TESTS, {"D": 4, "momentum": 0.5}),
    sources=(
        Source(
            "Nesterov, A method of solving a convex programming problem (1983)", "https://www.mathnet.ru/eng/dan46009"
        ),
        Source(
            "Bengio, Boulanger-Lewandowski and Pascanu, Advances in Optimizing Recurrent Networks (2012)",
            "https://arxiv.org/abs/1212.0901",
        ),
        CS231N,
    ),
    aliases=("nesterov", "nesterov_momentum", "nag"),
)


SGD_PYTORCH = Explanation(
    name="sgd_pytorch",
    title="SGD as PyTorch has it",
    summary=(
        "torch.optim.SGD to the letter: λ w is added to the gradient before anything else, and the velocity is a sum "
        "of gradients that η multiplies when the step is taken. ρ is the momentum."
    ),
    config="train: {optimizer: {sgd_pytorch: {learning_rate: 0.1, momentum: 0.9, weight_decay: 0.0005}}}",
    given=(W, DW, VELOCITY),
    constants={"learning_rate": 0.1, "momentum": 0.9, "dampening": 0.0, "weight_decay": 0.01},
    forward=(
        Step(
            "g = dw + weight_decay * w",
            "g = dw + weight_decay * w",
            "The gradient of loss + λ/2 |w|²: coupled decay, of every parameter, biases and γ and β included.",
        ),
        Step(
            "velocity = momentum * velocity_old + (1 - dampening) * g",
            "velocity = momentum * velocity_old + (1 - dampening) * g",
            "The decay adds up in the velocity too, to λ w / (1 − ρ). At the very first step the velocity is g itself, "
            "whatever the dampening.",
        ),
        Step(
            "next_w = w - learning_rate * velocity",
            "next_w = w - learning_rate * velocity",
            "A change of η acts on all of the velocity at once; in sgd_momentum, on new gradients only.",
        ),
    ),
    backward=(),
    own=stepped(sgd_pytorch, "velocity"),
    functions=(sgd_pytorch,),
    output="next_w",
    tests=(*TESTS, {"D": 4, "momentum": 0.5, "dampening": 0.5}, {"D": 3, "weight_decay": 0.3}),
    notes=("With nesterov the step is g + ρ v instead of v.",),
    sources=(
        Source("PyTorch, torch.optim.SGD", "https://docs.pytorch.org/docs/stable/generated/torch.optim.SGD.html"),
        CS231N,
    ),
)
