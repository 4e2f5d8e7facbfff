"""A run's curves are its metrics, in epochs."""

from pathlib import Path

import pytest

from nndl.runs.curves import calm_top, names, plan_of, read_curves, smoothed
from nndl.runs.folder import RunFolder
from tests.runs.made import make_run


def test_the_points_are_those_of_the_metrics(tmp_path: Path) -> None:
    curves = read_curves(RunFolder(make_run(tmp_path / "one")))
    assert curves.name == "one"
    assert curves.validation_accuracy == [(1.0, 0.5), (2.0, 0.6)]
    assert curves.train_loss == [(1.0, 1.0), (2.0, 0.5)]
    assert curves.loss[4] == (0.5, 2.0 / 5)
    assert len(curves.loss) == 20
    assert curves.images_per_second[-1] == (2.0, pytest.approx(320.0))


def test_a_run_that_has_written_nothing_has_no_curves(tmp_path: Path) -> None:
    folder = RunFolder(make_run(tmp_path / "one"))
    folder.metrics.unlink()
    assert read_curves(folder).loss == []
    folder.metrics.write_text('{"kind": "step", "step": 3, "loss": null}\n{"kind": "step", "st', encoding="utf-8")
    assert read_curves(folder).loss == []


def test_the_plan_is_read_from_config_and_summary(tmp_path: Path) -> None:
    folder = RunFolder(make_run(tmp_path / "one"))
    assert vars(plan_of(folder)) == {"steps": 20, "steps_per_epoch": 10, "epochs": 2, "step": 0}
    folder.summary.write_text("[]", encoding="utf-8")
    folder.config.write_text("train: 7", encoding="utf-8")
    assert plan_of(folder).steps_per_epoch == 1


def test_smoothing_keeps_a_level_and_calms_what_jumps() -> None:
    level = smoothed([(float(x), 3.0) for x in range(200)])
    assert [y for _, y in level] == pytest.approx([3.0] * 200)
    jumping = smoothed([(float(x), float(x % 2)) for x in range(1000)])
    assert jumping[-1][1] == pytest.approx(0.5, abs=0.05)
    assert smoothed([]) == []


def test_runs_have_the_shortest_names_that_tell_them_apart(tmp_path: Path) -> None:
    one, two = RunFolder(make_run(tmp_path / "x", name="net", seed=1)), RunFolder(make_run(tmp_path / "y", name="mlp"))
    assert names([one, two]) == ["net", "mlp"]
    other = RunFolder(make_run(tmp_path / "z", name="net", seed=2))
    assert names([one, two, other]) == ["net, seed 1", "mlp, seed 0", "net, seed 2"]
    again = RunFolder(make_run(tmp_path / "again", name="net", seed=1))
    assert names([one, two, again]) == ["x", "y", "again"]
    elsewhere = RunFolder(make_run(tmp_path / "elsewhere" / "x", name="net", seed=1))
    assert names([one, elsewhere]) == [str(one.path), str(elsewhere.path)]


def test_a_spike_does_not_decide_how_high_losses_are_drawn() -> None:
    assert calm_top([1.0] * 999 + [1e6]) == pytest.approx(1.05)
    assert calm_top([]) is None
