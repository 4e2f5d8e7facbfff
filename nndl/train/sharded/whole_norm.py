"""Batch norm over the whole of a batch in shards: its statistics are brought together along the tree.

With n numbers of mean m and squared deviations q on the left, and the same on the right, both have (Chan et al. 1979)

    n + n',    m + (m' - m) n' / (n + n'),    q + q' + (m' - m)^2 n n' / (n + n')

Going back, dgamma = sum(g x_hat) and dbeta = sum(g) over all shards give dx; a shard's own go into its gradients.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from nndl.net.catalog.norm import Bn, SpatialBn
from nndl.net.contract import Engine, Lowered, Site
from nndl.net.running import move_averages
from nndl.net.steps import lower_by_definition
from nndl.net.types import Array
from nndl.train.sharded.cut import add_up

Meet = Callable[[Array], Array]
"""meet(values (K,)) -> those of all shards, (shards, K)"""

NORMS = (SpatialBn, Bn)


class WholeNormStep:
    """A batch norm that meets the other shards, forward and backward."""

    def __init__(self, site: Site, meet: Meet) -> None:
        assert isinstance(site.layer, NORMS)
        self.site, self.layer, self.meet = site, site.layer, meet

    def forward(self, x: Array) -> Array:
        axes = self._axes(x)
        mean = x.mean(axis=axes, dtype=np.float64)
        deviations = np.square(x - self._along(mean, x), dtype=np.float64).sum(axis=axes)
        numbers = np.array([x.size / x.shape[1]])
        count, mean, deviations = _moments(self.meet(np.concatenate([numbers, mean, deviations])))
        var = deviations / count
        move_averages(self.site, count, mean, var)
        self._count, self._inverse_std = count, 1 / np.sqrt(var + self.layer.eps)
        self._x_hat = (x - self._along(mean, x)) * self._along(self._inverse_std, x)
        gamma, beta = self.layer.affine_params(self.site.params)
        return self._x_hat * self._along(gamma, x) + self._along(beta, x)

    def backward(self, dout: Array) -> Array | None:
        axes, x_hat = self._axes(dout), self._x_hat
        own = np.stack([(dout * x_hat).sum(axis=axes, dtype=np.float64), dout.sum(axis=axes, dtype=np.float64)])
        for name, gradient in zip(("gamma", "beta"), own, strict=True):
            if name in self.site.grads:
                self.site.grads[name][...] = gradient
        dgamma, dbeta = _total(self.meet(own.reshape(-1))).reshape(own.shape) / self._count
        gamma, _ = self.layer.affine_params(self.site.params)
        line = x_hat * self._along(dgamma, dout) + self._along(dbeta, dout)
        return (dout - line) * self._along(gamma * self._inverse_std, dout)

    @staticmethod
    def _axes(x: Array) -> tuple[int, ...]:
        return tuple(axis for axis in range(x.ndim) if axis != 1)

    @staticmethod
    def _along(values: Array, x: Array) -> Array:
        """Return the values (C,) in x's dtype, to be used with x (N, C, ...)."""
        return values.astype(x.dtype).reshape(1, -1, *[1] * (x.ndim - 2))


def _moments(brought: Array) -> tuple[float, Array, Array]:
    """Bring count, mean (C,) and squared deviations (C,) of the shards together."""

    def add(left: Array, right: Array) -> Array:
        n, m, q = _split(left)
        n2, m2, q2 = _split(right)
        both, apart = n + n2, m2 - m
        return np.concatenate([[both], m + apart * n2 / both, q + q2 + np.square(apart) * n * n2 / both])

    return _split(add_up({(i, i + 1): each for i, each in enumerate(brought)}, add, (0, len(brought))))


def _split(moments: Array) -> tuple[float, Array, Array]:
    channels = moments.size // 2
    return float(moments[0]), moments[1 : 1 + channels], moments[1 + channels :]


def _total(brought: Array) -> Array:
    leaves = {(i, i + 1): each for i, each in enumerate(brought)}
    return add_up(leaves, lambda left, right: left + right, (0, len(brought)))


def over_all_shards(engine: Engine, meet: Meet) -> Engine:
    """Return the engine with batch norms that meet the other shards, each as a step of its own; ghosts meet nobody."""

    def lower(site: Site) -> Lowered:
        if isinstance(site.layer, NORMS) and site.layer.ghost_batch_size:
            return engine.lowerings.get(type(site.layer), lower_by_definition)(site)
        return Lowered(WholeNormStep(site, meet), None, site.layout)

    rules = tuple(rule for rule in engine.rules if not set(rule.pattern) & set(NORMS))
    return replace(engine, lowerings={**engine.lowerings, **dict.fromkeys(NORMS, lower)}, rules=rules)
