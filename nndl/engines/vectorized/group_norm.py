"""Group norm, channels last: a few images at a time, a few passes over them while they are in the cache.

With t = x - mean of the group, out = scale t + beta, scale = gamma / std. Going back, over the M numbers of a group:

    dbeta = sum(g),  dgamma = sum(g t) / std,  dx = scale g - mean(gamma g) / std - t mean(gamma g t) / std^3
"""

import numpy as np

from nndl.engines.shared.layout import blocks_of, channels_first, channels_last
from nndl.engines.shared.threads import parallel_for
from nndl.engines.shared.workspace import Workspace, scratch
from nndl.net.catalog.norm import GroupNorm
from nndl.net.contract import Lowered, Site
from nndl.net.types import Array


class GroupNormStep:
    """Keeps x, and mean and deviation of each image's groups: (N, C), a number for each channel."""

    def __init__(self, site: Site) -> None:
        assert isinstance(site.layer, GroupNorm)
        self.site, self.layer = site, site.layer
        self.workspace = Workspace()

    def forward(self, x: Array) -> Array:
        self.x = channels_last(x)
        out = self.workspace.array("out", self.x.shape, x.dtype)
        self.mean, self.inverse_std = (
            self.workspace.array(n, x.shape[:2], np.float64) for n in ("mean", "inverse_std")
        )
        gamma, beta = self.layer.affine_params(self.site.params)

        def work(start: int, stop: int, thread: int) -> None:  # noqa: ARG001
            for i, j in blocks_of(out, start, stop):
                self.mean[i:j] = self._group_means(_sums(self.x[i:j]))
                centred = self._centred(i, j)
                self.inverse_std[i:j] = 1 / np.sqrt(self._group_means(_sums(centred, centred)) + self.layer.eps)
                np.multiply(_rows(centred), self._row(gamma * self.inverse_std[i:j]), out=_rows(out[i:j]))
                np.add(_rows(out[i:j]), self._row(beta[np.newaxis]), out=_rows(out[i:j]))

        parallel_for(len(x), work)
        return channels_first(out)

    def backward(self, dout: Array) -> Array | None:
        given = channels_last(dout)
        dx = self.workspace.array("dx", self.x.shape, dout.dtype)
        dbeta, dgamma = (self.workspace.array(name, self.mean.shape, np.float64) for name in ("dbeta", "dgamma"))
        gamma = self.layer.affine_params(self.site.params)[0]

        def work(start: int, stop: int, thread: int) -> None:  # noqa: ARG001
            for i, j in blocks_of(dx, start, stop):
                g, centred, inverse_std = given[i:j], self._centred(i, j), self.inverse_std[i:j]
                dbeta[i:j], dgamma[i:j] = _sums(g), _sums(g, centred) * inverse_std
                through_mean = self._group_means(gamma * dbeta[i:j]) * inverse_std
                through_std = self._group_means(gamma * dgamma[i:j]) * inverse_std**2
                np.multiply(_rows(centred), self._row(through_std), out=_rows(centred))
                np.add(_rows(centred), self._row(through_mean), out=_rows(centred))
                np.multiply(_rows(g), self._row(gamma * inverse_std), out=_rows(dx[i:j]))
                np.subtract(_rows(dx[i:j]), _rows(centred), out=_rows(dx[i:j]))

        parallel_for(len(dx), work)
        for name, parts in (("beta", dbeta), ("gamma", dgamma)):
            if name in self.site.grads:
                self.site.grads[name][...] = parts.sum(axis=0)
        return channels_first(dx) if self.site.needs_dx else None

    def _centred(self, start: int, stop: int) -> Array:
        """Subtract their groups' means from images start to stop; scratch."""
        x = self.x[start:stop]
        centred = scratch("centred", x.shape, x.dtype)
        np.subtract(_rows(x), self._row(self.mean[start:stop]), out=_rows(centred))
        return centred

    def _group_means(self, sums: Array) -> Array:
        """Return the mean of each channel's group, (N, C), from the sums of the channels (N, C)."""
        _, H, W, C = self.x.shape
        size = C // self.layer.groups
        by_group = sums.reshape(len(sums), self.layer.groups, size).sum(axis=2) / (H * W * size)
        return np.repeat(by_group, size, axis=1)

    def _row(self, numbers: Array) -> Array:
        """Repeat numbers (N, C) along a row of pixels, (N, 1, W C)."""
        N, C = numbers.shape
        W = self.x.shape[2]
        repeated = np.empty((N, W, C), self.x.dtype)
        repeated[...] = numbers[:, np.newaxis]
        return repeated.reshape(N, 1, W * C)


def _rows(x: Array) -> Array:
    """View (N, H, W, C) as (N, H, W C): long runs to compute on."""
    N, H, W, C = x.shape
    return x.reshape(N, H, W * C)


def _sums(x: Array, y: Array | None = None) -> Array:
    """Sum x, or x * y, over each image's channels: (N, H, W, C) -> (N, C) float64."""
    by_column = _rows(x).sum(axis=1) if y is None else np.einsum("nij,nij->nj", _rows(x), _rows(y))
    return by_column.reshape(len(x), *x.shape[2:]).sum(axis=1, dtype=np.float64)


def lower_group_norm(site: Site) -> Lowered:
    return Lowered(GroupNormStep(site), "nhwc", "nhwc")
