"""The steps that every engine shares: a layer by its definition, a change of memory order, a sum of two branches."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from nndl.net.contract import Lowered, Share, Site, Step, in_one_piece
from nndl.net.types import Array, Layout, layout_of


class PairStep:
    """A layer run by its reference pair."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.cache: Any = None

    def forward(self, x: Array) -> Array:
        """Run the pair's forward; running statistics it assigned to the param dict go into the network's buffers."""
        site = self.site
        buffers = {name: array for name, array in site.state.items() if isinstance(array, np.ndarray)}
        out, self.cache = site.layer.pair.forward(x, *site.layer.arguments(site.params, site.state))
        for name, buffer in buffers.items():
            buffer[...] = site.state[name]
            site.state[name] = buffer
        return np.ascontiguousarray(out)

    def backward(self, dout: Array) -> Array | None:
        """Run the pair's backward; what it returns after dx goes to the gradients of the same names."""
        site = self.site
        result = site.layer.pair.backward(dout, self.cache)
        dx, *dparams = result if isinstance(result, tuple) else (result,)
        for name, gradient in zip(site.layer.gradients, dparams, strict=True):
            if name in site.grads:
                site.grads[name][...] = gradient
        return np.ascontiguousarray(dx) if site.needs_dx else None


def lower_by_definition(site: Site) -> Lowered:
    """Lower to the layer's pair: what the reference engine always does, and others where they have no other way."""
    return Lowered(PairStep(site), layout_of(site.shape), layout_of(site.out_shape))


class ConvertStep:
    """Bring a batch of images from one memory order into another; the logical shape stays (N, C, H, W)."""

    def __init__(self, source: Layout, target: Layout) -> None:
        self.source = source
        self.target = target

    def forward(self, x: Array) -> Array:
        return _in_layout(x, self.target)

    def backward(self, dout: Array) -> Array:
        return _in_layout(dout, self.source)


def _in_layout(x: Array, layout: Layout) -> Array:
    if layout == "nhwc":
        return np.ascontiguousarray(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    return np.ascontiguousarray(x)


def _empty(layout: Layout, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """Return memory for a batch (N, C, H, W) or (N, D), in this order."""
    if layout != "nhwc":
        return np.empty(shape, dtype)
    N, C, H, W = shape
    return np.empty((N, H, W, C), dtype).transpose(0, 3, 1, 2)


class BlockStep:
    """Branches, each a chain of steps that is given the same x and gives the same memory order; dx is their sum."""

    def __init__(self, branches: Sequence[Step], share: Share = in_one_piece) -> None:
        self.branches = list(branches)
        self.share = share
        self._kept: dict[str, Array] = {}

    def forward(self, x: Array) -> Array:
        return self.meet([branch.forward(x) for branch in self.branches])

    def backward(self, dout: Array) -> Array | None:
        parts = self.part(dout)
        dxs = [branch.backward(part) for branch, part in zip(self.branches, parts, strict=True)]
        there = [dx for dx in dxs if dx is not None]
        return self.sum("dx", there) if len(there) == len(dxs) else None

    def meet(self, given: Sequence[Array]) -> Array:
        """Return what the branches give together."""
        raise NotImplementedError

    def part(self, dout: Array) -> Sequence[Array]:
        """Return the gradient of what each branch gave."""
        raise NotImplementedError

    def kept(self, name: str, like: Array) -> Array:
        """Return memory of the shape and order of `like`, the same as long as those are."""
        out = self._kept.get(name)
        if out is None or out.shape != like.shape or out.strides != np.empty_like(like[:1]).strides:
            out = self._kept[name] = np.empty_like(like)
        return out

    def sum(self, name: str, terms: Sequence[Array]) -> Array:
        """Add arrays, two or more, in memory that is kept: a large fresh one's page faults take longer than adding."""
        first, second, *rest = terms
        out = self.kept(name, first)

        def add(start: int, stop: int, thread: int) -> None:
            del thread
            np.add(first[start:stop], second[start:stop], out=out[start:stop])
            for other in rest:
                out[start:stop] += other[start:stop]

        self.share(len(first), add)
        return out


class SumStep(BlockStep):
    """out = the sum of what the branches give."""

    def meet(self, given: Sequence[Array]) -> Array:
        return self.sum("out", given)

    def part(self, dout: Array) -> Sequence[Array]:
        return [dout] * len(self.branches)


class ConcatStep(BlockStep):
    """out = what the branches give, channels behind channels."""

    def __init__(self, branches: Sequence[Step], gives: Layout, share: Share = in_one_piece) -> None:
        super().__init__(branches, share)
        self.gives = gives
        self._places: list[slice] = []

    def meet(self, given: Sequence[Array]) -> Array:
        ends = [sum(each.shape[1] for each in given[: count + 1]) for count in range(len(given))]
        self._places = [slice(end - each.shape[1], end) for end, each in zip(ends, given, strict=True)]
        N, _, *sides = given[0].shape
        out = self.kept("out", _empty(self.gives, (N, ends[-1], *sides), given[0].dtype))
        self._copy([(out[:, place], each) for place, each in zip(self._places, given, strict=True)])
        return out

    def part(self, dout: Array) -> Sequence[Array]:
        """Cut dout: steps take whole arrays, so theirs are copies; an empty branch's is only added to."""
        cuts = [dout[:, place] for place in self._places]
        parts = [
            self.kept(f"dout{number}", cut) if getattr(branch, "steps", True) else cut
            for number, (branch, cut) in enumerate(zip(self.branches, cuts, strict=True))
        ]
        self._copy([(part, cut) for part, cut in zip(parts, cuts, strict=True) if part is not cut])
        return parts

    def _copy(self, pairs: Sequence[tuple[Array, Array]]) -> None:
        """Copy arrays into arrays, all of the images of a share at a time."""

        def copy(start: int, stop: int, thread: int) -> None:
            del thread
            for target, source in pairs:
                target[start:stop] = source[start:stop]

        if pairs:
            self.share(len(pairs[0][0]), copy)
