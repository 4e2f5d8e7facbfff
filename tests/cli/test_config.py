"""nndl config, as a person runs them."""

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from nndl.config import load_config
from nndl.config.bundled import bundled, names
from nndl.config.writing.json_schema import json_schema
from nndl.config.writing.reference import reference
from tests.cli import command

ROOT = command.ROOT


def nndl(*words: str, cwd: Path = ROOT) -> "subprocess.CompletedProcess[str]":
    return command.nndl(*words, cwd=cwd, COLUMNS="100")


def test_the_list_names_every_bundled_config() -> None:
    listed = json.loads(nndl("config", "--json").stdout)
    assert [row["name"] for row in listed] == names()
    assert all(row["about"] for row in listed)
    assert {"quickstart", "three_layer", "bn_cnn", "resnet9"} <= set(names())


def test_list_is_what_it_does_by_itself() -> None:
    assert nndl("config", "list").stdout == nndl("config").stdout
    assert json.loads(nndl("config", "list", "--json").stdout) == json.loads(nndl("config", "--json").stdout)


@pytest.mark.parametrize("name", ["bn_cnn", "bn_cnn.yaml", "configs/bn_cnn.yaml"])
def test_show_prints_the_file_itself(name: str) -> None:
    assert nndl("config", "source", name).stdout.rstrip() == bundled("bn_cnn").read_text(encoding="utf-8").rstrip()


def test_copy_makes_a_file_that_works_and_overwrites_none(tmp_path: Path) -> None:
    assert nndl("config", "copy", "bn_cnn", "mine.yaml", cwd=tmp_path).returncode == 0
    assert nndl("config", "check", "mine.yaml", cwd=tmp_path).stdout.startswith("mine.yaml: OK (14 layers")
    again = nndl("config", "copy", "bn_cnn", "mine.yaml", cwd=tmp_path)
    assert (again.returncode, again.stderr) == (2, "error: mine.yaml exists; name another file, or remove it first\n")


def test_copy_says_which_folder_is_missing(tmp_path: Path) -> None:
    answer = nndl("config", "copy", "bn_cnn", "mine/net.yaml", cwd=tmp_path)
    assert (answer.returncode, answer.stderr) == (2, "error: there is no folder mine to copy into; make it first\n")
    (tmp_path / "mine").mkdir()
    assert nndl("config", "copy", "bn_cnn", "mine", cwd=tmp_path).returncode == 0
    assert load_config(tmp_path / "mine" / "bn_cnn.yaml") == load_config("bn_cnn")
    answer = nndl("config", "copy", "ladder/70", "yours/", cwd=tmp_path)
    assert (answer.returncode, answer.stderr) == (2, "error: there is no folder yours to copy into; make it first\n")


def test_copy_makes_a_file_with_a_suffix(tmp_path: Path) -> None:
    assert nndl("config", "copy", "ladder/70", "ladder", cwd=tmp_path).stdout.splitlines()[0] == "ladder.yaml"
    assert nndl("config", "copy", "ladder/70", cwd=tmp_path).stdout.splitlines()[0] == "70.yaml"
    (tmp_path / "d").mkdir()
    assert nndl("config", "copy", "ladder/70", "d/", cwd=tmp_path).returncode == 0
    assert sorted(path.name for path in tmp_path.rglob("*.*")) == ["70.yaml", "70.yaml", "ladder.yaml"]


