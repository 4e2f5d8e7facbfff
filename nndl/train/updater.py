"""One update of all parameters: the rule applied stretch by stretch along the vector they live on."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Annotated, NamedTuple

import numpy as np
from annotated_types import Ge

from nndl.described import Described
from nndl.net.contract import Share, in_one_piece
from nndl.net.params import Params, within
from nndl.net.types import Array
from nndl.train.optimizers import Rule
from nndl.train.transforms import CHUNK


@dataclass(frozen=True, kw_only=True)
class Group(Described):
    """Multipliers for the parameters whose names match a pattern. Where several match, the last one counts."""

    match: str
    """A pattern on parameter names with * and ?, as file names have: "*.beta", "conv1.*"."""
    learning_rate: Annotated[float, Ge(0)] = 1.0
    """The factor on the learning rate; 0 freezes the parameters."""
    weight_decay: Annotated[float, Ge(0)] | None = None
    """The factor on the decoupled weight decay; where it is not given, 1 for weights, 0 for all others."""
    freeze_after: Annotated[int, Ge(0)] | None = None
    """Epochs after which the parameters are frozen: the gradients that only they need are no longer computed."""

    def frozen(self, epoch: int) -> bool:
        """Tell whether the parameters stay as they are in epoch 0, 1, ..."""
        return self.learning_rate == 0 or (self.freeze_after is not None and epoch >= self.freeze_after)


FEW = 2
"""Parts of the vector that are updated sooner than a thread wakes up."""


class Stretch(NamedTuple):
    """A part of the vector with the same multipliers throughout."""

    start: int
    stop: int
    learning_rate: float
    weight_decay: float
    frozen: bool = False
    name: str = ""
    """The parameter's, where it is updated as a whole."""


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
        self._weight_decay = weight_decay if rule.own_weight_decay is None else rule.own_weight_decay
        self._decayed, self._groups = decayed, groups
        self._frozen = self.frozen(0)
        self._stretches = self._cut()
        self._share = share
        self._temporary: dict[int, list[Array]] = {}

    def frozen(self, epoch: int) -> frozenset[str]:
        """Return the parameters that are not trained in epoch 0, 1, ..."""
        return frozenset(name for name in self._params if _group_of(name, self._groups).frozen(epoch))

    def freeze(self, names: frozenset[str]) -> None:
        """Leave exactly these parameters as they are from now on."""
        if names != self._frozen:
            self._frozen = names
            self._stretches = self._cut()

    def _cut(self) -> list[Stretch]:
        decayed = self._decayed if self._weight_decay else ()
        filters = [name for name, w in self._params.items() if w.ndim == 4] if self.rule.whole_filters else ()
        return stretches(self._params, decayed, self._groups, self._frozen, filters)

    def update(self, gradients: Params, multiplier: float = 1.0, own: Sequence[slice] = (slice(None),)) -> float:
        """Change the parameters in place, with `multiplier` times the rule's learning rate: those in `own` places.

        Returns the sum of squares of those changed: not finite where one of them is not, or is beyond its dtype's root.
        Decay is decoupled (Loshchilov and Hutter 2019): w *= 1 - learning_rate * weight_decay, before the rule.
        """
        self.t += 1
        parts = []
        filters = []
        for stretch in self._stretches:
            if stretch.frozen:
                continue
            learning_rate = self.rule.learning_rate * multiplier * stretch.learning_rate
            shrink = 1 - learning_rate * self._weight_decay * stretch.weight_decay
            for place in within(slice(stretch.start, stretch.stop), own):
                if stretch.name:
                    filters.append((stretch.name, learning_rate, shrink))
                    continue
                for start in range(place.start, place.stop, CHUNK):
                    parts.append((slice(start, min(start + CHUNK, place.stop)), learning_rate, shrink))

        squares = [0.0] * (len(parts) + len(filters))

        def update_parts(start: int, stop: int, thread: int) -> None:
            for i in range(start, stop):
                squares[i] = self._update_part(*parts[i], gradients, thread)

        def update_filters(start: int, stop: int, thread: int) -> None:
            del thread
            for i in range(start, stop):
                squares[len(parts) + i] = self._update_filters(*filters[i], gradients)

        (self._share if len(parts) > FEW else in_one_piece)(len(parts), update_parts)
        self._share(len(filters), update_filters)
        return sum(squares)

    def _update_filters(self, name: str, learning_rate: float, shrink: float, gradients: Params) -> float:
        w = self._params[name]
        if shrink != 1:
            w *= shrink
        memory = [kept[name] for kept in self.memory.values()]
        self.rule.update_filters(w, gradients[name], memory, learning_rate)
        norm = float(np.linalg.norm(w))
        return norm * norm

    def _update_part(self, part: slice, learning_rate: float, shrink: float, gradients: Params, thread: int) -> float:
        w, dw = self._params.vector[part], gradients.vector[part]
        if shrink != 1:
            w *= shrink
        memory = [kept.vector[part] for kept in self.memory.values()]
        own = self._temporary.setdefault(thread, [])
        if not own:
            own.extend(np.empty(CHUNK, w.dtype) for _ in range(2))
        self.rule.update(w, dw, memory, [array[: w.size] for array in own], learning_rate, self.t)
        return float(np.dot(w, w))


def stretches(
    params: Params,
    decayed: Collection[str],
    groups: Sequence[Group],
    frozen: Collection[str] = (),
    whole: Collection[str] = (),
) -> list[Stretch]:
    """Cut the vector where the multipliers change; neighbours with the same ones are one stretch.

    Those in `whole` stand alone, with their names.
    """
    cut: list[Stretch] = []
    for name, place in params.slices.items():
        group = _group_of(name, groups)
        decay = group.weight_decay
        if decay is None:
            decay = 1.0 if name in decayed else 0.0
        own_name = name if name in whole else ""
        stretch = Stretch(place.start, place.stop, group.learning_rate, decay, name in frozen, own_name)
        if cut and cut[-1][2:] == stretch[2:]:
            cut[-1] = cut[-1]._replace(stop=place.stop)
        else:
            cut.append(stretch)
    return cut


def _group_of(name: str, groups: Sequence[Group]) -> Group:
    """Return the last one that matches, or one that changes nothing."""
    return next((group for group in reversed(groups) if fnmatchcase(name, group.match)), Group(match=name))
