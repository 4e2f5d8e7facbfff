"""The activations that the kernels know, as they are told of one: its kind, and its one option."""

from typing import NamedTuple

from nndl.engines.compiled import abi
from nndl.net.catalog.activation import (
    Elu,
    Gelu,
    HardSigmoid,
    HardSwish,
    LeakyRelu,
    Relu,
    Relu6,
    Sigmoid,
    Silu,
    Tanh,
)
from nndl.net.contract import Site
from nndl.net.layer import Layer

KINDS: dict[type[Layer], int] = {
    Relu: abi.RELU,
    Gelu: abi.GELU,
    Silu: abi.SILU,
    LeakyRelu: abi.LEAKY_RELU,
    Sigmoid: abi.SIGMOID,
    Tanh: abi.TANH,
    Elu: abi.ELU,
    Relu6: abi.RELU6,
    HardSigmoid: abi.HARD_SIGMOID,
    HardSwish: abi.HARD_SWISH,
}


class Act(NamedTuple):
    """An activation as a kernel takes it."""

    kind: int
    parameter: float = 0.0
    """The slope of a leaky ReLU below 0, the alpha of an ELU."""


IDENTITY, RELU = Act(abi.IDENTITY), Act(abi.RELU)


def act_of(site: Site) -> Act:
    """Return the activation in the row that runs at `site`."""
    layer = next((member.layer for member in site.row if type(member.layer) in KINDS), None)
    if isinstance(layer, LeakyRelu):
        return Act(abi.LEAKY_RELU, layer.negative_slope)
    if isinstance(layer, Elu):
        return Act(abi.ELU, layer.alpha)
    return IDENTITY if layer is None else Act(KINDS[type(layer)])
