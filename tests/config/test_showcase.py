"""The showcase: the loss of its first steps does not climb above that of guessing."""

import math
from itertools import islice

import pytest

from nndl.config import load_config
from nndl.config.build import build
from nndl.train.events import StepDone


@pytest.mark.parametrize("seed", [0, 1])
def test_the_first_losses_of_bn_cnn_do_not_climb(seed: int) -> None:
    sizes = ["data.dataset=synthetic", "data.train_size=4000", "data.validation_size=0", "data.test_size=100"]
    built = build(load_config("bn_cnn", [*sizes, f"seed={seed}", "train.epochs=8", "train.batch_size=64"]))
    steps = (event for event in built.solver.events() if isinstance(event, StepDone))
    losses = [event.loss for event in islice(steps, 15)]
    assert losses[0] == pytest.approx(math.log(10), abs=1e-4)
    assert max(losses) < 1.1 * math.log(10)
