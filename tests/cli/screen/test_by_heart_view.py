"""The views of `nndl overfit`: how many images are known, in place of a row for each epoch."""

import pytest

from nndl.cli.screen import by_heart, terminal
from nndl.cli.screen.progress import QuietView
from nndl.train.events import Scoring
from tests.train import tiny


def test_the_live_view_counts_what_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "can_redraw", lambda *_: True)
    solver = tiny.solver(epochs=3)
    view = by_heart.choose_view(solver, 40, silent=False)
    assert isinstance(view, by_heart.Live)
    with view:
        for event in solver.events():
            view.see(event)
            view.see_scoring(Scoring("training", 1, 2))
    *_, last = ["".join(text for text, _ in line) for line in view.frame(80)]
    assert last == f"{round(40 * solver.history[-1].train_accuracy)} of 40 images known"
    assert not any("scoring" in text for line in view.frame(80) for text, _ in line)


def test_elsewhere_lines_say_it(capsys: pytest.CaptureFixture[str]) -> None:
    solver = tiny.solver(epochs=1)
    view = by_heart.choose_view(solver, 40, silent=False)
    with view:
        for event in solver.events():
            view.see(event)
            view.see_scoring(Scoring("training", 1, 2))
    known = round(40 * solver.history[0].train_accuracy)
    assert capsys.readouterr().out == f"step 3  loss {solver.history[0].train_loss:.4f}  {known} of 40 known\n"
    assert type(by_heart.choose_view(solver, 40, silent=True)) is QuietView
