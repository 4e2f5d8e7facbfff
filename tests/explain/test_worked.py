"""Every explanation holds: its formulas are its NumPy lines, both our functions, its gradients numerical ones."""

import re
from dataclasses import replace

import numpy as np
import pytest

from nndl.explain.data import verdicts
from nndl.explain.notation.latex import as_latex
from nndl.explain.notation.plain import as_plain
from nndl.explain.record import Explanation, Step
from nndl.explain.table import EXPLANATIONS
from nndl.explain.worked import Worked, draw, example

EXACT = 1e-12
CASES = [
    pytest.param(each, number, id=f"{each.name}-{number}")
    for each in EXPLANATIONS.values()
    for number in range(1 + len(each.tests))
]


def worked(explanation: Explanation, number: int) -> Worked:
    """Return the worked example (0), or the explanation on random arrays of its `number`-th sizes."""
    return draw(explanation, explanation.tests[number - 1], seed=number) if number else example(explanation)


@pytest.mark.parametrize(("explanation", "number"), CASES)
def test_formulas_numpy_lines_functions_and_numerical_gradients_agree(explanation: Explanation, number: int) -> None:
    found = worked(explanation, number)
    assert found.formula_difference() < EXACT
    assert found.own_difference() < EXACT
    assert [str(row) for row in found.numerical() if row.verdict != "ok"] == []


@pytest.mark.parametrize("explanation", EXPLANATIONS.values(), ids=list(EXPLANATIONS))
def test_nothing_that_our_functions_give_is_left_without_a_step(explanation: Explanation) -> None:
    found = example(explanation)
    assert set(found.own) <= {step.name for step in explanation.steps}
    checked = {f"d{row.name}" for row in found.numerical()}
    derived = {step.name for step in explanation.backward if step.name in found.own}
    assert derived <= checked, "a gradient that no numerical one is held against"


@pytest.mark.parametrize("explanation", EXPLANATIONS.values(), ids=list(EXPLANATIONS))
def test_no_sum_runs_over_an_index_that_has_a_value_already(explanation: Explanation) -> None:
    """sum[n](dout[n,c]) in an equation for dx[n,c] computes the right thing, but no mathematician reads it so."""
    for step in explanation.steps:
        assert not set(step.parsed.letters) & set(step.parsed.summed), step.formula


@pytest.mark.parametrize("explanation", EXPLANATIONS.values(), ids=list(EXPLANATIONS))
def test_a_number_followed_by_hand_is_the_one_that_is_computed(explanation: Explanation) -> None:
    found = example(explanation)
    for step, stage in zip(explanation.steps, found.stages, strict=True):
        place, at = found.place_of(step)
        _, numbers, value = found.follow(step, place, at)
        array = np.reshape(stage, np.shape(found.plain[step.name]))
        assert value == pytest.approx(float(np.atleast_1d(array)[at]), rel=1e-12, abs=1e-12)
        assert numbers


@pytest.mark.parametrize("explanation", EXPLANATIONS.values(), ids=list(EXPLANATIONS))
def test_numpy_lines_and_formulas_fit_a_narrow_terminal(explanation: Explanation) -> None:
    lines = [line for step in explanation.steps for line in step.numpy.splitlines()]
    assert [line for line in lines if len(line) > 80 - len("      ")] == []
    assert all(as_plain(step.parsed, explanation.variables) for step in explanation.steps)


COMMANDS = (
    *("alpha", "beta", "gamma", "epsilon", "eta", "lambda", "mu", "rho", "sigma", "ell", "hat", "mathrm", "text"),
    *("frac", "partial", "sum", "nolimits", "max", "min", "sqrt", "exp", "log", "tanh", "left", "right"),
    *("lfloor", "rfloor", "bmod", "ge", "le", "ne", "cdot", "begin", "end"),
)
"""Commands of LaTeX that formulas are made of."""


@pytest.mark.parametrize("explanation", EXPLANATIONS.values(), ids=list(EXPLANATIONS))
def test_latex_is_made_of_commands_that_there_are(explanation: Explanation) -> None:
    for step in explanation.steps:
        latex = as_latex(step.parsed, explanation.variables)
        assert set(re.findall(r"\\([A-Za-z]+)", latex)) <= set(COMMANDS), latex
        assert latex.isascii(), latex
        assert latex.count("{") == latex.count("}")


def broken(explanation: Explanation, step: Step, other: Step) -> Worked:
    """Return the worked example with a step exchanged."""
    backward = tuple(other if each is step else each for each in explanation.backward)
    return example(replace(explanation, backward=backward))


def test_a_formula_that_says_something_else_is_seen() -> None:
    bn = EXPLANATIONS["spatial_bn"]
    step = next(step for step in bn.backward if step.name == "dvar")
    found = broken(bn, step, Step(step.formula.replace("** 3", "** 2"), step.numpy))
    assert found.formula_difference() > 1e-3
    assert [line[:8] for line in verdicts(found)] == ["THIS DOE", "Both giv", "Each gra"]


def test_a_gradient_by_a_value_halfway_that_is_wrong_is_seen() -> None:
    bn = EXPLANATIONS["spatial_bn"]
    step = next(step for step in bn.backward if step.name == "dmean")
    found = broken(bn, step, Step("dmean[c] = 0 * inverse_std[c]", "dmean = 0 * inverse_std"))
    assert [row.name for row in found.numerical() if row.verdict != "ok"] == ["mean", "x"]
    assert [line[:8] for line in verdicts(found)] == ["Each for", "THIS DOE", "THIS DOE"]
    assert found.own_difference() > 1e-3


@pytest.mark.parametrize("explanation", EXPLANATIONS.values(), ids=list(EXPLANATIONS))
def test_every_formula_is_held_to_its_line(explanation: Explanation) -> None:
    """Twice what it says, each of them in its turn, is seen."""
    for place, step in enumerate(explanation.steps):
        left, right = step.formula.split(" = ", 1)
        twice = replace(step, formula=f"{left} = 2 * ({right})")
        steps = [twice if number == place else each for number, each in enumerate(explanation.steps)]
        there = len(explanation.forward)
        wrong = replace(explanation, forward=tuple(steps[:there]), backward=tuple(steps[there:]))
        assert example(wrong).formula_difference() > 1e-3, step.formula


@pytest.mark.parametrize("explanation", EXPLANATIONS.values(), ids=list(EXPLANATIONS))
def test_every_gradient_is_held_to_a_numerical_one(explanation: Explanation) -> None:
    """A tenth more of it is seen."""
    for place, step in enumerate(explanation.backward):
        more = replace(step, numpy=f"{step.numpy}\n{step.name} = 1.1 * {step.name}")
        steps = [more if number == place else each for number, each in enumerate(explanation.backward)]
        found = example(replace(explanation, backward=tuple(steps)))
        assert step.name[1:] in {row.name for row in found.numerical() if row.verdict != "ok"}, step.formula
