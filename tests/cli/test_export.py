"""nndl export and nndl import: out and back, the same scores; what differs is not written."""

import json
from pathlib import Path

import numpy as np
import pytest

from nndl import load_run
from nndl.runs.folder import run_names
from tests.cli.command import nndl
from tests.cli.test_train import CONFIG


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export")
    (folder / "tiny.yaml").write_text(CONFIG, encoding="utf-8")
    done = nndl("train", "tiny.yaml", "--quiet", "--run-dir", "run", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize("kind", ["npz", "safetensors"])
def test_weights_come_back_as_a_run_that_scores_the_same(folder: Path, kind: str) -> None:
    done = nndl("export", "run", "--to", kind, "--output", f"w.{kind}", "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["files"] == [f"w.{kind}"]
    done = nndl("import", "tiny.yaml", f"w.{kind}", "--run-dir", f"back-{kind}", cwd=folder)
    assert done.returncode == 0, done.stderr
    one, other = load_run(folder / "run"), load_run(folder / f"back-{kind}")
    pixels = np.random.default_rng(0).integers(0, 256, (20, 3, 32, 32), np.uint8)
    np.testing.assert_allclose(other.scores(pixels), one.scores(pixels), rtol=1e-5, atol=1e-5)
    assert other.classes == one.classes
    before, after = (json.loads(nndl("eval", run, "--json", cwd=folder).stdout) for run in ("run", f"back-{kind}"))
    assert after["confusion"] == before["confusion"]


def test_imported_weights_are_not_trained_over(folder: Path) -> None:
    assert nndl("export", "run", "--to", "npz", "--output", "kept.npz", cwd=folder).returncode == 0
    assert nndl("import", "tiny.yaml", "kept.npz", "--run-dir", "kept", cwd=folder).returncode == 0
    before = (folder / "kept" / "best.safetensors").read_bytes()
    for verb in ("resume", "reproduce"):
        done = nndl(verb, "kept", cwd=folder)
        assert done.returncode == 2
        assert done.stderr.startswith("error: ")
    assert "imported weights" in nndl("resume", "kept", cwd=folder).stderr
    assert (folder / "kept" / "best.safetensors").read_bytes() == before
    assert json.loads((folder / "kept" / "summary.json").read_text(encoding="utf-8"))["status"] == "imported"


def test_onnx_is_scored_again_and_keeps_what_it_is(folder: Path) -> None:
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    done = nndl("export", "run", "--to", "onnx", "--images", "30", "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["images"], report["same_class"], report["checked_on"]) == (30, 30, "synthetic")
    assert report["largest_difference"] <= 1e-4 * report["largest_score"]
    model = onnx.load(folder / report["files"][0])
    kept = {each.key: json.loads(each.value) for each in model.metadata_props}
    assert kept["classes"] == list(load_run(folder / "run").classes)
    assert kept["run"] == "run"


def test_the_module_and_its_weights_stand_side_by_side(folder: Path) -> None:
    done = nndl("export", "run", "--to", "pytorch", "--output", "net.py", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[:2] == ["net.py", "net.safetensors"]
    compile((folder / "net.py").read_text(encoding="utf-8"), "net.py", "exec")


def test_wrong_words_are_answered(folder: Path) -> None:
    (folder / "there.npz").write_bytes(b"mine")
    before = run_names(folder / "runs")
    for words, message in (
        (("export", "run", "--to", "keras"), "--to takes onnx, npz, safetensors, pytorch"),
        (("export", "run", "--to", "npz", "--output", "there.npz"), "there.npz is there already; name another"),
        (("export", "run", "--to", "npz", "--output", "no/w.npz"), "no folder no"),
        (("export", "run", "--to", "pytorch", "--output", "w.safetensors"), "say .py"),
        (("export", "nowhere", "--to", "npz"), "no run 'nowhere'"),
        (("import", "tiny.yaml", "there.npz"), "no .safetensors or .npz file"),
        (("import", "tiny.yaml", "gone.npz"), "there is no file gone.npz"),
        (
            ("import", "good.npz", "tiny.yaml"),
            "the config comes first, then the weights: nndl import tiny.yaml",
        ),
        (("import", "quickstart", "good.npz"), "does not fit the config's network:\n  "),
    ):
        if words[-1] == "good.npz":
            assert nndl("export", "run", "--to", "npz", "--output", "good.npz", cwd=folder).returncode == 0
        done = nndl(*words, cwd=folder)
        assert done.returncode in (1, 2), words
        assert message in done.stderr.replace("\\", "/")
        assert "Traceback" not in done.stderr
    assert (folder / "there.npz").read_bytes() == b"mine"
    assert str(folder / "run") in before
    assert run_names(folder / "runs") == before
