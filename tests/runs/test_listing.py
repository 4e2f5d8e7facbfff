"""The listing of runs: all that their files tell, and nothing makes it fail."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nndl.errors import UsageError
from nndl.runs.folder import RunFolder
from nndl.runs.listing import SORTS, flattened, list_runs, read_row, sort_rows
from tests.runs.made import make_run
from tests.runs.test_plain import BOMB


def test_a_row_says_what_the_files_say(tmp_path: Path) -> None:
    (row,) = list_runs(make_run(tmp_path / "runs" / "one", seed=3).parent)
    assert row.record() == {
        "name": "one",
        "status": "finished",
        "config": "tiny",
        "dataset": "cifar10",
        "seed": 3,
        "fold": None,
        "epochs": 2,
        "of_epochs": 2,
        "best_validation": 0.6,
        "last_validation": 0.6,
        "test": 0.55,
        "seconds": 2.5,
        "begun": 1e9,
        "folder": str(tmp_path / "runs" / "one"),
        "signs": "",
    }


def test_signs_that_something_was_wrong_are_named_once(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "ill")
    with (folder / "metrics.jsonl").open("a", encoding="utf-8") as file:
        for sign in ("vanishing", "chance", "vanishing", 5, None):
            file.write(json.dumps({"kind": "noticed", "step": 1, "sign": sign, "says": "", "cure": ""}) + "\n")
    assert read_row(RunFolder(folder)).signs == "vanishing, chance"


def test_the_last_epoch_may_be_a_part_of_one(tmp_path: Path) -> None:
    make_run(tmp_path / "a", epochs=0.1, validation=(0.5,))
    make_run(tmp_path / "b", epochs=2.28, validation=(0.5, 0.6, 0.7))
    make_run(tmp_path / "c", epochs=2.28)
    assert [row.epochs for row in sort_rows(list_runs(tmp_path), "name")] == [0.1, 2.28, 2]


def test_an_epoch_of_small_images_is_not_the_best(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "run", validation=(0.9, 0.5))
    text = (folder / "metrics.jsonl").read_text(encoding="utf-8")
    (folder / "metrics.jsonl").write_text(text.replace("0.9", '0.9, "small": true', 1), encoding="utf-8")
    assert read_row(RunFolder(folder)).best_validation == 0.5


def test_the_newest_comes_first_and_folders_of_runs_are_entered(tmp_path: Path) -> None:
    make_run(tmp_path / "old", begun=1e9)
    make_run(tmp_path / "trials" / "seed-0", begun=3e9)
    make_run(tmp_path / "new", begun=2e9)
    assert [row.name for row in list_runs(tmp_path)] == ["trials/seed-0", "new", "old"]
    assert list_runs(tmp_path / "none") == []


def test_a_run_cut_short_tells_what_it_can(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "cut", validation=(0.5,), test=None, status="interrupted")
    row = read_row(RunFolder(folder))
    assert (row.status, row.epochs, row.best_validation, row.test, row.seconds) == ("interrupted", 1, 0.5, None, 1.0)


@pytest.mark.parametrize("file", ["config.yaml", "summary.json", "metrics.jsonl"])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=60) | st.sampled_from([b"[]", b"{}", b"1", b"{a: {b: [1]}}", b'{"kind": "epoch"}']))
def test_no_damage_makes_it_fail(tmp_path: Path, file: str, content: bytes) -> None:
    folder = tmp_path / "run"
    if not folder.exists():
        make_run(folder)
    kept = (folder / file).read_bytes()
    (folder / file).write_bytes(content)
    row = read_row(RunFolder(folder))
    (folder / file).write_bytes(kept)
    assert row.name == "run"


def test_runs_without_a_figure_come_last_whatever_the_order(tmp_path: Path) -> None:
    make_run(tmp_path / "a", test=0.2)
    make_run(tmp_path / "b", test=None)
    make_run(tmp_path / "c", test=0.7)
    rows = list_runs(tmp_path)
    assert [row.name for row in sort_rows(rows, "test")] == ["c", "a", "b"]
    assert [row.name for row in sort_rows(rows, "name")] == ["a", "b", "c"]
    for key in SORTS:
        assert len(sort_rows(rows, key)) == 3
    with pytest.raises(UsageError, match=r"runs are sorted by name, .*, not 'colour'"):
        sort_rows(rows, "colour")


def test_a_config_is_flattened_to_its_places() -> None:
    tree = {"a": {"b": 1, "c": [1, {"d": 2}]}, "e": None}
    assert dict(flattened(tree)) == {"a.b": 1, "a.c": '[1, {"d": 2}]', "e": None}


@pytest.mark.parametrize("seconds", [10**400, 10**299, 1e300, float("nan"), float("inf"), -1, True, "1", [1]])
def test_a_time_beyond_reason_is_none_and_breaks_nothing(tmp_path: Path, seconds: Any) -> None:
    """One bad folder broke `nndl runs` for all: 10^400 as a whole number fits into no float."""
    folder = make_run(tmp_path / "bad", validation=())
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    (folder / "summary.json").write_text(json.dumps({**summary, "seconds": seconds}), encoding="utf-8")
    make_run(tmp_path / "good")
    bad, good = sort_rows(list_runs(tmp_path), "name")
    assert (bad.seconds, good.seconds) == (None, 2.5)
    assert bad.status == ("damaged" if seconds == 10**400 else "finished")


@pytest.mark.parametrize("accuracy", [10**299, 1.5, -0.1, float("nan"), True, None])
def test_an_accuracy_is_a_share_of_one(tmp_path: Path, accuracy: Any) -> None:
    row = read_row(RunFolder(make_run(tmp_path / "run", validation=(accuracy, 0.25), test=accuracy)))
    assert (row.best_validation, row.test) == (0.25, None)


def test_a_config_that_means_harm_is_a_damaged_run(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "run")
    text = (folder / "config.yaml").read_text(encoding="utf-8")
    for harm in (BOMB, "x: &x [*x]\n", "x: " + "[" * 5000, "\0"):
        (folder / "config.yaml").write_text(text + harm, encoding="utf-8")
        row = read_row(RunFolder(folder))
        assert (row.status, row.config, row.best_validation) == ("damaged", None, 0.6)
