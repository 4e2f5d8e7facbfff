"""nndl configs and nndl config, as a person runs them."""

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from nndl.config import load_config
from nndl.config.bundled import bundled, names
from nndl.config.marked import read
from nndl.config.reference import reference

ROOT = Path(__file__).parents[2]


def nndl(*words: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    environment = {"PYTHONPATH": str(ROOT), "PATH": "", "COLUMNS": "100"}
    command = [sys.executable, "-m", "nndl", *words]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, encoding="utf-8", timeout=60)


def test_the_list_names_every_bundled_config() -> None:
    listed = json.loads(nndl("configs", "--json").stdout)
    assert [row["name"] for row in listed] == names()
    assert all(row["about"] for row in listed)
    assert {"quickstart", "three_layer", "bn_cnn", "resnet9"} <= set(names())


def test_show_prints_the_file_itself() -> None:
    assert nndl("configs", "show", "bn_cnn").stdout.rstrip() == bundled("bn_cnn").read_text(encoding="utf-8").rstrip()


def test_copy_makes_a_file_that_works_and_overwrites_none(tmp_path: Path) -> None:
    assert nndl("configs", "copy", "bn_cnn", "mine.yaml", cwd=tmp_path).returncode == 0
    assert nndl("config", "check", "mine.yaml", cwd=tmp_path).stdout.startswith("mine.yaml: OK (13 layers")
    again = nndl("configs", "copy", "bn_cnn", "mine.yaml", cwd=tmp_path)
    assert (again.returncode, again.stderr) == (2, "error: mine.yaml exists; name another file, or remove it first\n")


def test_a_bundled_config_is_found_away_from_a_clone_by_name_and_by_path(tmp_path: Path) -> None:
    for name in ("bn_cnn", "configs/bn_cnn.yaml"):
        assert nndl("config", "check", name, cwd=tmp_path).returncode == 0


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


def test_the_schema_accepts_the_bundled_configs_and_refuses_typos() -> None:
    schema = json.loads(nndl("config", "schema").stdout)
    validator = jsonschema.Draft202012Validator(schema)
    validator.check_schema(schema)
    for name in names():
        tree = read(bundled(name).read_text(encoding="utf-8"), name).value
        assert list(validator.iter_errors(tree)) == []
    for wrong in (
        {"model": {"layers": ["rellu"]}},
        {"model": {"layers": [{"conv": {"filter": 3}}]}},
        {"model": {"layers": ["relu"]}, "trian": {}},
        {"model": {"layers": ["relu"]}, "train": {"optimizer": {"adam": {"lr": 1}}}},
        {"model": {"layers": [{"residual": ["rellu"]}]}},
    ):
        assert list(validator.iter_errors(wrong)) != [], wrong


def test_the_reference_page_is_the_schemas() -> None:
    page = (ROOT / "docs" / "config.md").read_text(encoding="utf-8")
    assert page.rstrip() == reference().rstrip(), "run: nndl config reference > docs/config.md"
