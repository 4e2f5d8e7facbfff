"""The steps of a plan that an engine has no way of its own for: what to look at first where training is slow."""

from collections.abc import Iterator, Sequence

from nndl.net.plan import Chain, PlannedStep
from nndl.net.steps import ConvertStep, PairStep

BY_DEFINITION = "by its definition"
BETWEEN_CONVERSIONS = "between two conversions"


def slow_ways(steps: Sequence[PlannedStep]) -> dict[tuple[str, ...], str]:
    """Return why each such step is slow, by the paths of its layers; those inside blocks too.

    A step runs by its layer's definition, or the images are brought into another memory order for it and back.
    """
    return {planned.paths: why for planned, why in _found(steps)}


def _found(steps: Sequence[PlannedStep]) -> Iterator[tuple[PlannedStep, str]]:
    for place, planned in enumerate(steps):
        around = (*steps[max(0, place - 1) : place], *steps[place + 1 : place + 2])
        if _by_definition(planned):
            yield planned, BY_DEFINITION
        elif len(around) == 2 and all(isinstance(beside.step, ConvertStep) for beside in around):
            yield planned, BETWEEN_CONVERSIONS
        for branch in planned.branches:
            yield from _found(branch)


def _by_definition(planned: PlannedStep) -> bool:
    """Tell whether a step, or one of those that it is made of, is a layer's pair."""
    if isinstance(planned.step, Chain):
        return any(_by_definition(inner) for inner in planned.step.steps)
    return isinstance(planned.step, PairStep)
