"""Observers of one's own, told of each event of a training; one that fails is said so once and left out."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import numpy as np

from nndl.own.running import in_words, of_own_code
from nndl.runs.folder import RunFolder
from nndl.train.events import Event
from nndl.train.observer import Observer
from nndl.train.solver import Solver


class Observers:
    """Some observers as one."""

    def __init__(
        self, observers: Sequence[Observer], solver: Solver, folder: RunFolder, warn: Callable[[str], None]
    ) -> None:
        self._warn, self._network = warn, solver.network
        self._seen = set[type[Event]]()
        self._watching: dict[int, Callable[[Event], None]] = {}
        self._kinds = [each.kind for each in observers]
        for number, each in enumerate(observers):
            self._guarded(number, partial(self._begin, number, each, solver, folder))

    def see(self, event: Event) -> None:
        """Tell each of an event; at the first of a kind it is seen that none changes weights."""
        is_first = type(event) not in self._seen
        self._seen.add(type(event))
        for number, watch in list(self._watching.items()):
            self._guarded(number, partial(self._tell, watch, event) if is_first else partial(watch, event))

    def _tell(self, watch: Callable[[Event], None], event: Event) -> None:
        with self._left_alone():
            watch(event)

    @contextmanager
    def _left_alone(self) -> Iterator[None]:
        """Put the network's numbers back, and raise RuntimeError, where they are changed within."""
        arrays = [self._network.params.vector, self._network.buffers.vector]
        before = [array.copy() for array in arrays]
        try:
            yield
        finally:
            changed = [not np.array_equal(*pair, equal_nan=True) for pair in zip(arrays, before, strict=True)]
            for array, kept in zip(arrays, before, strict=True):
                array[...] = kept
        if any(changed):
            raise RuntimeError("it changed weights or running statistics, which were put back")

    def _begin(self, number: int, observer: Observer, solver: Solver, folder: RunFolder) -> None:
        with self._left_alone():
            watch = observer.watch(solver, folder.path)
        if not callable(watch):
            raise TypeError(f"watch returns {type(watch).__name__}, not the function that sees events")
        self._watching[number] = watch

    def _guarded(self, number: int, work: Callable[[], None]) -> None:
        try:
            work()
        except (Exception, SystemExit) as error:  # of somebody else's code: training goes on
            self._watching.pop(number, None)
            words = of_own_code(error) or in_words(error)
            self._warn(f"{self._kinds[number]} observes no more of this run ({words}); training goes on")
