"""Activations by the compiled kernels, in whatever memory order x has."""

import numpy as np

from nndl.engines.compiled.bindings import kernels
from nndl.engines.compiled.kinds import act_of
from nndl.engines.shared.layout import channels_first, channels_last
from nndl.engines.shared.workspace import Workspace
from nndl.net.contract import Lowered, Site
from nndl.net.types import Array


class ActivationStep:
    """Keeps x and computes the slope from it on the way back."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.act = act_of(site)
        self.last = site.layout == "nhwc"
        self.workspace = Workspace()

    def forward(self, x: Array) -> Array:
        self.x = channels_last(x) if self.last else x
        return self._computed("out", None)

    def backward(self, dout: Array) -> Array | None:
        return self._computed("dx", channels_last(dout) if self.last else dout) if self.site.needs_dx else None

    def _computed(self, name: str, dout: Array | None) -> Array:
        out = self.workspace.array(name, self.x.shape, np.float32)
        kernels().activation(out.size, self.x, dout, *self.act, out)
        return channels_first(out) if self.last else out


def lower_activation(site: Site) -> Lowered:
    return Lowered(ActivationStep(site), None, site.layout)
