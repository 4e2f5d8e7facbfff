"""Observers of one's own, told of each event of a training; one that fails is said so once and left out."""

from collections.abc import Callable, Sequence
from functools import partial

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
        self._warn = warn
        self._watching: dict[int, Callable[[Event], None]] = {}
        self._kinds = [each.kind for each in observers]
        for number, each in enumerate(observers):
            self._guarded(number, partial(self._begin, number, each, solver, folder))

    def see(self, event: Event) -> None:
        """Tell each of an event."""
        for number, watch in list(self._watching.items()):
            self._guarded(number, partial(watch, event))

    def _begin(self, number: int, observer: Observer, solver: Solver, folder: RunFolder) -> None:
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
