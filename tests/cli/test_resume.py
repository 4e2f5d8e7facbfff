"""nndl resume, verify-resume and reproduce in processes of their own: what they print, and their exit codes."""

import json
import signal
import sys
from pathlib import Path

import pytest

from tests.cli.command import nndl, started
from tests.small_run import CONFIG

TEXT = CONFIG.format(engine="vectorized", schedule="cosine")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a config and its finished run."""
    folder = tmp_path_factory.mktemp("resume")
    (folder / "small.yaml").write_text(TEXT, encoding="utf-8")
    done = nndl("train", "small.yaml", "--quiet", "--run-dir", "run", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_a_finished_run_is_extended_only_when_asked_to(folder: Path) -> None:
    refused = nndl("resume", "run", cwd=folder)
    assert refused.returncode == 2
    assert refused.stderr == "error: run is finished; --epochs 8 would train it for 5 epochs more\n"
    extended = nndl("train", "--resume", "run", "--epochs", "4", cwd=folder)
    assert extended.returncode == 0, extended.stderr
    assert "train.epochs: 3 -> 4; the schedule (cosine) now ends with epoch 4" in extended.stderr
    assert "from step 12 of 16" in extended.stdout
    log = (folder / "run" / "log.txt").read_text(encoding="utf-8")
    assert "finished at step 12" in log
    assert "train.epochs: 3 -> 4" in log
    assert "epoch 4 done: step 16" in log


def test_epochs_are_written_down_to_the_last_digit(folder: Path) -> None:
    for words in (["train", "small.yaml", "--epochs", "1.1234567", "--run-dir", "odd"], ["resume", "odd"]):
        done = nndl(*words, "--quiet", *(["--epochs", "1.7654321"] if words[0] == "resume" else []), cwd=folder)
        assert done.returncode == 0, done.stderr
    assert "\n  epochs: 1.7654321\n" in (folder / "odd" / "config.yaml").read_text(encoding="utf-8")


def test_epochs_beyond_reason_are_refused(folder: Path) -> None:
    done = nndl("train", "small.yaml", "--epochs", "1e300", "--run-dir", "endless", cwd=folder)
    assert done.returncode == 2
    assert done.stderr == "error: --epochs 1e+300: epochs should be 1,000,000 or less, not 1e+300\n"
    assert not (folder / "endless").exists()


def test_what_does_not_fit_beside_resume_is_named(folder: Path) -> None:
    for words in (["--synthetic"], ["--run-dir", "other"], ["--download"]):
        done = nndl("train", "--resume", "run", *words, cwd=folder)
        assert done.returncode == 2
        assert f"{words[0]} does not fit" in done.stderr
    assert "no run 'nowhere'" in nndl("resume", "nowhere", cwd=folder).stderr


def test_changes_are_listed_and_refused(folder: Path) -> None:
    done = nndl("resume", "run", "--epochs", "9", "--threads", "2", "--set", "seed=1", cwd=folder)
    assert done.returncode == 2
    assert "\n  seed: 0 -> 1\n" in done.stderr
    assert "\n  threads: 1 -> 2\n" in done.stderr
    assert "--accept-changes" in done.stderr


def test_reproduce_says_bit_identical_and_leaves_the_run_alone(folder: Path) -> None:
    before = {path.name: path.read_bytes() for path in (folder / "run").iterdir()}
    done = nndl("reproduce", "run", "--quiet", cwd=folder, PYTHONHASHSEED="1")  # sets have another order
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("bit-identical: 1")
    told = json.loads(nndl("reproduce", "run", "--json", cwd=folder).stdout)
    assert (told["identical"], told["first_tensor"]) == (True, None)
    assert {path.name: path.read_bytes() for path in (folder / "run").iterdir()} == before


def test_reproduce_exits_with_1_where_a_line_differs(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    for path in (folder / "run").iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    metrics = copy / "metrics.jsonl"
    lines = [json.loads(line) for line in metrics.read_text(encoding="utf-8").splitlines()]
    lines[3]["loss"] *= 1.01
    metrics.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    done = nndl("reproduce", str(copy), "--quiet", cwd=tmp_path)
    assert done.returncode == 1
    assert f"NOT identical\nfirst step that differs: step at step {lines[3]['step']}: loss: " in done.stdout


def test_verify_resume_prints_digests_and_keeps_nothing(folder: Path) -> None:
    before = sorted(folder.iterdir())
    words = ("verify-resume", "small.yaml", "--steps", "10", "--stop-at", "7")
    done = nndl(*words, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "identical to the last bit"
    told = json.loads(nndl(*words, "--json", cwd=folder).stdout)
    assert (told["identical"], told["steps"], told["stop_at"]) == (True, 10, 7)
    parts = {part["name"]: part["digests"] for part in told["parts"]}
    for name in ("parameters", "running statistics", "optimizer", "averages", "metrics"):
        assert parts[name][0] == parts[name][1]
        assert parts[name][0][:16] in done.stdout
    assert sorted(folder.iterdir()) == before


def test_verify_resume_by_itself_trains_no_more_than_the_config(folder: Path) -> None:
    done = nndl("verify-resume", "small.yaml", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("small: 12 steps straight, and stopped after 5 and resumed\n")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to answer")
def test_a_second_process_is_refused_and_sigterm_saves_the_state(folder: Path) -> None:
    words = ["train", "small.yaml", "--epochs", "5000", "--json", "--run-dir", "long"]
    process = started(*words, cwd=folder)
    assert process.stdout is not None
    for line in process.stdout:
        if json.loads(line).get("step", 0) >= 5:
            break
    second = nndl("resume", "long", cwd=folder)
    process.send_signal(signal.SIGTERM)
    process.stdout.read()
    assert process.wait(60) == 75
    process.stdout.close()
    assert process.stderr is not None
    assert "state saved" in process.stderr.read()
    process.stderr.close()
    assert second.returncode == 2
    assert f"long is in use by process {process.pid} on" in second.stderr


def test_errors_and_their_traceback_are_in_the_log_only(folder: Path) -> None:
    sets = ["--set", "train.optimizer={sgd: {learning_rate: 1.0e+30}}"]
    done = nndl("train", "small.yaml", *sets, "--quiet", "--run-dir", "diverged", cwd=folder)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    log = (folder / "diverged" / "log.txt").read_text(encoding="utf-8")
    assert "Traceback" in log
    assert "TrainingError" in log
