"""From an experiment to its network and solver."""

import numpy as np
import pytest

from nndl.config import build as room
from nndl.config import parse_config
from nndl.config.build import build, build_network
from nndl.data.batches import Batches
from nndl.net.network import Network
from nndl.train.events import StepDone

TEXT = """\
data: {dataset: synthetic, train_size: 300, test_size: 60, validation_size: 50}
model: {layers: [conv: 4, relu, max_pool: 4, affine: 10]}
train: {epochs: 1, batch_size: 50, eval_batch_size: 40}
"""


def test_without_validation_every_image_trains() -> None:
    made = build(parse_config(TEXT, "f.yaml", ["data.validation_size=0"]))
    assert (len(made.split.train), len(made.split.validation), made.validation) == (300, 0, None)


def test_the_network_is_the_experiments(monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[int | None] = []
    monkeypatch.setattr(room, "set_threads", threads.append)
    sets = ["dtype=float64", "seed=7", "engine=reference", "train.l2=0.5", "model.loss=svm", "threads=3"]
    network = build_network(parse_config(TEXT, "f.yaml", sets))
    assert (network.dtype, network.seed, network.engine.name, network.l2) == (np.float64, 7, "reference", 0.5)
    assert type(network.loss_function).__name__ == "SvmLoss"
    build_network(parse_config(TEXT, "f.yaml"), "reference")
    assert threads == [3, None]


def test_it_trains_and_is_the_same_each_time() -> None:
    def trained() -> Network:
        made = build(parse_config(TEXT, "f.yaml", ["threads=1"]))
        steps = [event for event in made.solver.events() if isinstance(event, StepDone)]
        assert len(steps) == 5  # 250 images in batches of 50
        return made.network

    np.testing.assert_array_equal(trained().params.vector, trained().params.vector)


@pytest.mark.parametrize("channels", [1, 3])
def test_augmentations_are_told_the_mean_of_the_training_pixels(channels: int) -> None:
    sets = [f"data.channels={channels}", "data.augment=[flip, cutout: 4, rotation: {degrees: 5, fill: mean}]"]
    made = build(parse_config(TEXT, "f.yaml", [*sets, "data.normalize=none"]))
    assert isinstance(made.solver.batches, Batches)
    mean = np.rint(made.split.dataset.train.images[made.split.train].mean(axis=(0, 2, 3)))
    _, cutout, rotation = (vars(each).get("fill") for each in made.solver.batches.augment)
    assert rotation == tuple(mean)
    assert cutout == (tuple(mean) if channels == 1 else "auto")


def test_seeds_of_any_size_do() -> None:
    made = build(
        parse_config(
            TEXT, "f.yaml", ["seed=99999999999999999999999", "data.augment=[flip]", "train.batch_size=10000000000"]
        )
    )
    assert list(made.solver.events())


def test_what_is_built_is_shown_in_a_line_and_in_a_notebook_by_its_layers() -> None:
    made = build(parse_config(TEXT, "f.yaml", name="<b>"))
    assert repr(made.experiment) == "Experiment('<b>': synthetic 3 x 32 x 32, 4 layers, 1 epochs)"
    assert repr(made.split) == "Split('synthetic': 250 to train on, 50 to validate on, 60 to test on)"
    assert repr(made.network) in repr(made)
    assert max(len(repr(each)) for each in (made, made.validation, made.test, made.split.test)) < 300
    assert '<td style="text-align: left">conv1</td>' in made._repr_html_()
    assert "&lt;b&gt;" in made._repr_html_()
