"""The Python interface: what it gives, and that the command line gives the same."""

import inspect
import pydoc
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier

import numpy as np
import pytest

import nndl.train.solver
from nndl import Run, build, load_config, load_run, train
from nndl.config.build import build_network
from nndl.engines import available
from nndl.errors import CheckpointError, UsageError
from nndl.train.events import EpochDone, Event
from tests.cli.command import environment
from tests.cli.test_train import CONFIG


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("api")
    (folder / "tiny.yaml").write_text(CONFIG, encoding="utf-8")
    return train(load_config(folder / "tiny.yaml"), folder / "run")


def pixels(count: int = 12) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, 3, 32, 32), np.uint8)


def test_a_trained_run_and_the_loaded_one_are_the_same(run: Run) -> None:
    loaded = load_run(run.folder.path)
    x = pixels()
    np.testing.assert_array_equal(run.scores(x), loaded.scores(x))
    assert loaded.classes == run.classes
    assert len(run.classes) == 10


def test_predictions_are_those_of_the_evaluation(run: Run) -> None:
    built = build(run.experiment)
    predicted = run.predict(built.test.images)
    assert predicted.shape == built.test.labels.shape
    assert np.mean(predicted == built.test.labels) == built.test(run.network).accuracy


def test_images_may_be_bytes_or_floats_channels_first_or_last(run: Run) -> None:
    x = pixels()
    scores = run.scores(x)
    np.testing.assert_array_equal(run.scores(x.transpose(0, 2, 3, 1)), scores)
    np.testing.assert_allclose(run.scores((x / 255).astype(np.float32)), scores, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(run.probabilities(x).sum(axis=1), 1)
    assert run.scores(x[:0]).shape == (0, 10)
    np.testing.assert_array_equal(run.predict(x, "mirror"), run.predict(x[..., ::-1], "mirror"))


@pytest.mark.parametrize("engine", available())
@pytest.mark.usefixtures("quick_turns")
def test_a_run_asked_from_several_threads_answers_each_as_it_answers_one(run: Run, engine: str) -> None:
    loaded = load_run(run.folder.path, engine=engine)
    batches = [pixels()[part : part + 6] for part in range(4)]
    right = [loaded.scores(batch, "mirror") for batch in batches]
    start = Barrier(len(batches), timeout=20)

    def ask(batch: np.ndarray) -> list[np.ndarray]:
        start.wait()
        return [loaded.scores(batch, "mirror") for _ in range(60)]

    with ThreadPoolExecutor(len(batches)) as threads:
        for scores, answers in zip(right, threads.map(ask, batches), strict=True):
            for answer in answers:
                np.testing.assert_array_equal(answer, scores)


@pytest.mark.parametrize(
    ("images", "words"),
    [
        (np.zeros((3, 32, 32), np.uint8), r"images\[None\]"),
        (np.zeros((2, 3, 28, 28), np.uint8), r"not \(2, 3, 28, 28\)"),
        (np.zeros((2, 3, 32, 32), np.int64), "not int64"),
        (np.full((2, 3, 32, 32), 255.0), "from 0 to 1"),
        (np.full((2, 3, 32, 32), np.nan), "from 0 to 1"),
    ],
)
def test_other_images_are_refused(run: Run, images: np.ndarray, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        run.predict(images)


def test_an_unknown_augmentation_is_refused(run: Run) -> None:
    for use in (run.predict, run.probabilities, run.scores, lambda x, tta: run.evaluate(x, np.zeros(12, int), tta)):
        with pytest.raises(UsageError, match="mirror"):
            use(pixels(), "rotate")


def test_a_run_shows_its_layers_and_how_its_scores_move_with_the_pixels(run: Run) -> None:
    images = 0.2 + pixels(6) / 500  # leaves room on both sides
    dscores = np.random.default_rng(1).standard_normal((6, 10))
    exact = build_network(run.experiment.model_copy(update={"dtype": "float64"}))
    for name in run.network.params:
        exact.params[name] = run.network.params[name]
    run = replace(run, network=exact)
    outputs = run.outputs(images)
    np.testing.assert_allclose(list(outputs.values())[-1], run.scores(images), rtol=1e-10)
    dx, by_layer = run.gradients(images, dscores)
    assert list(by_layer) == list(outputs) == [placed.path for placed in run.network.placed]
    towards = np.random.default_rng(2).standard_normal(images.shape)
    moved = [np.vdot(run.scores(images + h * towards), dscores) for h in (1e-7, -1e-7)]
    assert (moved[0] - moved[1]) / 2e-7 == pytest.approx(np.vdot(dx, towards), rel=1e-4)
    np.testing.assert_array_equal(run.gradients(pixels(6).transpose(0, 2, 3, 1), dscores)[0].shape, (6, 3, 32, 32))
    with pytest.raises(UsageError, match=r"a number for each image and class, \(6, 10\), not \(10,\)"):
        run.gradients(images, dscores[0])
    with pytest.raises(UsageError, match="not int64"):
        run.outputs(pixels(6).astype(np.int64))


def test_an_evaluation_takes_the_images_that_a_prediction_takes(run: Run) -> None:
    x = pixels(40)
    y = run.predict(x)
    y[:10] = (y[:10] + 1) % 10
    assert run.evaluate(x, y).accuracy == 0.75
    assert run.evaluate(x.transpose(0, 2, 3, 1), y.astype(np.uint8)).accuracy == 0.75
    floats = run.evaluate((x / 255).astype(np.float32), y)
    assert floats.loss == pytest.approx(run.evaluate(x, y).loss, rel=1e-4)
    for wrong in (x.astype(np.float32), x[:, :2], x.astype(int)):
        with pytest.raises(UsageError, match="images"):
            run.evaluate(wrong, y)


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (np.zeros((12, 1), int), r"one for each of the 12 images, not \(12, 1\); give labels\[:, 0\]"),
        (np.zeros(24, int), r"not \(24,\)$"),
        (np.zeros(12), "whole numbers, the positions of the classes, not float64"),
        (np.full(12, 10), "go from 0 to 9, and these from 10 to 10"),
        (np.full(12, -1), "from -1 to -1"),
        (["cat"] * 12, "not <U3"),
    ],
)
def test_other_labels_are_refused(run: Run, labels: np.ndarray, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        run.evaluate(pixels(), labels)


def test_nothing_cannot_be_evaluated(run: Run) -> None:
    with pytest.raises(UsageError, match="no images"):
        run.evaluate(pixels(0), np.zeros(0, int))


def test_nothing_cannot_be_looked_into_and_gradients_begin_with_real_numbers(run: Run) -> None:
    none, two = np.zeros((0, 32, 32, 3), np.uint8), np.zeros((2, 32, 32, 3), np.uint8)
    for look in (run.outputs, lambda images: run.gradients(images, np.zeros((0, 10)))):
        with pytest.raises(UsageError, match="there are no images to look into"):
            look(none)
    for dscores in (np.full((2, 10), "a"), np.full((2, 10), None), np.ones((2, 10), complex)):
        with pytest.raises(UsageError, match="dscores are real numbers, not"):
            run.gradients(two, dscores)


def test_what_is_no_experiment_is_refused_before_anything_is_done(tmp_path: Path, run: Run) -> None:
    for given, words in (
        ("quickstart", r"load_config\('quickstart'\) makes one"),
        ({}, "not dict"),
        (None, "not NoneType"),
    ):
        for use in (build, lambda experiment: train(experiment, tmp_path / "run")):
            with pytest.raises(UsageError, match=words):
                use(given)
    with pytest.raises(UsageError, match="watch is a function"):
        train(run.experiment, tmp_path / "run", watch=3)  # type: ignore[arg-type]
    assert not (tmp_path / "run").exists()


def test_an_experiment_that_could_not_be_read_again_is_refused_before_anything_is_done(
    tmp_path: Path, run: Run
) -> None:
    train_section = run.experiment.train.model_copy(update={"batch_size": -3})
    data_section = run.experiment.data.model_copy(update={"root": "\udce9"})
    for update in ({"data": data_section}, {"train": train_section}):
        built = replace(build(run.experiment), experiment=run.experiment.model_copy(update=update))
        with pytest.raises(UsageError, match=r"its config cannot be read: its config\.yaml:\d+:"):
            train(built, tmp_path / "run")
    for wrong in (3, b"run"):
        with pytest.raises(UsageError, match="a path is a text"):
            train(run.experiment, wrong)  # type: ignore[arg-type]
        with pytest.raises(UsageError, match="a path is a text"):
            run.images("test", wrong)  # type: ignore[arg-type]
        with pytest.raises(UsageError, match="a path is a text"):
            run.export(wrong)  # type: ignore[arg-type]
    assert not (tmp_path / "run").exists()


def test_a_config_is_named_and_sets_are_a_list() -> None:
    for given in ({"model": {}}, 3, None):
        with pytest.raises(UsageError, match="a config is named by its file"):
            load_config(given)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=r"load_config\('quickstart', \['seed=1'\]\)"):
        load_config("quickstart", "seed=1")


