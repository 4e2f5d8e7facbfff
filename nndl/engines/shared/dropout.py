"""Dropout in whatever memory order x has; which numbers stay is what the definition draws, number for number."""

import numpy as np

from nndl.engines.shared.layout import channels_first, channels_last
from nndl.engines.shared.workspace import Workspace
from nndl.net.catalog.simple import Dropout
from nndl.net.contract import Lowered, Site
from nndl.net.types import Array


class DropoutStep:
    """In training; keeps a byte for each number: 1 where it stays, 0 where it goes."""

    def __init__(self, site: Site) -> None:
        assert isinstance(site.layer, Dropout)
        self.site, self.p = site, site.layer.p
        self.last = site.layout == "nhwc"
        self.workspace = Workspace()

    def forward(self, x: Array) -> Array:
        x = channels_last(x) if self.last else x
        self.kept = self.workspace.array("kept", x.shape, np.uint8)
        random = self.site.state["rng"]
        if isinstance(random.bit_generator, np.random.Philox):
            self.draw(len(x), random)
        else:
            kept = random.random((len(x), *self.site.shape)) < self.p
            self.kept[...] = channels_last(kept) if self.last else kept
        return self._times_mask("out", x)

    def backward(self, dout: Array) -> Array | None:
        return self._times_mask("dx", channels_last(dout) if self.last else dout) if self.site.needs_dx else None

    def _times_mask(self, name: str, x: Array) -> Array:
        out = self.workspace.array(name, x.shape, x.dtype)
        self.multiply(x, out)
        return channels_first(out) if self.last else out

    def draw(self, count: int, random: np.random.Generator) -> None:
        """Write `kept`: what of `count` examples stays, drawn in the order (N, C, H, W) from a network's generator."""
        raise NotImplementedError

    def multiply(self, x: Array, out: Array) -> None:
        """Compute out = x kept / p."""
        raise NotImplementedError


class NoStep:
    """A layer that does nothing in evaluation."""

    def forward(self, x: Array) -> Array:
        return x

    def backward(self, dout: Array) -> Array | None:
        return dout


def lower_dropout(site: Site, step: type[DropoutStep]) -> Lowered:
    """Lower to an engine's step in training, to nothing in evaluation."""
    return Lowered(step(site) if site.mode == "train" else NoStep(), None, site.layout)
