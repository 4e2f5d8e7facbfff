"""Stop-watches for the steps of a network's plan while it trains."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter
from typing import Any

from nndl.net.network import Network
from nndl.net.plan import PlannedStep


@dataclass
class Timed:
    """A step of a plan and the seconds of its passes, those of the steps inside it included."""

    planned: PlannedStep
    depth: int
    inner: "list[Timed]"
    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    gives_dx: bool = False
    """True if its backward pass ended in a gradient of its input: the first layer's does not."""

    def own(self, which: str) -> float:
        """Return the median seconds of a pass, "forward" or "backward", without the steps inside; 0 if it never ran."""
        whole = median(self.seconds[which]) if self.seconds[which] else 0.0
        return max(0.0, whole - sum(median(each.seconds[which]) for each in self.inner if each.seconds[which]))

    def walk(self) -> "Iterator[Timed]":
        """Yield this step and those inside it."""
        yield self
        for each in self.inner:
            yield from each.walk()


class Clock:
    """Notes the seconds of every step of a network's training plan, as long as `running`."""

    def __init__(self, network: Network) -> None:
        self.running = False
        self._outer = self._wrap(network.describe("train"), 0)

    @property
    def steps(self) -> list[Timed]:
        """Return every step, branches of blocks behind the block."""
        return [each for outer in self._outer for each in outer.walk()]

    def _wrap(self, steps: Sequence[PlannedStep], depth: int) -> list[Timed]:
        timed = []
        for planned in steps:
            inner = [each for branch in planned.branches for each in self._wrap(branch, depth + 1)]
            timed.append(Timed(planned, depth, inner))
            for which in ("forward", "backward"):
                setattr(planned.step, which, self._stopped(timed[-1], which, getattr(planned.step, which)))
        return timed

    def _stopped(self, timed: Timed, which: str, call: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """Return `call` with a stop-watch."""

        def run(array: Any) -> Any:
            start = perf_counter()
            result = call(array)
            if self.running:
                timed.seconds[which].append(perf_counter() - start)
                timed.gives_dx = which == "backward" and result is not None
            return result

        return run
