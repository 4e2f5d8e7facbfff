"""The kinds of dimension of a search space: a range of numbers, or one out of some values."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from annotated_types import Len

from nndl.described import Described, table


@dataclass(frozen=True, kw_only=True)
class Dimension(Described):
    """A swept key's values."""

    def ends(self) -> Sequence[Any]:
        """Return the values to check before the first trial: both ends of a range, or all there are to choose from."""
        raise NotImplementedError

    def distribution(self) -> Any:
        """Return Optuna's distribution to draw from."""
        raise NotImplementedError

    def value(self, drawn: Any) -> Any:
        """Return the value of the key for what the sampler drew."""
        return drawn


@dataclass(frozen=True, kw_only=True)
class Ranged(Dimension):
    """Numbers from one to a larger one."""

    shorthand = "range"

    range: tuple[float, float]
    """The least and the largest."""

    def __post_init__(self) -> None:
        low, high = self.range
        if not low < high:
            words = f"not from {low:g} to {high:g}"
            raise ValueError(f"{self.kind}: range should go from a number to a larger one, {words}")

    def ends(self) -> Sequence[Any]:
        return self.range


@dataclass(frozen=True, kw_only=True)
class Uniform(Ranged):
    """Any number between two, all equally likely: {uniform: [0.0, 0.3]}."""

    kind = "uniform"

    range: Annotated[tuple[float, float], Len(2, 2)]
    """The least and the largest."""

    def distribution(self) -> Any:
        from optuna.distributions import FloatDistribution

        return FloatDistribution(*self.range)


@dataclass(frozen=True, kw_only=True)
class Log(Ranged):
    """Any number between two, its logarithm equally likely everywhere: {log: [1e-4, 1e-1]}."""

    kind = "log"

    range: Annotated[tuple[float, float], Len(2, 2)]
    """The least, which is more than zero, and the largest."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.range[0] <= 0:
            raise ValueError(f"{self.kind}: range should begin above zero, not at {self.range[0]:g}")

    def distribution(self) -> Any:
        from optuna.distributions import FloatDistribution

        return FloatDistribution(*self.range, log=True)


@dataclass(frozen=True, kw_only=True)
class Integers(Ranged):
    """A whole number between two, both included: {integers: [16, 64]}, or {integers: {range: [16, 64], step: 8}}."""

    kind = "integers"

    range: Annotated[tuple[int, int], Len(2, 2)]
    """The least and the largest."""
    step: int = 1
    """From one to the next."""
    log: bool = False
    """Drawing uniformly in the logarithm: 1 to 10 is as likely as 10 to 100."""

    def __post_init__(self) -> None:
        super().__post_init__()
        low, high = self.range
        if self.step < 1 or (high - low) % self.step:
            raise ValueError(f"{self.kind}: step should lead from {low} to {high} in whole steps, not {self.step}")
        if self.log and (low < 1 or self.step != 1):
            raise ValueError(f"{self.kind}: log needs a range that begins above zero, and no step")

    def distribution(self) -> Any:
        from optuna.distributions import IntDistribution

        return IntDistribution(*self.range, log=self.log, step=self.step)


@dataclass(frozen=True, kw_only=True)
class Choose(Dimension):
    """One out of some values, whatever a config can say there: {choose: [adam, {sgd: {learning_rate: 0.1}}]}."""

    kind = "choose"
    shorthand = "values"

    values: Annotated[tuple[Any, ...], Len(1)]
    """The values."""

    def ends(self) -> Sequence[Any]:
        return self.values

    def distribution(self) -> Any:
        """Return a distribution of positions in `values`, which may hold mappings, and storages take none."""
        from optuna.distributions import CategoricalDistribution

        return CategoricalDistribution(list(range(len(self.values))))

    def value(self, drawn: Any) -> Any:
        return self.values[drawn]


DIMENSIONS = table(Log, Uniform, Integers, Choose)


def count_of(dimension: Dimension) -> int | None:
    """Count the values there are to try; None where there is no end of them."""
    if isinstance(dimension, Choose):
        return len(dimension.values)
    if isinstance(dimension, Integers):
        low, high = dimension.range
        return (high - low) // dimension.step + 1
    return None
