"""A run from its first event to its summary, whatever happens on the way."""

import json
import sys
from collections import namedtuple
from pathlib import Path
from typing import Any

import pytest

from nndl.errors import TrainingError
from nndl.runs import training
from nndl.runs.folder import RunFolder
from nndl.runs.training import keep_run
from nndl.train.evaluate import Evaluator
from nndl.train.optimizers import Adam
from nndl.train.solver import Solver
from tests.train import tiny

CLASSES = ("a", "b", "c", "d")


def keep(folder: Path, solver: Solver, watch: Any = lambda _: None) -> tuple[dict[str, Any], list[str]]:
    """Return what the run came to, and its warnings."""
    warnings: list[str] = []
    test = Evaluator(*tiny.images(16, seed=2), tiny.normalize, 10)
    return keep_run(RunFolder(folder), solver, test, CLASSES, watch, warn=warnings.append), warnings


def summary(folder: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    return loaded


def log(folder: Path) -> str:
    return (folder / "log.txt").read_text(encoding="utf-8")


def better() -> Solver:
    """One whose best epoch is not its last."""
    return tiny.solver(epochs=8, optimizer=Adam(learning_rate=0.001))


def test_a_run_ends_with_scores_and_a_log(tmp_path: Path) -> None:
    kept, warnings = keep(tmp_path, better())
    assert warnings == []
    assert summary(tmp_path).items() >= kept.items()
    assert (kept["status"], kept["step"]) == ("finished", 24)
    lines = [line.partition("  ")[2] for line in log(tmp_path).splitlines()]
    assert lines[0] == "training from step 0 to 24"
    assert [line.split(":")[0] for line in lines[1:-1]] == [f"epoch {epoch} done" for epoch in range(1, 9)]
    assert lines[-1] == "finished at step 24"


def test_best_weights_that_cannot_be_read_cost_a_warning_not_the_run(tmp_path: Path) -> None:
    def spoil(event: Any) -> None:
        if event.step == 24:
            (tmp_path / "best.safetensors").write_bytes(b"")

    kept, warnings = keep(tmp_path, better(), spoil)
    assert kept["status"] == "finished"
    assert kept["test"]["best"] == kept["test"]["last"]
    (warning,) = warnings
    assert "best.safetensors is damaged" in warning
    assert "last weights are scored" in warning
    assert f"warning: {warning.splitlines()[0]}" in log(tmp_path)


@pytest.mark.parametrize(
    ("error", "status"), [(TrainingError("too high"), "failed"), (KeyboardInterrupt(), "interrupted")]
)
def test_what_ends_a_run_is_written_down_and_raised_again(tmp_path: Path, error: BaseException, status: str) -> None:
    def end(event: Any) -> None:
        if event.step == 4:
            raise error

    with pytest.raises(type(error)):
        keep(tmp_path, better(), end)
    assert (summary(tmp_path)["status"], summary(tmp_path)["step"]) == (status, 4)
    assert "Traceback" in log(tmp_path)
    assert (tmp_path / ".lock").read_bytes() == b""


def test_too_little_room_is_told_before_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(training, "disk_usage", lambda _: usage(10**9, 10**9 - 10**4, 10**4))
    _, warnings = keep(tmp_path, better())
    assert warnings == ["the disk has 0.01 MB left, and the states of this run need 0.05 MB"]


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_a_log_that_leads_elsewhere_is_left_with_a_word(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine", encoding="utf-8")
    (tmp_path / "log.txt").symlink_to(tmp_path / "mine")
    ended, told = keep(tmp_path, tiny.solver())
    assert ended["status"] == "finished"
    (words,) = [words for words in told if "log.txt" in words]
    assert words.startswith("what the run has to say is not logged: ")
    assert "log.txt is a link" in words
    assert (tmp_path / "mine").read_text(encoding="utf-8") == "mine"
