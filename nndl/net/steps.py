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


class BlockStep:
    """Branches, each a chain of steps that is given the same x and gives the same memory order; dx is their sum."""

    def __init__(self, branches: Sequence[Step], share: Share = in_one_piece) -> None:
        self.branches = list(branches)
        self.share = share
        self._sums: dict[str, Array] = {}

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

    def sum(self, name: str, terms: Sequence[Array]) -> Array:
        """Add arrays, two or more, in memory that is kept: a large fresh one's page faults take longer than adding."""
        first, second, *rest = terms
        out = self._sums.get(name)
        if out is None or out.shape != first.shape or out.strides != np.empty_like(first[:1]).strides:
            out = self._sums[name] = np.empty_like(first)

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
