"""Runs beside each other: what differs, how seeds spread, which is best."""

from pathlib import Path

import pytest

from nndl.runs.comparing import best_run, by_config, changed, spread, told_apart
from nndl.runs.listing import list_runs, sort_rows
from tests.runs.made import make_run


def test_what_differs_is_told_place_by_place(tmp_path: Path) -> None:
    make_run(tmp_path / "a", l2=0.1)
    make_run(tmp_path / "b", l2=0.2, seed=5)
    make_run(tmp_path / "c", l2=0.1, dataset="synthetic")
    places = {place.key: place.values for place in changed(sort_rows(list_runs(tmp_path), "name"))}
    assert places == {
        "seed": (0, 5, 0),
        "train.l2": (0.1, 0.2, 0.1),
        "data.dataset": ("cifar10", "cifar10", "synthetic"),
    }


def test_seeds_of_one_config_are_a_group_wherever_the_data_stood(tmp_path: Path) -> None:
    make_run(tmp_path / "a", seed=1)
    make_run(tmp_path / "b", seed=2, root="elsewhere")
    make_run(tmp_path / "c", seed=1, l2=0.5)
    groups = by_config(sort_rows(list_runs(tmp_path), "name"))
    assert [[row.name for row in group] for group in groups] == [["a", "b"], ["c"]]


def test_configs_of_one_name_are_told_apart(tmp_path: Path) -> None:
    make_run(tmp_path / "a", seed=1)
    make_run(tmp_path / "b", seed=2, root="elsewhere")
    make_run(tmp_path / "c", seed=3, l2=0.5)
    make_run(tmp_path / "d", l2=0.5, epochs=0.5)
    make_run(tmp_path / "e", name="other", epochs=9)
    (damaged := make_run(tmp_path / "f") / "config.yaml").write_text("{", encoding="utf-8")
    assert damaged.is_file()
    groups = by_config(sort_rows(list_runs(tmp_path), "name"))
    l2, epochs = "train.l2", "train.epochs"
    assert told_apart(groups) == [{l2: 0.0}, {}, {epochs: 0.5}, {}, {}]
    assert told_apart(groups[:2]) == [{l2: 0.0}, {l2: 0.5}]


def test_the_spread_is_that_of_one_run() -> None:
    figure = spread([0.5, None, 0.7])
    assert (figure.mean, figure.runs) == (pytest.approx(0.6), 2)
    assert figure.deviation == pytest.approx(0.1 * 2**0.5)
    assert spread([0.5]).deviation is None
    assert spread([None]).mean is None


def test_the_best_is_by_validation_and_of_real_images(tmp_path: Path) -> None:
    make_run(tmp_path / "tested", validation=(0.5,), test=0.99)
    make_run(tmp_path / "validated", validation=(0.6,), test=0.1)
    make_run(tmp_path / "generated", validation=(0.9,), dataset="synthetic")
    make_run(tmp_path / "other", validation=(0.8,), name="other")
    rows = list_runs(tmp_path)
    assert (row := best_run(rows, "tiny"))
    assert row.name == "validated"
    assert (row := best_run(rows))
    assert row.name == "other"
    assert (row := best_run([row for row in rows if row.dataset == "synthetic"]))
    assert row.name == "generated"
    assert best_run(rows, "none") is None
