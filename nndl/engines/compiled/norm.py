"""Batch norm by the compiled kernels, for images and vectors, with the activation behind it.

out = act(scale (x - mean) + shift), three numbers for each channel; kernels/norm.c has the algebra of the way back.
"""

from dataclasses import dataclass, field

import numpy as np

from nndl.engines.compiled.bindings import kernels
from nndl.engines.compiled.kinds import act_of
from nndl.engines.compiled.sums import gradient_sums, moments
from nndl.engines.shared.ghost import in_parts
from nndl.engines.shared.layout import channels_first, channels_last
from nndl.engines.shared.workspace import Workspace
from nndl.net.catalog.norm import Bn, SpatialBn
from nndl.net.contract import Lowered, Site
from nndl.net.running import move_averages
from nndl.net.types import Array, Layout

FAR = 100.0
"""mean^2 / var from which the statistics are taken again, centred: E[x^2] - E[x]^2 would lose more than 1e-5."""


@dataclass
class Line:
    """The batch norm of one pass as scale (x - mean) + shift: (C,) float64, and float32 for the kernels.

    On the way back dx = scale (g - k (x - mean) - c), with k and c (C,) float32.
    """

    mean: Array
    inverse_std: Array
    scale: Array
    shift: Array
    k: Array = field(init=False)
    c: Array = field(init=False)

    def __post_init__(self) -> None:
        self.mean32, self.scale32, self.shift32 = (
            np.asarray(v, np.float32) for v in (self.mean, self.scale, self.shift)
        )


class BatchNorm:
    """The arithmetic on one number per channel, in float64."""

    def __init__(self, site: Site) -> None:
        assert isinstance(site.layer, SpatialBn | Bn)
        self.layer, self.site = site.layer, site

    def in_training(self, x: Array, sums: Array) -> Line:
        """Return the line from x (rows, C) and its sums (2, C) of x and x^2; moves the running averages."""
        count = len(x)
        mean = sums[0] / count
        var = np.maximum(sums[1] / count - mean * mean, 0)
        if np.any(mean * mean > FAR * var):
            mean, var = centred_statistics(x, mean)
        move_averages(self.site, count, mean, var)
        return self._line(mean, var)

    def in_evaluation(self) -> Line:
        """Return the line by the running averages."""
        return self._line(self.site.state["running_mean"].astype(np.float64), self.site.state["running_var"])

    def sign(self) -> Array:
        """Return 1 for channels that keep the order of their numbers, -1 if they turn it, 0 if all become equal."""
        return np.sign(self.layer.affine_params(self.site.params)[0])

    def _line(self, mean: Array, var: Array) -> Line:
        gamma, beta = self.layer.affine_params(self.site.params)
        inverse_std = 1 / np.sqrt(var.astype(np.float64) + self.layer.eps)
        return Line(mean, inverse_std, gamma * inverse_std, beta)

    def backward(self, line: Line, count: int, sums: Array) -> None:
        """Write dgamma, dbeta and the line's k and c from the sums (2, C) of g and g (x - mean)."""
        dbeta, dgamma = sums[0], sums[1] * line.inverse_std
        grads = self.site.grads
        if "gamma" in grads:
            grads["gamma"][...] = dgamma
        if "beta" in grads:
            grads["beta"][...] = dbeta
        line.k, line.c = (np.asarray(v / count, np.float32) for v in (line.inverse_std * dgamma, dbeta))


def centred_statistics(x: Array, mean: Array) -> tuple[Array, Array]:
    """Compute mean and biased variance of x (rows, C), from numbers centred on a first estimate of the mean."""
    pivot = mean.astype(np.float32)
    shift, square = moments(x, pivot) / len(x)
    return pivot + shift, np.maximum(square - shift * shift, 0)


class NormStep:
    """[spatial_bn] or [bn], or either with an activation."""

    def __init__(self, site: Site) -> None:
        self.norm = BatchNorm(site.row[0])
        self.act = act_of(site)
        self.site = site
        self.images = len(site.shape) == 3
        self.workspace = Workspace()

    def forward(self, x: Array) -> Array:
        values = self._inside(x)
        return self._as_given(self.normalise(values, self.line(values)))

    def forward_into(self, x: Array, out: Array) -> None:
        """Write the output; the room for it is given."""
        values = self._inside(x)
        self.normalise(values, self.line(values), self._inside(out))

    def line(self, x: Array) -> Line:
        """Return the line of this pass over x (..., C)."""
        if self.site.mode == "test":
            return self.norm.in_evaluation()
        rows = x.reshape(-1, x.shape[-1])
        return self.norm.in_training(rows, moments(rows))

    def normalise(self, x: Array, line: Line, out: Array | None = None) -> Array:
        """Compute act(scale (x - mean) + shift) of x (..., C)."""
        self.x, self.a = x, line
        C, out = x.shape[-1], self.workspace.array("out", x.shape, np.float32) if out is None else out
        kernels().norm_forward(x.size // C, C, x, line.mean32, line.scale32, line.shift32, *self.act, out)
        return out

    def backward(self, dout: Array) -> Array | None:
        dx = self.workspace.array("dx", self.x.shape, np.float32)
        self.pass_back(self._inside(dout), dx)
        return self._as_given(dx)

    def backward_into(self, dout: Array, dx: Array) -> None:
        """Write dx, which is given."""
        self.pass_back(self._inside(dout), self._inside(dx))

    def pass_back(self, dout: Array, dx: Array) -> None:
        """Write dx, which may be the memory of x."""
        a, C = self.a, dout.shape[-1]
        rows = dout.size // C
        self.norm.backward(a, rows, self.sums_back(dout))
        kernels().norm_backward(rows, C, self.x, a.mean32, dout, a.scale32, a.shift32, a.k, a.c, *self.act, dx)

    def sums_back(self, dout: Array) -> Array:
        """Return the sums (2, C) of g and g (x - mean)."""
        return gradient_sums(self.x, dout, self.act, self.a.mean32, self.a.scale32, self.a.shift32)

    def _inside(self, x: Array) -> Array:
        return channels_last(x) if self.images else x

    def _as_given(self, x: Array) -> Array:
        return channels_first(x) if self.images else x


def lower_norm(site: Site) -> Lowered:
    """Lower batch norm alone, or with an activation."""
    layout: Layout = "nhwc" if len(site.shape) == 3 else "flat"
    return Lowered(in_parts(site, NormStep), layout, layout)
