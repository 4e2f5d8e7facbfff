"""The running averages of batch norm, which every engine moves alike."""

from collections.abc import Iterable

from nndl.net.catalog.norm import Bn, SpatialBn
from nndl.net.contract import Site
from nndl.net.params import Params
from nndl.net.shapes import Placed
from nndl.net.types import Array


def move_averages(site: Site, count: float, mean: Array, var: Array) -> None:
    """Move running_mean and running_var (C,) by a batch: `count` numbers a channel, their mean and biased variance."""
    layer = site.layer
    assert isinstance(layer, SpatialBn | Bn)
    unbiased = var * count / max(count - 1, 1) if layer.unbiased else var
    for name, value in (("running_mean", mean), ("running_var", unbiased)):
        running = site.state[name]
        running[...] = layer.momentum * running + (1 - layer.momentum) * value


def as_first(layers: Iterable[Placed], buffers: Params) -> None:
    """Make of averages that began at 0 and saw one batch those of this batch alone: (1 - momentum) of it there is."""
    for placed in layers:
        if isinstance(placed.layer, SpatialBn | Bn):
            for name in ("running_mean", "running_var"):
                buffers[f"{placed.path}.{name}"] /= 1 - placed.layer.momentum
