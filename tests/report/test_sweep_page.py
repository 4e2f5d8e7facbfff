"""The page of a sweep shows its trials, and nothing of a value that a browser would obey."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from nndl.jobs.sweeps.load import load_sweep
from nndl.jobs.sweeps.mirror import Mirror, Result
from nndl.jobs.sweeps.standing import importance
from nndl.jobs.sweeps.study import Study, begin_study
from nndl.report.sweep import sweep_page
from tests.cli.command import nndl
from tests.jobs.sweeps.small import SWEEP, write

pytest.importorskip("optuna")


def study_of(folder: Path, text: str, reached: Any) -> Study:
    """A sweep whose trials were never trained: `reached(values)` says what came of them."""
    file = write(folder, text)
    sweep, text = load_sweep(file)
    study = begin_study(folder / "s", sweep, text, file, None, 1)[0]
    mirror, results = Mirror(sweep), {}
    for trial in study.trials():
        values = mirror.draw(trial.number, dict(results))
        results[trial.number] = result = reached(trial.number, values)
        mine = study.claim(trial)
        assert mine is not None
        study.note_drawn(mine, mirror.drawn(trial.number))
        study.note(mine, values={key: str(value) for key, value in values.items()})
        for epoch, value in result.reports.items():
            study.report(mine, epoch, value)
        study.finish(mine, result)
    return study


def by_filters(number: int, values: Mapping[str, Any]) -> Result:
    if number % 5 == 4:
        return Result("pruned", (), {1: 0.1})
    return Result("complete", (0.1 * values["model.layers[1].conv.filters"],), {1: 0.2})


def test_every_section_of_one_objective(tmp_path: Path) -> None:
    study = study_of(tmp_path, SWEEP.replace("trials: 6", "trials: 20"), by_filters)
    text = sweep_page(study)
    headings = re.findall(r"<h2 [^>]*>([^<]*)</h2>", text)
    assert headings == ["History", "Parallel coordinates", "Slices", "Importance", "Trials", "How it was made"]
    history, *slices = re.findall(r'<svg viewBox="0 0 420 210".*?</svg>', text)
    assert len(slices) == 3
    assert [history.count(f"trial {kind}") for kind in ("complete", "pruned")] == [
        sum(trial.state == "complete" for trial in study.trials()) - history.count('"trial best"'),
        4,
    ]
    assert text.count("class=across") == 16
    assert "<script" not in text
    assert all(link.startswith("data:") for link in re.findall(r'(?:src|href)="([^"]*)"', text))


def test_several_objectives_have_a_front(tmp_path: Path) -> None:
    more = "objective: [validation_accuracy, multiply_adds, validation_loss]\n"

    def reached(number: int, values: Mapping[str, Any]) -> Result:
        filters = values["model.layers[1].conv.filters"]
        return Result("complete", (0.1 * filters, 1000.0 * filters, number / 100), {})

    text = sweep_page(study_of(tmp_path, SWEEP + more, reached))
    assert "Validation accuracy by multiply-adds an image</h3>" in text
    assert text.count("<h3>Validation accuracy by ") == 2 + 3
    assert "trials that no other beats in everything" in text


def test_importance_is_that_of_good_results_whichever_way_they_lie(tmp_path: Path) -> None:
    """One key decides among the best alone, another among the worst alone."""
    text = SWEEP.replace("trials: 6", "trials: 60\nsampler: random\nseed: 3")

    def rising(_: int, values: Mapping[str, Any]) -> Result:
        filters, rate = (values[key] for key in ("model.layers[1].conv.filters", "train.optimizer.adam.learning_rate"))
        return Result("complete", (0.9 if filters == 6 else 0.1 if rate < 1e-3 else 0.3,), {})

    def falling(number: int, values: Mapping[str, Any]) -> Result:
        return Result("complete", (1 - rising(number, values).values[0],), {})

    (tmp_path / "up").mkdir()
    (tmp_path / "down").mkdir()
    up = importance(study_of(tmp_path / "up", text, rising))
    down = importance(study_of(tmp_path / "down", f"{text}objective: validation_loss\n", falling))
    assert next(iter(up)) == next(iter(down)) == "model.layers[1].conv.filters"
    assert up == pytest.approx(down)


def test_what_stands_in_the_file_is_shown_and_not_obeyed(tmp_path: Path) -> None:
    text = SWEEP.replace("name: tiny", "name: '<b>tiny</b>'")
    page = sweep_page(study_of(tmp_path, text, by_filters))
    assert "<b>tiny" not in page
    assert "&lt;b&gt;tiny" in page


def test_a_sweep_without_a_trial_has_a_page(tmp_path: Path) -> None:
    file = write(tmp_path)
    sweep, text = load_sweep(file)
    begin_study(tmp_path / "s", sweep, text, file, None, 1)
    done = nndl("sweep", "report", "s", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "No trial has come to its end yet" in (tmp_path / "s" / "report.html").read_text(encoding="utf-8")
    assert nndl("sweep", "report", "s", "-o", "nowhere/r.html", cwd=tmp_path).returncode == 2


def test_trials_in_which_something_was_noticed_are_marked(tmp_path: Path) -> None:
    study = study_of(tmp_path, SWEEP, by_filters)
    assert ">signs<" not in sweep_page(study)
    line = json.dumps({"kind": "noticed", "step": 1, "sign": "<b>chance", "says": "s", "cure": "c"})
    for run in (study.path(2), study.path(3) / "seed-0", study.path(3) / "seed-1"):
        run.mkdir(parents=True)
        (run / "config.yaml").write_text("name: x", encoding="utf-8")
        (run / "metrics.jsonl").write_text(f"{line}\n", encoding="utf-8")
    shown = sweep_page(study)
    assert (shown.count(">signs<"), shown.count("&lt;b&gt;chance"), "<b>chance" in shown) == (1, 2, False)