def test_a_run_stopped_in_its_first_epoch_is_used_with_its_last_weights(tmp_path: Path, run: Run) -> None:
    built = build(run.experiment)
    stopped = train(built, tmp_path / "run", watch=lambda _: built.solver.stop())
    assert (stopped.weights, stopped.step, run.weights) == ("last", 1, "best")
    assert not stopped.folder.best.exists()
    np.testing.assert_array_equal(stopped.scores(pixels()), load_run(tmp_path / "run", best=False).scores(pixels()))
    assert stopped.export(tmp_path / "w.npz").files == (tmp_path / "w.npz",)


def test_a_best_epoch_whose_weights_are_lost_is_no_reason_for_others(tmp_path: Path, run: Run) -> None:
    shutil.copytree(run.folder.path, tmp_path / "run")
    (tmp_path / "run" / "best.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"no .*best\.safetensors; in the same folder there is"):
        load_run(tmp_path / "run")
    for path in (tmp_path / "run").glob("*.safetensors"):
        path.unlink()
    for best in (True, False):
        with pytest.raises(CheckpointError, match="has no weights yet"):
            load_run(tmp_path / "run", best=best)


def test_training_calls_watch_with_every_event(tmp_path: Path, run: Run) -> None:
    seen: list[Event] = []
    train(build(run.experiment), tmp_path / "run", watch=seen.append)
    assert sum(isinstance(event, EpochDone) for event in seen) == run.experiment.train.epochs


def test_the_function_and_the_package_called_train_are_one() -> None:
    assert train is sys.modules["nndl.train"]
    assert nndl.train.solver.Solver.__module__ == "nndl.train.solver"
    assert callable(train)


def test_what_the_package_offers_is_documented_where_it_is_asked() -> None:
    for name in nndl.__all__:
        assert name in dir(nndl)
        assert len(inspect.getdoc(getattr(nndl, name)) or "") > 60
    assert inspect.signature(nndl.train) == inspect.signature(nndl.api.train)  # type: ignore[arg-type]
    told = pydoc.render_doc(nndl.train)
    assert "Train to the end and keep the run" in told
    assert "nndl.train(experiment: " in told


def test_words_are_no_yes_or_no(run: Run, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="progress is True or False, not 'bogus'"):
        train(run.experiment, tmp_path / "run", progress="bogus")  # type: ignore[arg-type]
    assert not (tmp_path / "run").exists()
    with pytest.raises(UsageError, match="best is True or False, not 'last'"):
        load_run(run.folder.path, best="last")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="trust is True or False, not 'no'"):
        load_run(run.folder.path, trust="no")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="force is True or False, not 'no'"):
        run.export(tmp_path / "x.npz", force="no")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="look is True or False, not 1"):
        load_config("quickstart", look=1)  # type: ignore[arg-type]
    load_run(run.folder.path, best=np.True_)  # type: ignore[arg-type]


