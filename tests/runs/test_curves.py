"""A run's curves are its metrics, in epochs."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nndl.runs.curves import Curves, averaged, calm_top, heading, plan_of, read_curves, smoothed
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
    broken_off = [{"kind": "epoch", "step": 2, "epoch": 1}, {"kind": "epoch", "step": 6, "epoch": 2}]
    assert plan_of(folder, [*broken_off, {"kind": "epoch", "step": 7, "epoch": 3}]).steps_per_epoch == 3


def test_smoothing_keeps_a_level_and_calms_what_jumps() -> None:
    level = smoothed([(float(x), 3.0) for x in range(200)])
    assert [y for _, y in level] == pytest.approx([3.0] * 200)
    jumping = smoothed([(float(x), float(x % 2)) for x in range(1000)])
    assert jumping[-1][1] == pytest.approx(0.5, abs=0.05)
    assert smoothed([]) == []


def test_the_mean_of_runs_lies_in_their_band_up_to_where_the_first_one_ends(tmp_path: Path) -> None:
    made = [
        make_run(tmp_path / "one", validation=(0.5, 0.6)),
        make_run(tmp_path / "two", validation=(0.7, 0.9)),
        make_run(tmp_path / "short", validation=(0.6,)),
    ]
    each = [read_curves(RunFolder(path)) for path in made]
    mean = averaged(each[:2], "both")
    assert (mean.name, mean.seeds) == ("both", 2)
    assert mean.validation_accuracy == [(1.0, pytest.approx(0.6)), (2.0, pytest.approx(0.75))]
    assert mean.bands["validation_accuracy"] == [(1.0, 0.5, 0.7), (2.0, 0.6, 0.9)]
    assert mean.loss == each[0].loss  # the same in both, to the last bit
    assert "smooth_loss" not in mean.bands
    assert len(averaged(each, "all").loss) == 10
    assert averaged(each, "all").bands["validation_accuracy"] == [(1.0, 0.5, 0.7)]


@given(st.lists(st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=3), min_size=2, max_size=5))
def test_a_mean_is_never_outside_its_band(losses: list[list[float]]) -> None:
    mean = averaged([Curves("one", train_loss=list(enumerate(each))) for each in losses], "all")
    for (_, value), (_, low, high) in zip(mean.train_loss, mean.bands.get("train_loss", []), strict=False):
        assert low <= value <= high


def test_above_curves_stands_what_they_are_of() -> None:
    one, many = Curves("one"), Curves("many", seeds=3)
    assert heading([one]) == heading([one, one]) == ""
    assert heading([Curves("one", synthetic=True)]) == "one: SYNTHETIC images"
    assert heading([many]) == "many: means of 3 seeds, in a band from the lowest to the highest"
    assert heading([many, one]) == "means of 3 seeds, in a band from the lowest to the highest"
    assert heading([many, Curves("two", seeds=2)]).startswith("means of a config's seeds")
    assert heading([Curves("many", seeds=3, synthetic=True)]).startswith("many: SYNTHETIC images, means of 3 seeds")


def test_a_spike_does_not_decide_how_high_losses_are_drawn() -> None:
    assert calm_top([1.0] * 999 + [1e6]) == pytest.approx(1.05)
    assert calm_top([]) is None
