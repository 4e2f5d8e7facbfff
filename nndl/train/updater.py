"""One update of all parameters: the rule applied stretch by stretch along the vector they live on."""

import math
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Annotated, NamedTuple

import numpy as np
from annotated_types import Ge, Lt

from nndl.described import Described
from nndl.net.contract import Engine, Part, in_one_piece
from nndl.net.params import Params, within
from nndl.net.types import Array
from nndl.train.optimizers import OPTIMIZERS, Rule
from nndl.train.schedules import Beyond
from nndl.train.transforms import CHUNK


@dataclass(frozen=True, kw_only=True)
class Group(Described):
    """Multipliers for the parameters whose names match a pattern. Where several match, the last one counts."""

    match: str
    """A pattern on parameter names with * and ?, as file names have: "*.beta", "conv1.*"."""
    learning_rate: Annotated[float, Ge(0)] = 1.0
    """The factor on the learning rate; 0 freezes the parameters."""
    weight_decay: Annotated[float, Ge(0)] | None = None
    """The factor on the weight decay (not on l2); where it is not given, 1 for weights, 0 for all others, but 1 with
    sgd_pytorch."""
    freeze_after: Annotated[int, Ge(0)] | Annotated[float, Ge(0)] | None = None
    """Epochs after which the parameters are frozen: the gradients that only they need are no longer computed. 2.5 is in
    the middle of the third."""
    freeze_last: Annotated[float, Ge(0), Lt(1)] = 0.0
    """The share of training, at its end, in which they are frozen: 0.15 of 10 epochs are the last one and a half."""
    falling: bool = False
    """The factor falls in a straight line from the first step, to nothing after the epochs of freeze_after."""

    def __post_init__(self) -> None:
        if self.falling and not self.freeze_after:
            raise ValueError("falling needs a freeze_after above 0, when the factor has fallen to nothing")

    def frozen_from(self, epochs: float) -> float:
        """Return the epoch, with a fraction, from which on the parameters stay as they are; of `epochs` in all."""
        after = math.inf if self.freeze_after is None else self.freeze_after
        last = (1 - self.freeze_last) * epochs if self.freeze_last else math.inf
        return 0.0 if self.learning_rate == 0 else min(after, last)

    def beyond(self, epochs: float) -> Beyond | None:
        """Return the freezing that no step of `epochs` would come after, or the fall that ends later than they do."""
        after = self.freeze_after
        if not after or after < epochs or (self.falling and after == epochs):
            return None
        never = f"the freezing of {self.match!r} after epoch {after:g} never comes"
        later = f"{self.match!r} falls until epoch {after:g}, which is no part of training"
        return Beyond("freeze_after", after, later if self.falling else never)


FEW = 2
"""Parts of the vector that are updated sooner than a thread wakes up."""

TINY = 1 << 12
"""Numbers in so few parts that NumPy's passes are over before an engine's has begun."""

CHUNK_AT_ONCE = 1 << 15
"""Numbers of a part where an engine updates all parts at once: there are no temporaries, and threads come out even."""

NONE = Engine("none")
"""No engine: the rules' own passes, on one thread."""


