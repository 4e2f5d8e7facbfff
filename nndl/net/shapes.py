"""Shapes through a network, before any array exists: every layer gets a path and the shape that stands before it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any

from nndl.errors import ConfigError, ShapeError, Where
from nndl.net.catalog.block import Block, Branch
from nndl.net.layer import Layer
from nndl.net.types import Shape


@dataclass(frozen=True)
class Placed:
    """A layer in its place in a network."""

    layer: Layer
    path: str
    """The name its parameters start with: "conv1", "residual1.conv2"."""
    where: Where
    """Its position in the list of layers; (3, 1) is the second layer inside the block that is the fourth, (3, "new", 1)
    that of the block's branch called new."""
    in_shape: Shape
    out_shape: Shape
    branches: "tuple[tuple[Placed, ...], ...]" = ()
    """The layers inside a block, branch by branch: of a residual one its own, then those of its shortcut."""

    def walk(self) -> "Iterator[Placed]":
        """Yield this layer and all inside it."""
        yield self
        for branch in self.branches:
            yield from everything(branch)


def everything(placed: Iterable[Placed]) -> Iterator[Placed]:
    """Walk through all layers in order, those inside a block right behind it."""
    for outer in placed:
        yield from outer.walk()


def infer_shapes(
    layers: Sequence[Layer], input_shape: Shape, prefix: str = "", where: Where = ()
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
        path = prefix + (layer.name or _numbered(layer.kind, seen[layer.kind]))
        here = (*where, index)
        if any(path == other.path for other in placed):
            raise _at(here, ConfigError(f"two layers are named {path!r}; give one of them another name"))
        try:
            placed.append(_place(layer, path, here, shape))
        except ShapeError as error:
            raise _at(here, error) from None
        shape = placed[-1].out_shape
    return tuple(placed)


def _numbered(kind: str, number: int) -> str:
    """Return conv1, and relu6_1: relu61 would be the 61st relu."""
    return f"{kind}_{number}" if kind[-1].isdigit() else f"{kind}{number}"


def _place(layer: Layer, path: str, where: Where, shape: Shape) -> Placed:
    if not isinstance(layer, Block):
        return Placed(layer, path, where, shape, _given(layer, shape))
    rows = layer.branches_of()
    branches = [infer_shapes(row.layers, shape, _prefix(path, row), row.inside(where)) for row in rows]
    given = [branch[-1].out_shape if branch else shape for branch in branches]
    for row, other in zip(rows[1:], given[1:], strict=True):
        if not layer.fits(given[0], other):
            error = ShapeError(layer.apart((rows[0].name, row.name), (given[0], other)))
            error.also = _end(where, rows[0])
            raise _at(_end(where, row), error)
    own = layer.own_branch(shape, given)
    if own is not None:
        branches.append(infer_shapes(own, shape, f"{path}.", where))
    return Placed(layer, path, where, shape, layer.met(given), tuple(branches))


def _given(layer: Layer, shape: Shape) -> Shape:
    """Return the shape that a layer gives; raises ShapeError where its rule, which may be anybody's, gives none."""
    given: Any = layer.out_shape(shape)
    is_row = isinstance(given, tuple | list) and len(given) in (1, 3)
    if not (is_row and all(isinstance(size, Integral) and int(size) >= 1 for size in given)):
        shown = "(16, 32, 32) of images or (128,) of vectors"
        raise ShapeError(f"{layer.kind}: out_shape gives {given!r}; it is a tuple of whole numbers from 1, {shown}")
    return tuple(map(int, given))


def _prefix(path: str, row: Branch) -> str:
    return f"{path}.{row.name}." if row.name else f"{path}."


def _end(where: Where, row: Branch) -> Where:
    """Return the position of a branch's last layer; of an empty one's, its own."""
    inside = row.inside(where)
    return (*inside, len(row.layers) - 1) if row.layers else inside


def _at(where: Where, error: ConfigError) -> ConfigError:
    """Return `error` with the position of the innermost layer it is about."""
    if error.where is None:
        error.where = where
    return error
