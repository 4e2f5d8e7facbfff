"""A network behind images of another size: the same parameters, or a word on the layer that has none for it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from nndl.errors import ShapeError
from nndl.net.catalog.affine import Affine
from nndl.net.catalog.conv import Conv
from nndl.net.shapes import Placed, everything, infer_shapes
from nndl.net.types import Shape


def placed_at(shape: Shape, placed: Sequence[Placed]) -> tuple[Placed, ...]:
    """Place a network's layers behind images of another shape.

    Raises ShapeError, with its position as `where`, for the first layer that cannot take what stands before it then, or
    would have other parameters or running statistics.
    """
    there = infer_shapes([each.layer for each in placed], shape)
    before = {each.path: stored_shapes(each) for each in everything(placed)}
    for each in everything(there):
        own, needed = before.pop(each.path, {}), stored_shapes(each)
        for name in (name for name in needed if own.get(name) != needed[name]):
            wanted = " x ".join(map(str, needed[name]))
            found = " x ".join(map(str, own[name])) if name in own else "absent"
            words = f"{name} of {each.path} is {found} for images of {_size(placed[0].in_shape)}, and would be {wanted}"
            raise _at(each, f"{words} for {_size(shape)}; put global_avg_pool or global_max_pool before it")
    for each in (each for each in everything(placed) if before.get(each.path)):
        raise _at(each, f"{each.path}, which has parameters, would not be there for images of {_size(shape)}")
    return there


def _at(placed: Placed, words: str) -> ShapeError:
    error = ShapeError(words)
    error.where = placed.where
    return error


def stored_shapes(placed: Placed) -> dict[str, tuple[int, ...]]:
    """Return the shapes of a layer's own parameters and running statistics; no weights are drawn for it."""
    layer: Any = placed.layer
    layer = replace(layer, init="zeros") if isinstance(layer, Affine | Conv) else layer
    params = layer.initial_params(placed.in_shape, lambda _: np.random.default_rng(0))
    return {name: np.shape(value) for name, value in {**params, **layer.buffers(placed.in_shape)}.items()}


def _size(shape: Shape) -> str:
    return " x ".join(map(str, shape[1:]))
