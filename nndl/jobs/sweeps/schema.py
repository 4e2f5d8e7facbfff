"""The schema of a sweep's file: every key, its type, its default and what it means."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from annotated_types import Ge, Len
from pydantic import BeforeValidator, Field, PrivateAttr

from nndl.config.forms import Duration
from nndl.config.schema import Count, Section
from nndl.jobs.sweeps.base import Base, of_file

Objective = Literal["validation_accuracy", "validation_loss", "seconds", "multiply_adds", "parameters"]
LARGER_IS_BETTER = ("validation_accuracy",)


def _listed(value: Any) -> Any:
    return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value


class Sweep(Section):
    """Many trainings of one config, to find which of its values serve best."""

    name: str = "sweep"
    """The sweep's name; by default the file's."""
    base: str
    """The config whose values are changed: a file beside this one, or the name of a bundled config."""
    set: Mapping[str, Any] = Field(default_factory=dict)
    """Values that all trials have instead of the base config's, by key."""
    space: Annotated[Mapping[str, Any], Len(1)]
    """The keys to try values of, each as in --set, and what to draw them from."""
    objective: Annotated[tuple[Objective, ...], BeforeValidator(_listed), Len(1)] = ("validation_accuracy",)
    """The figure that is to become best. Of several, the sweep finds the trials that no other beats in all of them."""
    trials: Count = 20
    """The number of trials in all."""
    parallel: Annotated[int, Ge(1)] = 4
    """The number of trials that may be under way at once: a trial learns from all but the `parallel` - 1 before it."""
    seeds: Count = 1
    """Trainings of each trial, from as many seeds; the mean counts."""
    seed: Annotated[int, Ge(0)] = 0
    """From it and a trial's number follow the values it tries and the seed it is trained with."""
    sampler: Literal["auto", "tpe", "random", "grid", "cmaes"] = "auto"
    """The sampler of values: tpe learns from earlier trials, auto takes it; grid tries every combination in turn."""
    pruner: Literal["none", "median", "hyperband", "threshold"] = "none"
    """The rule that ends a trial early, after an epoch: median, behind half of earlier ones; hyperband, by rounds."""
    prune_below: float | None = None
    """With pruner: threshold, the validation accuracy under which a trial ends after its first epoch."""
    time_budget: Duration | None = None
    """The time in which a command begins new trials: `2h`, `30min`; the same command goes on later."""

    _base: Base | None = PrivateAttr(default=None)

    @property
    def base_config(self) -> Base:
        """Return the base config, as it was when this was read; raises ConfigError where there is no such."""
        return self._base or of_file(self.base)

    def with_base(self, base: Base | None) -> "Sweep":
        """Return the same sweep with what its base config says."""
        sweep = self.model_copy()
        sweep._base = base
        return sweep

    @property
    def directions(self) -> tuple[str, ...]:
        """The direction in which each objective becomes better, as Optuna has it."""
        return tuple("maximize" if each in LARGER_IS_BETTER else "minimize" for each in self.objective)