def test_check_counts_what_the_network_holds(tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text("model:\n  layers:\n    - conv: 2\n    - affine: 10\n", encoding="utf-8")
    parameters, macs = 2 * 27 + 2 + 2048 * 10 + 10, 2 * 27 * 1024 + 2048 * 10
    answer = json.loads(nndl("config", "check", "small.yaml", "--json", cwd=tmp_path).stdout)
    assert answer == {"config": "small.yaml", "ok": True, "layers": 2, "parameters": parameters, "macs": macs}


def test_check_gives_problems_as_json(tmp_path: Path) -> None:
    (tmp_path / "wrong.yaml").write_text("model:\n  layers:\n    - rellu\n    - affine: 10\n", encoding="utf-8")
    answer = nndl("config", "check", "wrong.yaml", "--set", "seed=-1", "--json", cwd=tmp_path)
    assert (answer.returncode, answer.stderr) == (2, "")
    layer = {"message": "no layer 'rellu'; did you mean 'relu'?", "key": "model.layers[0]", "line": 3, "column": 7}
    seed = {"message": "seed should be 0 or more, not -1", "key": "seed", "set": "seed=-1"}
    report = json.loads(answer.stdout)
    assert sorted(report.pop("problems"), key=str) == sorted([layer, seed], key=str)
    assert report == {"config": "wrong.yaml", "ok": False}


def test_a_sweep_s_file_is_checked_as_what_it_is(tmp_path: Path) -> None:
    space = "space:\n  train.l2: {log: [1.0e-5, 1.0e-3]}\n  train.batch_size: {choose: [32, 0]}\n"
    (tmp_path / "sweep.yaml").write_text(f"base: quickstart\ntrials: 3\n{space}", encoding="utf-8")
    wrong = nndl("config", "check", "sweep.yaml", "--json", cwd=tmp_path)
    (problem,) = json.loads(wrong.stdout)["problems"]
    assert (wrong.returncode, problem["line"]) == (2, 5)
    assert "batch_size should be 1 or more, not 0" in problem["message"]
    (tmp_path / "sweep.yaml").write_text(f"base: quickstart\ntrials: 3\n{space.replace('0]', '64]')}", encoding="utf-8")
    assert nndl("config", "check", "sweep.yaml", cwd=tmp_path).stdout == (
        "sweep.yaml: OK, a sweep of quickstart: 3 trials with values of train.l2, train.batch_size\n"
        "nndl sweep sweep.yaml trains them\n"
    )


def test_check_gives_a_missing_file_as_json_too(tmp_path: Path) -> None:
    answer = nndl("config", "check", "none.yaml", "--json", cwd=tmp_path)
    assert answer.returncode == 2
    assert "no file none.yaml" in json.loads(answer.stdout)["problems"][0]["message"]


def test_a_bundled_config_is_found_away_from_a_clone_by_name_and_by_path(tmp_path: Path) -> None:
    for name in ("bn_cnn", "configs/bn_cnn.yaml"):
        answer = nndl("config", "check", name, cwd=tmp_path)
        assert answer.returncode == 0
        assert answer.stdout.startswith(f"{name}: OK, the bundled one (14 layers")


def test_a_name_that_is_none_is_answered_with_the_nearest(tmp_path: Path) -> None:
    answer = nndl("config", "check", "bn_cn", cwd=tmp_path)
    assert answer.returncode == 2
    assert "did you mean 'bn_cnn'?" in answer.stderr


@pytest.mark.parametrize("name", names())
def test_what_show_prints_is_the_same_experiment(name: str, tmp_path: Path) -> None:
    shown = tmp_path / "shown.yaml"
    shown.write_text(nndl("config", "show", name, "--set", "seed=7").stdout, encoding="utf-8")
    assert load_config(shown) == load_config(name, ["seed=7"])


def test_a_wrong_config_exits_with_2_and_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "wrong.yaml").write_text("model:\n  layers:\n    - conv: {filter: 3}\n", encoding="utf-8")
    answer = nndl("config", "check", "wrong.yaml", cwd=tmp_path)
    assert answer.returncode == 2
    assert "wrong.yaml:3:14: conv: unknown key 'filter'; did you mean 'filters'?" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_the_schema_is_printed_as_json() -> None:
    assert json.loads(nndl("config", "schema").stdout) == json_schema()


def test_the_reference_page_is_the_schemas() -> None:
    page = (ROOT / "docs" / "config.md").read_text(encoding="utf-8")
    assert page.rstrip() == reference().rstrip(), "run: nndl config reference > docs/config.md"


@pytest.mark.skipif(sys.platform == "win32", reason="split as POSIX's shells do")
def test_the_commands_it_names_can_be_copied_whatever_the_file_is_called(tmp_path: Path) -> None:
    done = nndl("config", "copy", "quickstart", "my first config.yaml", cwd=tmp_path)
    check, train = (shlex.split(line)[1:] for line in done.stdout.splitlines()[1:])
    assert nndl(*check, cwd=tmp_path).returncode == 0
    assert train == ["train", "my first config.yaml"]


def test_the_earlier_name_works_and_says_what_it_is_called_now(tmp_path: Path) -> None:
    for old, new in (
        (["configs", "--json"], ["config", "--json"]),
        (["configs", "show", "ladder/70"], ["config", "source", "ladder/70"]),
    ):
        answer = nndl(*old, cwd=tmp_path)
        assert answer.stdout == nndl(*new, cwd=tmp_path).stdout
        assert answer.stderr == "note: nndl configs is nndl config now, and its show is source\n"
    assert nndl("configs", "copy", "quickstart", cwd=tmp_path).returncode == 0
