"""A block of a network watched, and what is to be followed of it: branches that meet, and part again."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from nndl.explain.layers.branching import CONCAT, SUM
from nndl.explain.layers.residual import RESIDUAL
from nndl.explain.record import Explanation, Given, Step
from nndl.net.contract import Step as Contract
from nndl.net.network import Network
from nndl.net.shapes import everything
from nndl.net.steps import BlockStep, ConcatStep
from nndl.net.types import Array

_USED = "x was used by every branch."


def _names(kind: str, count: int) -> tuple[list[str], list[str]]:
    """Name what the branches give, and their gradients: of a residual block f is of its layers, s of its shortcut."""
    if kind == RESIDUAL.name:
        return ["f", "s"], ["dx_body", "dx_shortcut"]
    numbers = range(1, count + 1)
    return [f"f{number}" for number in numbers], [f"dx{number}" for number in numbers]


def explanation_of(kind: str, arrays: Mapping[str, Array]) -> Explanation:
    """Return the explanation of a block whatever is in it, which took and gave these arrays."""
    given, back = _names(kind, sum(name[:1] == "f" for name in arrays))
    if kind == CONCAT.name:
        return _side_by_side(given, back, "ij"[: arrays["out"].ndim - 2])
    return _added(SUM if kind == SUM.name else RESIDUAL, given, back)


def _added(block: Explanation, given: list[str], back: list[str]) -> Explanation:
    out, dx = f"out = {' + '.join(given)}", f"dx = {' + '.join(back)}"
    return replace(
        block,
        given=tuple(Given(name, "", "", 0) for name in (*given, *back)),
        indices={},
        forward=(Step(out, out, "What the branches give is added."),),
        backward=(Step(dx, dx, _USED),),
    )


def _side_by_side(given: list[str], back: list[str], sides: str) -> Explanation:
    """Return it of a concatenation; sides: the indices of height and width, or none of vectors."""
    channels, places = [f"C{number}" for number in range(1, len(given) + 1)], "".join(f",{side}" for side in sides)
    shape = " H W" if sides else ""
    value = ""
    for number, name in reversed(list(enumerate(given))):
        own = f"{name}[n,{'-'.join(['c', *channels[:number]])}{places}]"
        value = f"{own} if c < {' + '.join(channels[: number + 1])} else {value}" if value else own
    dx = f"dx = {' + '.join(back)}"
    out = Step(f"out[n,c{places}] = {value}", f"out = np.concatenate(({', '.join(given)}), axis=1)", "Side by side.")
    return replace(
        CONCAT,
        given=(
            *(Given(name, f"N {size}{shape}", "", 0) for name, size in zip(given, channels, strict=True)),
            *(Given(name, "", "", 0) for name in back),
        ),
        indices={"n": "N", "c": "C", **({"i": "H", "j": "W"} if sides else {})},
        sizes=lambda values: {"C": sum(values[size] for size in channels)},
        forward=(out,),
        backward=(Step(dx, dx, _USED),),
    )


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
    (kind,) = (placed.layer.kind for placed in everything(network.placed) if placed.path == path)
    twin = network.twin(replace(network.engine, rules=()))
    steps = (planned.step for *_, planned in twin.chain("train").walk() if planned.paths[-1] == path)
    (block,) = (step for step in steps if isinstance(step, BlockStep))
    branches = [_Branch(branch) for branch in block.branches]
    block.branches = list(branches)
    loss = twin.part_loss(X, y)
    given, back = [each.out for each in branches], [each.dx for each in branches]
    is_joined = isinstance(block, ConcatStep)
    dout = np.concatenate([each.dout for each in branches], axis=1) if is_joined else branches[0].dout
    seen = {
        "x": branches[0].x,
        "out": np.concatenate(given, axis=1) if is_joined else np.add.reduce(given),
        "dout": dout,
    }
    names, slopes = _names(kind, len(given))
    parts = dict(zip([*names, *slopes], [*given, *back], strict=True))
    return {**seen, **parts, "dx": np.add.reduce(back)}, loss