def test_a_run_whose_images_are_gone_still_predicts(tmp_path: Path, run: Run) -> None:
    moved = tmp_path / "moved"
    moved.mkdir()
    for path in run.folder.path.iterdir():
        (moved / path.name).write_bytes(path.read_bytes())
    config = (moved / "config.yaml").read_text(encoding="utf-8")
    config = config.replace("dataset: synthetic", "dataset: cifar10").replace("root: data", "root: nowhere")
    (moved / "config.yaml").write_text(config, encoding="utf-8")
    np.testing.assert_array_equal(load_run(moved).scores(pixels()), run.scores(pixels()))
    (moved / "input.json").write_text('{"mean": [0], "std": [1]}', encoding="utf-8")
    with pytest.raises(CheckpointError, match=r"input\.json"):
        load_run(moved)


def test_importing_the_package_loads_no_numpy(tmp_path: Path) -> None:
    code = "import sys, nndl; print('numpy' in sys.modules, nndl.__version__); from nndl import load_run, train"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment(), capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("False ")


def test_what_is_no_array_or_no_word_is_refused_too(run: Run) -> None:
    images = np.zeros((2, 3, 32, 32), np.uint8)
    with pytest.raises(UsageError, match=r"labels are \(N,\), one for each of the 2 images, and this makes no array"):
        run.evaluate(images, [[1], [1, 2]])  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=r"images are \(N, 32, 32, 3\) or .*, and this makes no array"):
        run.predict([[1], [1, 2]])  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="check_images is 1 or more, not '5'"):
        run.export("x.npz", check_images="5")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=r"sets is a list of words such as 'train\.epochs=5', not \[3\]"):
        load_config("quickstart", [3])  # type: ignore[list-item]
    with pytest.raises(UsageError, match="there is no run 'aaa"):
        load_run("a" * 5000)
