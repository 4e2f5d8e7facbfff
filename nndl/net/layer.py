"""A layer is a description: its options, the shape it gives, its first parameters. The arithmetic is its pair's."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from nndl.described import Described
from nndl.errors import ShapeError
from nndl.net.types import Array, Shape, Streams


class Pair(NamedTuple):
    """The definition of a layer: plain NumPy, in the courses' notation."""

    forward: Callable[..., tuple[Array, Any]]
    """forward(x, *arguments) -> (out, cache)"""
    backward: Callable[..., Any]
    """backward(dout, cache) -> dx, or (dx, dw, db, ...)"""


@dataclass(frozen=True, kw_only=True)
class Layer(Described):
    """A layer without its arrays: two equal descriptions are the same layer.

    A subclass names its definition (`pair`), what that needs after x (`arguments`) and what its backward half returns
    after dx (`gradients`).
    """

    pair: ClassVar[Pair]
    gradients: ClassVar[tuple[str, ...]] = ()
    """The parameters whose gradients backward returns after dx, in order."""
    decays: ClassVar[tuple[str, ...]] = ()
    """The parameters that L2 regularisation acts on: weights, as in the courses, not biases or normalisation."""
    draws: ClassVar[bool] = False
    """True where training draws random numbers: the plan then puts a generator in the param dict as "rng"."""

    lowerings: ClassVar[Mapping[str, Callable[[Any], Any]]] = {}
    """Faster ways that a layer of one's own brings, by the engine's name (nndl.net.contract.Lowering)."""
    example: ClassVar[Mapping[str, Any]] = {}
    """The options that a layer of one's own is checked with by its name alone, where some have no default."""

    name: str | None = None
    """The name used for this layer's parameters; by default its kind and a running number (conv1, conv2)."""

    def out_shape(self, shape: Shape) -> Shape:
        """Return the shape of one example after this layer; raises ShapeError when the layer cannot take `shape`."""
        return shape

    def initial_params(self, shape: Shape, random: Streams) -> dict[str, Array]:  # noqa: ARG002
        """Return the parameters to start from, float64, in the courses' shapes."""
        return {}

    def buffers(self, shape: Shape) -> dict[str, Array]:  # noqa: ARG002
        """Return the arrays that training updates without a gradient: running statistics."""
        return {}

    def drawn(self, shape: Shape) -> Shape:
        """Return the shape of the random numbers drawn for one example, where any are: one for each of its own."""
        return shape

    def options(self) -> dict[str, Any]:
        """Return the constants of the courses' param dict: stride and pad, eps and momentum, p."""
        return {}

    def arguments(self, params: Mapping[str, Array], param_dict: dict[str, Any]) -> tuple[Any, ...]:  # noqa: ARG002
        """Return the courses' arguments that follow x."""
        return ()

    def in_evaluation(self) -> "Layer":
        """Return the layer to plan evaluation with: this one without the options that matter in training alone."""
        return self

    def is_plain(self) -> bool:
        """Tell whether its options are those of the courses, which every fast way knows, and no further ones."""
        return True

    def macs(self, shape: Shape) -> int:  # noqa: ARG002
        """Count the multiply-adds of the forward pass for one example."""
        return 0


def images(layer: Layer, shape: Shape) -> tuple[int, int, int]:
    """Return `shape` as (C, H, W); raises ShapeError when it is not that of an image."""
    if len(shape) != 3:
        raise ShapeError(
            f"{layer.kind} needs images (C, H, W), but {describe(shape)} stand before it; "
            "put it before flatten, affine and global pools"
        )
    return shape[0], shape[1], shape[2]


def vectors(layer: Layer, shape: Shape) -> int:
    """Return D of `shape` (D,); raises ShapeError when it is not that of a vector."""
    if len(shape) != 1:
        raise ShapeError(
            f"{layer.kind} needs vectors (D,), but {describe(shape)} stand before it; put flatten before it"
        )
    return shape[0]


def describe(shape: Shape) -> str:
    """Return a shape in words: "images 3 x 32 x 32", "vectors of 128"."""
    return f"vectors of {shape[0]}" if len(shape) == 1 else "images " + " x ".join(map(str, shape))
