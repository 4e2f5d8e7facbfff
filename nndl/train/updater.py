"""One update of all parameters: the rule applied stretch by stretch along the vector they live on."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Annotated, Any, ClassVar, NamedTuple

import numpy as np
from annotated_types import Ge

from nndl.net.contract import Share, in_one_piece
from nndl.net.params import Params
from nndl.net.types import Array
from nndl.train.optimizers import AdamW, Rule
from nndl.train.transforms import CHUNK


@dataclass(frozen=True, kw_only=True)
class Group:
    """Multipliers for the parameters whose names match a pattern. Where several match, the last one counts."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "use_attribute_docstrings": True}

    match: str
    """A pattern on parameter names with * and ?, as file names have: "*.beta", "conv1.*"."""
    learning_rate: Annotated[float, Ge(0)] = 1.0
    """What the learning rate is multiplied by; 0 freezes the parameters."""
    weight_decay: Annotated[float, Ge(0)] = 1.0
    """What the decoupled weight decay is multiplied by."""


FEW = 2
"""Parts of the vector that are updated sooner than a thread wakes up."""


class Stretch(NamedTuple):
    """A part of the vector with the same multipliers throughout."""

    start: int
    stop: int
    learning_rate: float
    weight_decay: float


class Updater:
    """The rule, its memory (`Params` laid out as the parameters), and the count t of updates made."""

    def __init__(
        self,
        rule: Rule,
        params: Params,
        *,
        weight_decay: float = 0.0,
        decayed: Collection[str] = (),
        groups: Sequence[Group] = (),
        share: Share = in_one_piece,
    ) -> None:
        self.rule = rule
        self.t = 0
        self.memory = {name: params.like() for name in rule.memory}
        self._params = params
        self._weight_decay = rule.weight_decay if isinstance(rule, AdamW) else weight_decay
        self._stretches = stretches(params, decayed if self._weight_decay else (), groups)
        self._share = share
        self._temporary: dict[int, list[Array]] = {}

    def update(self, gradients: Params, multiplier: float = 1.0) -> None:
        """Change the parameters in place, with `multiplier` times the rule's learning rate.

        Decay is decoupled (Loshchilov and Hutter 2019): w *= 1 - learning_rate * weight_decay, before the rule.
        """
        self.t += 1
        parts = []
        for stretch in self._stretches:
            learning_rate = self.rule.learning_rate * multiplier * stretch.learning_rate
            shrink = 1 - learning_rate * self._weight_decay * stretch.weight_decay
            for start in range(stretch.start, stretch.stop, CHUNK):
                parts.append((slice(start, min(start + CHUNK, stretch.stop)), learning_rate, shrink))

        def update_parts(start: int, stop: int, thread: int) -> None:
            for part, learning_rate, shrink in parts[start:stop]:
                self._update_part(part, gradients, learning_rate, shrink, thread)

        (self._share if len(parts) > FEW else in_one_piece)(len(parts), update_parts)

    def _update_part(self, part: slice, gradients: Params, learning_rate: float, shrink: float, thread: int) -> None:
        w, dw = self._params.vector[part], gradients.vector[part]
        if shrink != 1:
            w *= shrink
        memory = [kept.vector[part] for kept in self.memory.values()]
        own = self._temporary.setdefault(thread, [])
        if not own:
            own.extend(np.empty(CHUNK, w.dtype) for _ in range(2))
        self.rule.update(w, dw, memory, [array[: w.size] for array in own], learning_rate, self.t)


def stretches(params: Params, decayed: Collection[str], groups: Sequence[Group]) -> list[Stretch]:
    """The vector cut where the multipliers change; neighbours with the same ones are one stretch."""
    cut: list[Stretch] = []
    for name, place in params.slices.items():
        group = next((group for group in reversed(groups) if fnmatchcase(name, group.match)), Group(match=name))
        decay = group.weight_decay if name in decayed else 0.0
        if cut and (cut[-1].learning_rate, cut[-1].weight_decay) == (group.learning_rate, decay):
            cut[-1] = cut[-1]._replace(stop=place.stop)
        else:
            cut.append(Stretch(place.start, place.stop, group.learning_rate, decay))
    return cut
