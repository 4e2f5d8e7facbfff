"""Shapes through a network, before any array exists: every layer gets a path and the shape that stands before it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from nndl.errors import ConfigError, ShapeError
from nndl.net.catalog.residual import Residual
from nndl.net.layer import Layer
from nndl.net.types import Shape


@dataclass(frozen=True)
class Placed:
    """A layer in its place in a network."""

    layer: Layer
    path: str
    """The name its parameters start with: "conv1", "residual1.conv2"."""
    where: tuple[int, ...]
    """Its position in the list of layers; (3, 1) is the second layer inside the block that is the fourth."""
    in_shape: Shape
    out_shape: Shape
    body: "tuple[Placed, ...]" = ()
    """The layers inside a residual block."""
    shortcut: "tuple[Placed, ...]" = ()
    """The projection of a residual block, if it needs one."""

    def walk(self) -> "Iterator[Placed]":
        """Yield this layer and all inside it."""
        yield self
        for inner in (*self.body, *self.shortcut):
            yield from inner.walk()


def everything(placed: Iterable[Placed]) -> Iterator[Placed]:
    """Walk through all layers in order, those inside a block right behind it."""
    for outer in placed:
        yield from outer.walk()


def infer_shapes(
    layers: Sequence[Layer], input_shape: Shape, prefix: str = "", where: tuple[int, ...] = ()
) -> tuple[Placed, ...]:
    """Place each layer behind the one before it.

    Raises ShapeError for the first layer that cannot take the shape before it, with its position as `where`, and
    ConfigError (with `where` too) when two layers have the same name.
    """
    placed: list[Placed] = []
    seen: Counter[str] = Counter()
    shape = input_shape
    for index, layer in enumerate(layers):
        seen[layer.kind] += 1
        path = prefix + (layer.name or f"{layer.kind}{seen[layer.kind]}")
        here = (*where, index)
        if any(path == other.path for other in placed):
            raise _at(here, ConfigError(f"two layers are named {path!r}; give one of them another name"))
        try:
            placed.append(_place(layer, path, here, shape))
        except ShapeError as error:
            raise _at(here, error) from None
        shape = placed[-1].out_shape
    return tuple(placed)


def _place(layer: Layer, path: str, where: tuple[int, ...], shape: Shape) -> Placed:
    if not isinstance(layer, Residual):
        return Placed(layer, path, where, shape, layer.out_shape(shape))
    body = infer_shapes(layer.layers, shape, f"{path}.", where)
    out_shape = body[-1].out_shape if body else shape
    shortcut = infer_shapes(layer.shortcut(shape, out_shape), shape, f"{path}.", where)
    return Placed(layer, path, where, shape, out_shape, body, shortcut)


def _at(where: tuple[int, ...], error: ConfigError) -> ConfigError:
    """Return `error` with the position of the innermost layer it is about."""
    if error.where is None:
        error.where = where
    return error
