"""docs/extending.md, run from the very text of the page: every kind of part, from its gradient check to the export."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from nndl import load_config, load_run, train
from nndl.cli.app import app
from nndl.config.build import build
from nndl.config.writing.show import dump
from nndl.jobs.replay import train_until
from nndl.jobs.resume import keeping, resume
from nndl.jobs.start import start_run
from nndl.own import running
from nndl.runs.lock import lock_run

PAGE = Path(__file__).parents[2] / "docs" / "extending.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The page's config and file in a folder, which is where commands are given."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_parts.py").write_text("\n\n".join(blocks("python")), encoding="utf-8")
    written = blocks("yaml")[0] + "engine: vectorized\nthreads: 1\n"
    (tmp_path / "mine.yaml").write_text(written, encoding="utf-8")
    return tmp_path / "mine.yaml"


def said(*words: str) -> str:
    done = CliRunner().invoke(app, list(words))
    assert done.exit_code == 0, done.output
    return done.output


def test_the_page_s_commands_do_what_it_says(config: Path) -> None:
    assert "all right" in said("gradcheck", "swish", "--use", "my_parts.py")
    said("train", "mine.yaml", "--quiet", "--run-dir", "run")
    schema = json.loads(said("config", "schema", "mine.yaml"))
    defined = json.dumps(schema["$defs"])
    assert config.name == "mine.yaml"
    assert all(f'"{kind}"' in defined for kind in ("swish", "sign_sgd", "square_root", "salt", "slowest"))
    assert "The steepness." in defined
    assert '"swish"' not in json.dumps(json.loads(said("config", "schema")))


def test_each_kind_is_known_trained_and_saved(config: Path) -> None:
    run = train(load_config(config), config.parent / "run", progress=False)
    experiment = run.experiment
    kinds = [experiment.train.optimizer.kind, experiment.train.schedule.kind, experiment.data.augment[0].kind]
    assert kinds == ["sign_sgd", "square_root", "salt"]
    assert len((run.folder.path / "slowest.txt").read_text().splitlines()) == 3
    (config.parent / "my_parts.py").unlink()
    running._run.clear()
    loaded = load_run(run.folder.path)
    assert np.array_equal(loaded.network.params.vector, run.network.params.vector)
    assert dump(loaded.experiment) == dump(experiment)
    assert "swish: {beta: 1.5}" in dump(experiment)


def test_a_run_with_them_goes_on_bit_for_bit(config: Path) -> None:
    experiment = load_config(config, ["train.epochs=1"])
    ends = []
    for stop in (10, 4):
        built = build(experiment)
        folder = start_run(built, config.parent / f"run{stop}")
        train_until(folder, built.solver, keeping(built), stop)
        if stop < built.solver.steps:
            with lock_run(folder.path):
                built = resume(folder).built
            assert built.solver.step == stop
            train_until(folder, built.solver, keeping(built), built.solver.steps)
        ends.append(built.network.params.vector.copy())
    assert np.array_equal(*ends)


def test_it_is_proved_to_go_on_and_to_repeat_bit_for_bit(config: Path) -> None:
    assert "identical" in said("verify-resume", config.name, "--steps", "6", "--stop-at", "3").splitlines()[-1]
    said("train", config.name, "--quiet", "--run-dir", "run")
    (config.parent / "my_parts.py").unlink()
    told = said("reproduce", "run")
    assert "NOT" not in told
    assert "identical" in told


def test_the_network_is_handed_on_as_the_layer_says(config: Path) -> None:
    pytest.importorskip("onnxruntime")
    train(load_config(config), config.parent / "run", progress=False)
    said("export", "run", "--to", "onnx", "-o", "net.onnx")
    said("export", "run", "--to", "pytorch", "-o", "net.py")
    assert "* torch.sigmoid(1.5 * " in (config.parent / "net.py").read_text()


@pytest.mark.parametrize(
    ("factor", "code", "words"),
    [("", 0, "PyTorch agrees: largest difference"), ("1.01 * ", 1, "use/1-my_parts.py:39: pytorch() of swish1")],
)
def test_what_a_layer_says_for_pytorch_is_run_there(config: Path, factor: str, code: int, words: str) -> None:
    pytest.importorskip("torch")
    parts = config.parent / "my_parts.py"
    parts.write_text(parts.read_text().replace("sigmoid({self.beta!r}", f"sigmoid({{{factor}self.beta!r}}"))
    train(load_config(config), config.parent / "run", progress=False)
    done = CliRunner().invoke(app, ["export", "run", "--to", "pytorch", "-o", "net.py"])
    assert (done.exit_code, words in done.output) == (code, True), done.output
    assert (config.parent / "net.py").exists() == (code == 0)


def test_a_layer_that_says_not_how_is_not_exported(config: Path) -> None:
    code = (config.parent / "my_parts.py").read_text().replace("def onnx", "def other").replace("def pytorch", "def no")
    (config.parent / "my_parts.py").write_text(code)
    train(load_config(config), config.parent / "run", progress=False)
    for form, words in (("onnx", "an ONNX operator for swish is not known"), ("pytorch", "a PyTorch module for swish")):
        file = "net.onnx" if form == "onnx" else "net.py"
        done = CliRunner().invoke(app, ["export", "run", "--to", form, "-o", file])
        assert done.exit_code == 1, done.output
        assert words in done.output


PARTS = [
    ("        w -= learning_rate", "        return w - learning_rate", "sign_sgd: tried on 5 weights: update returns"),
    ("        velocity += dw", "        velocity += dw\n        dw *= 0", "update changes dw"),
    (
        "def update(self, w, dw, memory, temporary, learning_rate, t)",
        "def update(self, w, dw)",
        "update(self, w, dw) sh",
    ),
    ('    memory = ("velocity",)', '    memory = "velocity"', "memory is a tuple of names"),
    ("return 1 / np.sqrt(1", "return -1 / np.sqrt(1", "square_root: tried over 2 epochs: at epoch 0 it gives"),
    ("return 1 / np.sqrt(1", "return (1 if epoch < 1.5 else np.nan) / np.sqrt(1", "at epoch 1.6 it gives"),
    ("def __call__(self, epoch, epochs)", "def called(self, epoch, epochs)", "SquareRoot: it has no __call__()"),
    (
        "return np.where(white",
        "return images[:1]\n        np.where(white",
        "salt: tried on 2 images 3 x 32 x 32: apply has",
    ),
    ("return np.where(white", "images[:] = 0\n        return np.where(white", "apply changes the images"),
    (
        "drawn = uniform((seed, self.stream, epoch), index",
        "drawn = np.random.random((height * width, count)); (index",
        "t",
    ),
    ("    def watch(self, solver, folder)", "    def look(self, solver, folder)", "Slowest: it has no watch()"),
]


@pytest.mark.parametrize(("old", "new", "words"), PARTS, ids=[words[:30] for _, _, words in PARTS])
def test_a_part_that_does_not_do_what_its_kind_does_is_told(config: Path, old: str, new: str, words: str) -> None:
    code = (config.parent / "my_parts.py").read_text()
    assert old in code
    (config.parent / "my_parts.py").write_text(code.replace(old, new, 1))
    done = CliRunner().invoke(app, ["train", "mine.yaml", "--run-dir", "run"])
    assert done.exit_code == 2, done.output
    assert words in done.output
    assert "mine.yaml:" in done.output


def test_an_observer_that_fails_is_told_once_and_left_out(config: Path) -> None:
    code = (config.parent / "my_parts.py").read_text().replace("steps.append(", "steps.appendix(")
    (config.parent / "my_parts.py").write_text(code)
    told = said("train", "mine.yaml", "--run-dir", "run")
    assert told.count("slowest observes no more of this run") == 1
    assert "my_parts.py:" in told
    assert "AttributeError: 'list' object has no attribute 'appendix'" in told
