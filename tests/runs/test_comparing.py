"""Runs beside each other: what differs, how seeds spread, which is best."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nndl.runs.comparing import best_run, by_config, changed, spread, told_apart
from nndl.runs.differences import differences
from nndl.runs.folder import RunFolder
from nndl.runs.listing import list_runs, read_row, sort_rows
from tests.runs.made import make_run

EMPTY = read_row(RunFolder(Path("nowhere")))


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


HOSTILE = st.sampled_from(["a", "b[0]", "[²]", "c[1+1]", "[" + "9" * 5000 + "]", "", "."])
TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["relu", "gelu", "bn"]),
    lambda inner: st.lists(inner, max_size=8) | st.dictionaries(HOSTILE, inner, max_size=4),
    max_leaves=30,
)


@given(st.lists(st.dictionaries(HOSTILE, TREES, max_size=4), min_size=2, max_size=4))
@example([{"[" + "9" * 5000 + "]": 1}, {}])
@example([{"a": {"[²]": 1}}, {"a": None}, {"a": {"[²]": 2}}])
def test_configs_of_any_form_are_compared_and_the_last_differences_are_found(trees: list[dict[str, Any]]) -> None:
    rows = [replace(EMPTY, tree=tree, folder=str(number)) for number, tree in enumerate(trees)]
    places = changed(rows)
    assert all(len(place.values) == len(rows) for place in places)
    assert len({place.key for place in places}) == len(places)
    told_apart([[row] for row in rows])
    if len(rows) == 2:
        assert {place.key for place in places} == {each.key for each in differences(trees[0], trees[1])}


def test_places_in_a_list_come_in_its_order_whichever_run_differs_there() -> None:
    layers = [{"conv": 1}, "bn", "relu", {"pool": 2}, {"affine": 10}]
    gone, other = [layers[0], *layers[2:]], [*layers[:3], {"pool": 3}, layers[4], "relu"]
    rows = [replace(EMPTY, tree={"layers": each, "l2": place}) for place, each in enumerate((layers, other, gone))]
    assert [(place.key, place.values) for place in changed(rows)] == [
        ("layers[1]", ("bn", "bn", None)),
        ("layers[3].pool", (2, 3, 2)),
        ("layers[4+1]", (None, "relu", None)),
        ("l2", (0, 1, 2)),
    ]


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
