"""From an experiment to its images: subsets, validation, normalisation."""

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nndl.config import data as room
from nndl.config import parse_config
from nndl.config.build import build
from nndl.config.data import Split, build_split, load_dataset
from nndl.config.writing.show import dump
from nndl.data.normalize import Normalize
from nndl.data.synthetic import make_synthetic
from nndl.errors import DataError

TEXT = """\
data: {dataset: synthetic, train_size: 300, test_size: 60, validation_size: 50}
model: {layers: [conv: 4, relu, max_pool: 4, affine: 10]}
train: {epochs: 1, batch_size: 50, eval_batch_size: 40}
"""


def split(*sets: str) -> Split:
    return build_split(parse_config(TEXT, "f.yaml", sets))


@settings(max_examples=15, deadline=None)
@given(st.integers(10, 200), st.integers(0, 5))
def test_training_and_validation_are_apart_and_together_everything(size: int, seed: int) -> None:
    made = split(f"data.validation_size={size}", f"data.split_seed={seed}")
    assert len(made.validation) == size
    assert sorted([*made.train, *made.validation]) == list(range(300))


def test_validation_has_equally_many_of_each_class() -> None:
    made = split()
    assert np.bincount(made.dataset.train.labels[made.validation]).tolist() == [5] * 10


def test_the_split_hangs_on_its_own_seed_only() -> None:
    assert np.array_equal(split("seed=1").validation, split("seed=2").validation)
    assert not np.array_equal(split("data.split_seed=1").validation, split().validation)


def test_folds_hold_out_each_image_once_and_their_size_is_known_before() -> None:
    made = [split(f"data.fold={fold}/7", "data.validation_size=auto") for fold in range(1, 8)]
    assert sorted(image for each in made for image in each.validation) == list(range(300))
    for fold, each in enumerate(made, 1):
        experiment = parse_config(TEXT, "f.yaml", [f"data.fold={fold}/7", "data.validation_size=auto"])
        assert experiment.data.held_out == len(each.validation)
        assert sorted([*each.train, *each.validation]) == list(range(300))


@pytest.mark.parametrize(
    ("written", "held_out"),
    [
        ("{dataset: synthetic}", 500),
        ("{dataset: synthetic, train_size: 2000}", 200),
        ("{dataset: synthetic, train_size: 10}", 0),
        ("{dataset: cifar10}", 5000),
        ("{train_size: 5001}", 5000),
        ("{train_size: 5000}", 500),
        ("{train_size: 50}", 10),
        ("{dataset: cifar100, train_size: 300}", 100),
        ("{dataset: cifar100, train_size: 100}", 0),
        ("{train_size: 50, validation_size: auto}", 10),
        ("{train_size: 50, validation_size: 20}", 20),
    ],
)
def test_where_nothing_is_said_a_part_validates_that_leaves_more_to_learn_from(written: str, held_out: int) -> None:
    classes = 100 if "cifar100" in written else 10
    made = parse_config(f"data: {written}\nmodel: {{layers: [affine: {classes}]}}\n", "f.yaml")
    assert made.data.validation_size == held_out
    assert parse_config(dump(made), "shown.yaml") == made


def test_generated_images_alone_make_a_config() -> None:
    made = build(parse_config("data: {dataset: synthetic}\nmodel: {layers: [affine: 10]}\n", "f.yaml"))
    assert (len(made.split.train), len(made.split.validation), len(made.split.test)) == (4500, 500, 1000)


def test_normalisation_is_fitted_to_what_trains_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    fitted = []
    monkeypatch.setattr(Normalize, "fit", staticmethod(lambda *given: fitted.append(given)))
    made = split("data.normalize=mean_image")
    ((images, kind, index),) = fitted
    assert kind == "mean_image"
    np.testing.assert_array_equal(images[index], made.dataset.train.images[made.train])


def test_what_trains_has_mean_0_and_variance_1() -> None:
    made = split()
    images = made.normalize.apply(made.dataset.train.images[made.train], np.float64)
    np.testing.assert_allclose(images.mean(axis=(0, 2, 3)), 0, atol=1e-9)
    np.testing.assert_allclose(images.std(axis=(0, 2, 3)), 1, atol=1e-6)


def test_subsets_of_a_data_set_are_stratified_and_drawn_from_all_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    everything = make_synthetic(1000, 500)
    monkeypatch.setattr(room, "load_cifar", lambda *_: everything)
    made = split("data.dataset=cifar10")
    used = np.sort([*made.train, *made.validation])
    assert np.bincount(everything.train.labels[used]).tolist() == [30] * 10
    assert used[-1] > 500
    assert np.bincount(made.test.labels).tolist() == [6] * 10
    assert len(made.validation) == 50


def test_all_of_a_data_set_is_used_unless_a_size_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "load_cifar", lambda *_: make_synthetic(400, 100))
    made = split("data.dataset=cifar10", "data.train_size=all", "data.test_size=all")
    assert (len(made.train) + len(made.validation), len(made.test)) == (400, 100)


def test_synthetic_images_are_made_in_the_sizes_asked_for() -> None:
    made = load_dataset(parse_config(TEXT, "f.yaml", ["data.test_size=all"]))
    assert (len(made.train), len(made.test), made.synthetic) == (300, 1000, True)


def test_missing_data_is_said_to_be_so(tmp_path: Path) -> None:
    experiment = parse_config(TEXT, "f.yaml", ["data.dataset=cifar10", f"data.root='{tmp_path}'"])
    with pytest.raises(DataError):
        load_dataset(experiment)


def test_a_tilde_is_the_home_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    experiment = parse_config(TEXT, "f.yaml", ["data.dataset=cifar10", "data.root=~/images"])
    with pytest.raises(DataError, match=re.escape(str(tmp_path / "images"))):
        load_dataset(experiment)
