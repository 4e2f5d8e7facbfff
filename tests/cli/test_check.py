"""nndl check: exit codes, the table, JSON."""

import json
from pathlib import Path

import pytest

from nndl.check.trials.before import Checked
from nndl.cli.screen.checks import rows, summary
from tests.cli.command import nndl
from tests.cli.test_train import CONFIG


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tiny.yaml").write_text(CONFIG, encoding="utf-8")
    ill = CONFIG.replace("    - affine: 16\n    - bn\n", "    - affine: {out_features: 16, init: zeros}\n")
    (tmp_path / "ill.yaml").write_text(ill, encoding="utf-8")
    return tmp_path


def test_a_config_that_is_well_passes_with_0_and_nothing_is_kept(folder: Path) -> None:
    done = nndl("check", "tiny.yaml", "--set", "data.train_size=400", cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    first, *lines, last = done.stdout.splitlines()
    assert first == "tiny: SYNTHETIC images, engine reference"
    assert [line.split("  ")[0] for line in lines] == ["ok"] * 6
    assert last.startswith("6 checks in 0:")
    assert last.endswith(": all right")
    assert {path.name for path in folder.iterdir()} == {"tiny.yaml", "ill.yaml"}


def test_one_that_is_not_fails_with_1_in_words_and_as_data(folder: Path) -> None:
    words = ("check", "ill.yaml", "--seconds", "2", "--set", "data.train_size=400")
    done = nndl(*words, cwd=folder)
    assert done.returncode == 1, done.stderr
    assert "FAILED     before the first step         activations vanish: what affine1 gives is the same" in done.stdout
    assert "\n" + " " * 41 + "what to try: init: he, " in done.stdout
    record = json.loads(nndl(*words, "--json", cwd=folder).stdout)
    assert not record["passed"]
    assert (record["name"], record["dataset"], record["engine"]) == ("tiny", "synthetic", "reference")
    assert record["checks"][0]["verdict"] == "failed"
    assert len(record["checks"]) == 6


def test_what_is_no_config_ends_with_2(folder: Path) -> None:
    assert nndl("check", "nowhere.yaml", cwd=folder).returncode == 2


@pytest.mark.parametrize("width", [40, 80, 140])
def test_rows_fit_the_terminal(width: int) -> None:
    checked = Checked("one image apart from another", "undecided", "what is said of it " * 9, "to do this or that " * 5)
    for line in rows(checked, width):
        assert len("".join(text for text, _ in line).rstrip()) <= width
    text = " ".join("".join(text for text, _ in line).strip() for line in rows(checked, width))
    assert text.count("what is said of it") == 9
    assert "what to try: to do this or that" in text
    assert summary([checked, Checked("b", "FAILED", "")]) == "2 checks in 0:00: 1 FAILED, 1 undecided"
