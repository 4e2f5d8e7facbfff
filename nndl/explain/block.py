"""A residual block of a network watched, and what is to be followed of it: two branches that meet, and part again."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from nndl.explain.layers.residual import RESIDUAL
from nndl.explain.record import Explanation, Given, Step
from nndl.net.contract import Step as Contract
from nndl.net.network import Network
from nndl.net.plan import PlannedStep
from nndl.net.steps import SumStep
from nndl.net.types import Array

BLOCK: Explanation = replace(
    RESIDUAL,
    given=tuple(Given(name, "", "", 0) for name in ("f", "s", "dx_body", "dx_shortcut")),
    indices={},
    forward=(Step("out = f + s", "out = f + s", "What the layers of the block give, and what the shortcut does."),),
    backward=(Step("dx = dx_body + dx_shortcut", "dx = dx_body + dx_shortcut", "x was used by both."),),
)
"""A block whatever is in it: f is what its layers give of x, s what its shortcut does (x itself, or its projection)."""


class _Branch:
    """A branch of a block that is watched."""

    def __init__(self, step: Contract) -> None:
        self.step = step
        self.x: Array = np.empty(0)
        self.out = self.dout = self.dx = self.x

    def forward(self, x: Array) -> Array:
        """Run the branch forward."""
        out = self.step.forward(x)
        self.x, self.out = np.array(x, order="C"), np.array(out, order="C")
        return out

    def backward(self, dout: Array) -> Array | None:
        """Run the branch backward."""
        self.dout = np.array(dout, order="C")
        dx = self.step.backward(dout)
        self.dx = np.zeros_like(self.x) if dx is None else np.array(dx, order="C")
        return dx


def watch_block(network: Network, path: str, X: Array, y: Array) -> tuple[dict[str, Array], float]:
    """Send a batch through a network, forward and back; returns what its block at `path` took, gave, and the loss."""
    twin = network.twin(replace(network.engine, rules=()))
    (block,) = (planned.step for planned in _sums(twin.describe()) if planned.paths[-1] == path)
    assert isinstance(block, SumStep)
    body, shortcut = (_Branch(branch) for branch in block.branches)
    block.branches = [body, shortcut]
    loss = twin.part_loss(X, y)
    there = {"x": body.x, "f": body.out, "s": shortcut.out, "out": body.out + shortcut.out}
    back = {"dout": body.dout, "dx_body": body.dx, "dx_shortcut": shortcut.dx, "dx": body.dx + shortcut.dx}
    return {**there, **back}, loss


def _sums(planned: Iterable[PlannedStep]) -> Iterator[PlannedStep]:
    """Yield the blocks of a plan, those in blocks too."""
    for each in planned:
        if isinstance(each.step, SumStep):
            yield each
            for branch in each.branches:
                yield from _sums(branch)
