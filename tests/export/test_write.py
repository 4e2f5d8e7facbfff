"""Run.export: what is written, what is refused, and that nothing is written that does not compute the same."""

import json
import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open

from nndl import Run, load_run, train
from nndl.cli.export import FORMATS, _hints
from nndl.errors import DataError, ExportError, UsageError
from nndl.export import write
from nndl.export.write import SUFFIXES
from tests.small_run import experiment


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return train(experiment(), tmp_path_factory.mktemp("write") / "run")


def test_the_format_is_what_the_name_ends_in(run: Run, tmp_path: Path) -> None:
    for to, suffix in SUFFIXES.items():
        if to != "onnx":
            written = run.export(tmp_path / f"as_{to}{suffix}")
            assert (written.to, written.files[0]) == (to, tmp_path / f"as_{to}{suffix}")
            assert all(path.stat().st_size for path in written.files)
    with np.load(tmp_path / "as_npz.npz") as arrays:
        np.testing.assert_array_equal(arrays["conv1.w"], run.network.params["conv1.w"])


def test_without_a_name_it_is_the_configs_here(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run.export(to="pytorch").files == (Path("small.py"), Path("small.safetensors"))
    with pytest.raises(UsageError, match=r"small\.py is there already"):
        run.export(to="pytorch")
    assert run.export(to="pytorch", force=True).files == (Path("small.py"), Path("small.safetensors"))


def test_a_module_is_called_what_python_can_import(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    named = replace(run, experiment=run.experiment.model_copy(update={"name": "ladder-90"}))
    assert named.export(to="pytorch").files[0] == Path("ladder_90.py")
    assert named.export(to="npz").files[0] == Path("ladder-90.npz")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_a_folder_called_what_no_text_can_hold_is_written_down_as_what_stands_for_it(run: Run, tmp_path: Path) -> None:
    odd = tmp_path / os.fsdecode(b"caf\xe9\x1b")
    shutil.copytree(run.folder.path, odd)
    written = load_run(odd).export(tmp_path / "net.py")
    assert "of caf/udce9/x1b, from nndl" in written.files[0].read_text(encoding="utf-8")
    with safe_open(written.files[1], "numpy") as file:
        assert json.loads(file.metadata()["run"]) == "caf\\udce9\\x1b"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"path": "net.h5"}, "say what to export to: onnx, "),
        ({}, "say what to export to"),
        ({"to": "keras"}, "exported to onnx, npz, safetensors, pytorch, not 'keras'"),
        ({"path": "no/net.npz"}, "there is no folder no"),
        ({"path": "net.safetensors", "to": "pytorch"}, "say .py"),
        ({"path": "net", "to": "pytorch"}, "a file that ends in .py"),
    ],
)
def test_words_that_do_not_fit_are_refused(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: dict[str, str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=message):
        run.export(**words)
    assert list(tmp_path.iterdir()) == []


def test_onnx_is_scored_again_on_the_runs_own_images(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    written = run.export(tmp_path / "net.onnx", check_images=7)
    assert written.comparison is not None
    assert (written.checked_on, written.comparison.images, written.comparison.agrees) == ("synthetic", 7, True)


def test_images_that_are_gone_are_generated_unless_a_folder_was_named(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    moved = tmp_path / "moved"
    moved.mkdir()
    for path in run.folder.path.iterdir():
        (moved / path.name).write_bytes(path.read_bytes())
    config = (moved / "config.yaml").read_text(encoding="utf-8")
    (moved / "config.yaml").write_text(config.replace("dataset: synthetic", "dataset: cifar10"), encoding="utf-8")
    assert load_run(moved).export(tmp_path / "net.onnx").checked_on == "SYNTHETIC"
    with pytest.raises(DataError):
        load_run(moved).export(tmp_path / "other.onnx", data=tmp_path / "nowhere")
    assert not (tmp_path / "other.onnx").exists()


def test_a_graph_with_a_fault_is_not_written(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    from nndl.export import onnx

    planes = onnx.as_planes
    monkeypatch.setattr(onnx, "as_planes", lambda values: planes(values) * np.float32(1.01))
    with pytest.raises(ExportError, match="does not compute what the run's network does"):
        run.export(tmp_path / "faulty.onnx")
    assert not (tmp_path / "faulty.onnx").exists()


def test_a_module_is_scored_again_by_pytorch_and_not_written_with_a_fault(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch")
    written = run.export(tmp_path / "net.py", check_images=7)
    assert written.comparison is not None
    assert (written.checked_on, written.comparison.images, written.comparison.agrees) == ("synthetic", 7, True)
    made = write.source
    monkeypatch.setattr(write, "source", lambda *given: made(*given).replace("return x", "return 1.01 * x"))
    with pytest.raises(ExportError, match="the PyTorch module does not compute what the run's network does"):
        run.export(tmp_path / "faulty.py")
    monkeypatch.setattr(write, "source", lambda *given: made(*given).replace("return x", "return torch.nothing(x)"))
    with pytest.raises(ExportError, match=r"PyTorch does not run the module: AttributeError: .*nothing written"):
        run.export(tmp_path / "faulty.py")
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("faulty")] == []


def test_without_pytorch_a_module_is_written_as_it_is(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    written = run.export(tmp_path / "net.py")
    assert (written.comparison, written.files[0].exists()) == (None, True)
    assert _hints(written)[0] == "not run with PyTorch, which is not installed here"


def test_the_command_knows_the_formats() -> None:
    assert tuple(SUFFIXES) == FORMATS