class Stretch(NamedTuple):
    """A part of the vector with the same multipliers throughout."""

    start: int
    stop: int
    learning_rate: float
    weight_decay: float
    frozen: bool = False
    name: str = ""
    """The parameter's, where it is updated as a whole."""
    falls_until: float = math.inf
    """The epoch by which the learning rate has fallen to nothing, in a straight line."""


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
        engine: Engine = NONE,
    ) -> None:
        self.rule = rule
        self.t = 0
        self.memory = {name: params.like() for name in rule.memory}
        self._params = params
        self._weight_decay = weight_decay if rule.own_weight_decay is None else rule.own_weight_decay
        self._decayed, self._groups = tuple(params) if rule.couples_decay else decayed, groups
        self._frozen = self.frozen(0)
        self._stretches = self._cut()
        self._share = engine.share
        own = OPTIMIZERS.get(rule.kind) is not type(rule)  # which may inherit the name of another
        self._at_once = None if own or params.vector.dtype != np.float32 else engine.updates.get(rule.kind)
        self._chunk = CHUNK_AT_ONCE if self._at_once else CHUNK
        self._temporary: dict[int, list[Array]] = {}

    def frozen(self, epoch: float, epochs: float = math.inf) -> frozenset[str]:
        """Return the parameters that are not trained at `epoch`, which may have a fraction, of `epochs`."""
        return frozenset(n for n in self._params if epoch >= _group_of(n, self._groups).frozen_from(epochs))

    def turns(self, epochs: float) -> frozenset[float]:
        """Return the epochs, with a fraction, from which on more parameters are frozen than before."""
        return frozenset(group.frozen_from(epochs) for group in self._groups)

    def freeze(self, names: frozenset[str]) -> None:
        """Leave exactly these parameters as they are from now on."""
        if names != self._frozen:
            self._frozen = names
            self._stretches = self._cut()

    def _cut(self) -> list[Stretch]:
        decayed = self._decayed if self._weight_decay else ()
        filters = [name for name, w in self._params.items() if w.ndim == 4] if self.rule.whole_filters else ()
        return stretches(self._params, decayed, self._groups, self._frozen, filters)

    def update(
        self,
        gradients: Params,
        multiplier: float = 1.0,
        own: Sequence[slice] = (slice(None),),
        epoch: float = 0.0,
    ) -> float:
        """Change the parameters in place, with `multiplier` times the rule's learning rate: those in `own` places.

        epoch: how far training is, for groups whose factor falls.
        Returns the sum of squares of those changed: not finite where one of them is not, or is beyond its dtype's root.
        Decay is decoupled (Loshchilov and Hutter 2019): w *= 1 - learning_rate * weight_decay, before the rule; or, of
        a rule that couples it, dw + weight_decay * w is its gradient.
        """
        self.t += 1
        parts: list[tuple[Part, float]] = []
        filters = []
        for stretch in self._stretches:
            if stretch.frozen:
                continue
            falling = max(0.0, 1 - epoch / stretch.falls_until)
            learning_rate = float(self.rule.learning_rate * multiplier * stretch.learning_rate * falling)
            decay = self._weight_decay * stretch.weight_decay
            pull, shrink = (decay, 1.0) if self.rule.couples_decay else (0.0, 1 - learning_rate * decay)
            scalars = self.rule.scalars(learning_rate, self.t) if self._at_once else ()
            for place in within(slice(stretch.start, stretch.stop), own):
                if stretch.name:
                    filters.append((stretch.name, learning_rate, shrink))
                    continue
                for start in range(place.start, place.stop, self._chunk):
                    here = slice(start, min(start + self._chunk, place.stop))
                    parts.append((Part(here, shrink, pull, scalars), learning_rate))
        return self._update_parts(parts, gradients) + self._update_all_filters(filters, gradients)

    def _update_parts(self, parts: Sequence[tuple[Part, float]], gradients: Params) -> float:
        squares = [0.0] * len(parts)

        def update_parts(start: int, stop: int, thread: int) -> None:
            for i in range(start, stop):
                squares[i] = self._update_part(*parts[i], gradients, thread)

        tiny = len(parts) <= FEW and sum(part.place.stop - part.place.start for part, _ in parts) < TINY
        if not self._at_once or tiny:
            (self._share if len(parts) > FEW else in_one_piece)(len(parts), update_parts)
        elif parts:
            memory = [kept.vector for kept in self.memory.values()]
            return sum(self._at_once([part for part, _ in parts], self._params.vector, gradients.vector, memory))
        return sum(squares)

    def _update_all_filters(self, filters: Sequence[tuple[str, float, float]], gradients: Params) -> float:
        squares = [0.0] * len(filters)
        # They differ by much: whoever is free takes the largest that waits, whichever the slice.
        waiting = deque(sorted(range(len(filters)), key=lambda i: -self._params[filters[i][0]].size))

        def update_filters(start: int, stop: int, thread: int) -> None:
            del start, stop, thread
            for i in _taken(waiting):
                squares[i] = self._update_filters(*filters[i], gradients)

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

    def _update_part(self, part: Part, learning_rate: float, gradients: Params, thread: int) -> float:
        w, dw = self._params.vector[part.place], gradients.vector[part.place]
        if part.shrink != 1:
            w *= part.shrink
        memory = [kept.vector[part.place] for kept in self.memory.values()]
        own = self._temporary.setdefault(thread, [])
        if not own:
            own.extend(np.empty(CHUNK, w.dtype) for _ in range(3))
        *temporary, pulled = (array[: w.size] for array in own)
        if part.pull:
            dw = np.add(np.multiply(w, part.pull, out=pulled), dw, out=pulled)
        self.rule.update(w, dw, memory, temporary, learning_rate, self.t)
        return float(np.dot(w, w))


def _taken(waiting: deque[int]) -> Iterator[int]:
    """Take what waits from the left, until nothing is left; threads may take from one queue side by side."""
    while True:
        try:
            yield waiting.popleft()
        except IndexError:
            return


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
        until = float(group.freeze_after) if group.falling and group.freeze_after else math.inf
        stretch = Stretch(place.start, place.stop, group.learning_rate, decay, name in frozen, own_name, until)
        if cut and cut[-1][2:] == stretch[2:]:
            cut[-1] = cut[-1]._replace(stop=place.stop)
        else:
            cut.append(stretch)
    return cut


def _group_of(name: str, groups: Sequence[Group]) -> Group:
    """Return the last one that matches, or one that changes nothing."""
    return next((group for group in reversed(groups) if fnmatchcase(name, group.match)), Group(match=name))
