"""A run on arrays that were given in Python: every verb finds them in its folder, wherever that is moved to."""

import shutil
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from nndl import Dataset, build, load_config, load_run, train
from nndl.config import Experiment
from nndl.errors import ConfigError, DataError, UsageError
from nndl.jobs import start
from nndl.jobs.resume import Wanted
from nndl.jobs.training import Observer, go_on
from nndl.runs.folder import RunFolder
from nndl.train.events import EpochDone, Event
from tests.jobs.test_reproduce import again

CONFIG = """
data: {validation_size: 0.1}
model: {layers: [conv: 4, spatial_bn, relu, global_avg_pool, affine: classes]}
train: {epochs: 1, batch_size: 12, optimizer: adam}
"""


@pytest.fixture(scope="module")
def images() -> Dataset:
    random = np.random.default_rng(0)
    X, Y = random.integers(0, 256, (60, 9, 12), np.uint8), np.arange(60) % 3
    X[Y == 1] //= 2
    return Dataset.from_arrays(X, Y, X[:12], Y[:12], classes=["ant", "bee", "cat"])


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("given") / "toys.yaml"
    path.write_text(CONFIG, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def experiment(images: Dataset, config: Path) -> Experiment:
    return load_config(config, data=images)


@pytest.fixture
def run(images: Dataset, experiment: Experiment, tmp_path: Path) -> RunFolder:
    return train(experiment, tmp_path / "run", data=images, progress=False).folder


def test_the_config_follows_the_images(images: Dataset, experiment: Experiment) -> None:
    data = experiment.data
    assert (data.input_shape, data.class_names, data.train_size, data.held_out) == ((1, 9, 12), images.classes, 60, 6)
    assert experiment.model.layers[-1].out_features == 3
    built = build(experiment, images)
    assert built.split.dataset.digest == images.digest
    assert (len(built.split.train), len(built.test.labels)) == (54, 12)


def test_a_run_keeps_its_images_and_goes_on_where_it_is_moved_to(
    images: Dataset, run: RunFolder, tmp_path: Path
) -> None:
    assert load_run(run.path).images().images.tobytes() == images.test.images.tobytes()
    assert again(run).identical
    moved = RunFolder(shutil.move(run.path, tmp_path / "moved"))
    for epochs in (2, 3):  # the first writes the config anew
        assert go_on(moved, Wanted(epochs=epochs), Observer()) is not None
        moved = RunFolder(shutil.move(moved.path, tmp_path / f"moved{epochs}"))
    assert load_run(moved.path).learnt_from(load_run(moved.path).split())


def test_the_same_images_from_a_file_serve_as_well(images: Dataset, run: RunFolder, tmp_path: Path) -> None:
    saved = images.save(tmp_path / "toys.npz")
    run.arrays.unlink()
    with pytest.raises(DataError, match=r"were given in Python; give them again, .* --data RUN/arrays\.npz"):
        load_run(run.path).images()
    loaded = load_run(run.path)
    assert loaded.learnt_from(loaded.split(saved))


def test_a_link_in_their_place_is_not_followed(images: Dataset, run: RunFolder, tmp_path: Path) -> None:
    saved = images.save(tmp_path / "toys.npz")
    run.arrays.unlink()
    run.arrays.symlink_to(saved)
    with pytest.raises(ConfigError, match=r"arrays\.npz is a link"):
        load_run(run.path)


def test_images_too_large_to_keep_are_refused_before_training(
    images: Dataset, experiment: Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(start, "MOST_KEPT", 1000)
    with pytest.raises(UsageError, match=r"save them once, data\.save"):
        train(experiment, tmp_path / "run", data=images, progress=False)
    assert not (tmp_path / "run").exists()


def test_images_that_are_not_kept_are_given_again(
    images: Dataset, experiment: Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = train(experiment, tmp_path / "kept", data=images, progress=False)
    monkeypatch.setattr(start, "MOST_KEPT", 1000)
    run = train(experiment, tmp_path / "run", data=images, progress=False, keep_data=False)
    assert not run.folder.arrays.exists()
    with pytest.raises(DataError, match=r"given in Python; give them again, .* run\.resume\(data=data\)"):
        run.resume(2)
    X, Y = images.train.images // 2, [images.classes[label] for label in images.train.labels]
    dark = Dataset.from_arrays(X, Y, X[:12], Y[:12])
    with pytest.raises(UsageError, match=r"(?s)the images \(their checksum\).* nevertheless with accept_changes=True"):
        run.resume(2, data=dark)
    seen: list[Event] = []
    run = run.resume(2, data=images, watch=seen.append)
    assert [type(event) for event in seen].count(EpochDone) == 1
    straight = kept.resume(2, progress=False)
    assert [epoch.epoch for epoch in run.history] == [1, 2]
    np.testing.assert_array_equal(run.network.params.vector, straight.network.params.vector)
    with pytest.raises(UsageError, match="is finished"):
        run.resume(data=images)
    with pytest.raises(UsageError, match="watch is a function"):
        run.resume(3, data=images, watch="x")  # type: ignore[arg-type]
    assert len(run.resume(3, data=dark, accept_changes=True, progress=False).history) == 3
    images.save(tmp_path / "toys.npz")
    assert len(run.images(data=tmp_path / "toys.npz")) == 12


def test_a_bundled_config_takes_images_of_its_shape() -> None:
    X, Y = np.zeros((80, 32, 32, 3), np.uint8), np.arange(80) % 10
    built = build(load_config("bn_cnn", ["data.validation_size=auto"]), Dataset.from_arrays(X, Y, X, Y))
    assert (built.experiment.data.train_size, built.experiment.data.held_out) == (80, 10)


def test_other_images_are_refused(experiment: Experiment, config: Path) -> None:
    other = Dataset.from_arrays(np.zeros((20, 9, 9)), np.arange(20) % 2)
    with pytest.raises(UsageError, match="has no class ant, bee, cat; there are 0, 1"):
        build(experiment, other)
    with pytest.raises(UsageError, match="3 x 32 x 32 and 10 classes, and these are of 1 x 9 x 9 and 2 classes; load_"):
        build(load_config("bn_cnn", ["data.validation_size=auto"]), other)
    for data, kind in ((np.zeros((20, 9, 12)), "ndarray"), ("toys.npz", "str")):
        with pytest.raises(UsageError, match=f"data is a Dataset, which Dataset.from_arrays makes, not {kind}"):
            build(experiment, cast(Any, data))
        with pytest.raises(UsageError, match=f"not {kind}"):
            load_config(config, data=cast(Any, data))


def test_what_is_built_has_its_images(images: Dataset, experiment: Experiment) -> None:
    with pytest.raises(UsageError, match="give data to build"):
        train(build(experiment, images), data=images)
