"""Processes that take turns: their answers, and their last words."""

import sys

import pytest

from nndl.bench.bursts import Process
from nndl.errors import TrainingError
from tests.cli.command import ROOT

TWICE = "from nndl.bench.bursts import serve; serve({'is': 'twice'}, lambda seconds: 2 * seconds)"


def started(program: str, *options: str) -> Process:
    return Process("it", [sys.executable, *options, "-c", program], {"PYTHONPATH": str(ROOT)}, ROOT)


def test_a_process_says_what_it_is_and_answers_every_turn() -> None:
    process = started(TWICE)
    assert [process.answer(), process.burst(0.5), process.burst(3)] == [{"is": "twice"}, 1.0, 6.0]
    process.end()
    assert process.process.returncode == 0


def test_what_ends_it_is_told_however_long_its_words_are() -> None:
    process = started("import sys; sys.exit('x' * 300_000 + ' for this reason')")
    with pytest.raises(TrainingError, match=r"it ended without an answer:\nx+ for this reason$"):
        process.answer()
    with pytest.raises(TrainingError, match="for this reason"):
        process.burst(1)
    process.end()


def test_a_contenders_python_needs_nothing_but_itself() -> None:
    process = started(f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{TWICE}", "-I", "-S")  # no site-packages
    assert process.answer() == {"is": "twice"}
    process.end()
