"""Decay in words of PyTorch: the optimiser and the weight_decay that do as a config does."""

import pytest

from nndl.config import load_config, parse_config
from nndl.config.writing.decay import in_pytorch

LAYERS = "model: {layers: [conv: 4, affine: 10]}\n"
WEIGHTS = ", of weights alone"


@pytest.mark.parametrize(
    ("train", "told"),
    [
        ("{}", []),
        ("{optimizer: sgd, l2: 0.01}", ["train.l2 is PyTorch's SGD(weight_decay=0.01)"]),
        ("{l2: 5e-4}", ["train.l2 is PyTorch's SGD(momentum=0.9, weight_decay=0.0005)"]),
        ("{optimizer: adam, l2: 0.01}", ["train.l2 is PyTorch's Adam(weight_decay=0.01)"]),
        ("{optimizer: adamw}", ["weight_decay is PyTorch's AdamW(weight_decay=0.01)"]),
        ("{optimizer: adam, weight_decay: 0.1}", ["weight_decay is PyTorch's AdamW(weight_decay=0.1)"]),
        (
            "{optimizer: sgd, weight_decay: 0.1}",
            ["train.weight_decay is decoupled: PyTorch's SGD(weight_decay=0.1)"],
        ),
        (
            "{optimizer: {sgd_nesterov_momentum: {momentum: 0.8}}, weight_decay: 0.1}",
            ["train.weight_decay is decoupled: about PyTorch's SGD(momentum=0.8, nesterov=True, weight_decay=0.02)"],
        ),
        ("{optimizer: {sgd_pytorch: {weight_decay: 0.1}}}", []),
        ("{optimizer: sgd_pytorch, l2: 0.1}", ["train.l2 is PyTorch's weight_decay=0.1"]),
        ("{optimizer: muon, l2: 0.1, weight_decay: 0.1}", []),
    ],
)
def test_the_optimiser_and_its_weight_decay_are_named(train: str, told: list[str]) -> None:
    assert in_pytorch(parse_config(f"{LAYERS}train: {train}", "it").train) == [line + WEIGHTS for line in told]


def test_resnet9_has_the_decay_of_its_recipe() -> None:
    """Page's: 5e-4, added to the gradient."""
    told = "train.l2 is PyTorch's SGD(momentum=0.9, nesterov=True, weight_decay=0.0005)"
    assert in_pytorch(load_config("resnet9").train) == [told + WEIGHTS]
