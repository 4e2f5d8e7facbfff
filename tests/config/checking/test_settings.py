"""Settings that do not agree with each other, the data set or the machine."""

import pytest

from nndl.config import parse_config
from nndl.config.checking import settings
from nndl.train.schedules import Cosine
from tests.config.small import told

LINEAR = "model: {layers: [affine: 10]}\n"


@pytest.mark.parametrize(
    ("written", "points_at", "words"),
    [
        (
            "data: {validation_size: 5}",
            "5}",
            "validation_size should be 0, or from 10 (one of each class) to less than the 50,000",
        ),
        ("data: {validation_size: 50000}", "50000}", "validation_size should be 0, or from 10"),
        (
            "data: {train_size: 4000, validation_size: 4000}",
            "4000}",
            "validation_size should be 0, or from 10 (one of each class) to less than the 4,000 training images, not ",
        ),
        (
            "data: {train_size: 10, validation_size: 10}",
            "10}",
            "validation_size should be 0 where there are no more than 10 images, not 10",
        ),
        ("data: {fold: 6/5}", "6/5", "a fold is such as 2/5, the second of five, not '6/5'"),
        ("data: {fold: 2/5, validation_size: 9}", "9}", "fold 2/5 holds out 10,000 images, not 9; leave validation_"),
        ("data: {fold: 2/5, train_size: 40}", "2/5", "a fold of 40 images has 8, fewer than the 10 classes"),
        (
            "data: {train_size: 60000}",
            "60000}",
            "train_size should be from 1 to 50,000, or all, with cifar10, not 60,000",
        ),
        (
            "data: {test_size: 10001}",
            "10001}",
            "test_size should be from 1 to 10,000, or all, with cifar10, not 10,001",
        ),
        (
            "data: {dataset: synthetic, validation_size: 0, train_size: 9}",
            "9}",
            "train_size should be from 10 to 50,000",
        ),
        ("threads: 100000", "100000", "threads should be 1024 or less, not 100,000"),
        ("train: {optimizer: adamw, weight_decay: 0.1}", "0.1}", "adamw has a weight_decay of its own; set that one"),
        ("train: {optimizer: lion, weight_decay: 0.1}", "0.1}", "lion has a weight_decay of its own; set that one"),
        ("train: {optimizer: {sgd_pytorch: {nesterov: true}}}", "true", "sgd_pytorch: nesterov needs a momentum and "),
        ("train: {optimizer: muon}", "muon", "muon is a rule for filters, and this network has none; use "),
        (
            "data: {train_size: 600, validation_size: 500}\ntrain: {drop_last: true, batch_size: 101}",
            "true",
            "drop_last leaves out what does not fill a batch of 101, and there are 100 images to train on; batch_size ",
        ),
        ("train: {batch_size: 8, shards: 9}", "9}", "shards should be 8, the batch_size, or less: 9"),
        (
            "train: {epochs: 1, average: {lookahead: 353}}",
            "353}",
            "lookahead: every should be 352 or less, not 353: there are 352 steps in all",
        ),
        (
            "train: {epochs: 3, average: {swa: {start: 0.9, every: 2 epochs}}}",
            "2 epochs",
            "swa: of 1,056 steps 106 are left, 0.301 epochs, and none is averaged; begin sooner",
        ),
        ("train: {average: {swa: {every: 2 minutes}}}", "2 minutes", "swa: every should be epoch, or as 2 epochs or "),
        ("train: {average: {swa: {every: 5}}}", "5}", "swa: every should be epoch, or as 2 epochs or 100 steps, not 5"),
        (
            "train: {average: {swa: {every: 5, anneal_epochs: 2}}}",
            "5, ann",
            "swa: every should be epoch, or as 2 epochs or 100 steps, not 5; anneal_epochs needs a learning_rate to ",
        ),
        ("train: {average: {swa: {anneal_epochs: 2}}}", "2}", "swa: anneal_epochs needs a learning_rate to pass to"),
        ("train: {average: {swa: {start: 1.0}}}", "1.0", "swa: start should be less than 1, not 1.0"),
        ("train: {epochs: 1e300}", "1e300}", "epochs should be 1,000,000 or less, not 1e+300"),
        ("train: {epochs: 3, warmup_epochs: 4}", "4}", "the warm-up is longer than training; train.epochs is 3"),
        ("train: {schedule: {multistep: {epochs: [4, 4]}}}", "[4", "multistep: epochs should be in rising order"),
        ("train: {schedule: {multistep: {epochs: [10]}}}", "[10", "multistep: the drop after epoch 10 never comes; "),
        (
            "data: {validation_size: 0}\ntrain: {schedule: plateau}",
            "schedule",
            "plateau waits for a better validation, and data.validation_size is 0",
        ),
        ("train: {schedule: {plateau: 1.0}}", "1.0", "plateau: factor should be less than 1, not 1.0"),
        (
            "train: {schedule: {plateau: {min_lr: 1e-3}}}",
            "min_lr",
            "plateau: unknown key 'min_lr'; did you mean 'min'?",
        ),
        ("train: {schedule: {warm_restarts: 10}}", "10", "warm_restarts: the restart after epoch 10 never comes; "),
        (
            "train: {schedule: {warm_restarts: 1e-9}}",
            "1e-9",
            "warm_restarts: t_0 should be 0.0028 or more, a step of 352",
        ),
        (
            "train: {schedule: {cosine: 1.5}}",
            "1.5",
            "cosine: final should be 1 or less, the multiplier at the peak, not",
        ),
        ("train: {schedule: {one_cycle: {start: 2}}}", "2}}", "one_cycle: start should be 1 or less, "),
        ("train: {schedule: {warm_restarts: {t_0: 1, final: 2}}}", "2}}", "warm_restarts: final should be 1 or less, "),
        (
            "data: {augment: [random_erasing: {area: [1, 1], ratio: 1}]}",
            "[1, 1]",
            "random_erasing would never change an image: area begins with 1, and rectangles of less than 0.96 alone",
        ),
        (
            "data: {augment: [random_erasing: {area: [1e-9, 1e-4]}]}",
            "[1e-9",
            "random_erasing would never change an image: area ends with 0.0001, less than a pixel of images of 32 x 32",
        ),
        ("train: {schedule: {warm_restarts: {t_0: 1, t_mul: 2}}}", "t_mul", "warm_restarts: unknown key 't_mul'; did"),
        (
            "train: {schedule: {piecewise_linear: [[0, 1], [11, 0]]}}",
            "[[0",
            "piecewise_linear: epoch 11 is no part of ",
        ),
        (
            "train: {schedule: {piecewise_linear: [[-1, 1], [1, 0]]}}",
            "[[-1",
            "piecewise_linear: points begin with epoch -1, but ",
        ),
        (
            "train: {schedule: {piecewise_linear: [[1, 1], [1, 0]]}}",
            "[[1",
            "piecewise_linear: points must be in rising ",
        ),
    ],
)
def test_settings_that_do_not_agree_are_told(written: str, points_at: str, words: str) -> None:
    ((at, said),) = told(f"{LINEAR}{written}\n")
    assert (at[: len(points_at)], said[: len(words)]) == (points_at, words)


def test_a_run_that_has_what_makes_no_sense_is_read_all_the_same() -> None:
    text = f"{LINEAR}data: {{augment: [random_erasing: {{area: [1, 1]}}]}}\ntrain: {{schedule: {{cosine: 2}}}}\n"
    assert len(told(text)) == 2
    assert parse_config(text, "config.yaml", begun=True).train.schedule == Cosine(final=2)


def test_an_engine_that_is_not_built_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "choices", lambda: ("reference", "vectorized"))
    ((at, said),) = told(f"{LINEAR}engine: compiled\n")
    assert at == "compiled"
    assert said == "engine 'compiled' is not built; with gcc or clang installed: python -m nndl.engines.compiled"


@pytest.mark.parametrize("key", ["optimizer", "schedule"])
def test_a_choice_left_empty_is_told(key: str) -> None:
    ((_, said),) = told(f"{LINEAR}train: {{{key}: }}\n")
    assert said.startswith(f"expected a{'n' if key == 'optimizer' else ''} {key}; there are ")
