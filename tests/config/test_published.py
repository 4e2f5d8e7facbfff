"""Bundled networks that others have published have as many parameters as theirs, to the last."""

from math import prod

import pytest

from nndl.config import load_config
from nndl.config.bundled import bundled
from nndl.net.shapes import everything, infer_shapes
from nndl.net.sizes import stored_shapes

PUBLISHED = {
    # github.com/kuangliu/pytorch-cifar: ResNet18() and MobileNetV2(), counted by PyTorch
    "resnet18": 11_173_962,
    "mobilenet_v2": 2_296_922,
    # Zagoruyko and Komodakis 2016, table 4 says 2.7 M; counted by PyTorch in github.com/xternalz/WideResNet-pytorch
    "wide_resnet16_4": 2_748_890,
    # Huang et al. 2017, table 2 says 1.0 M; counted by PyTorch in github.com/andreasveit/densenet-pytorch
    "densenet40_12": 1_019_722,
}


@pytest.mark.parametrize(("name", "count"), PUBLISHED.items())
def test_a_published_network_has_its_number_of_parameters(name: str, count: int) -> None:
    experiment = load_config(name)
    layers = list(everything(infer_shapes(experiment.model.layers, experiment.data.input_shape)))
    statistics = [buffer.size for each in layers for buffer in each.layer.buffers(each.in_shape).values()]
    stored = [prod(shape) for each in layers for shape in stored_shapes(each).values()]
    assert sum(stored) - sum(statistics) == count
    assert f"{count:,} parameters" in bundled(name).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("resnet18", "conv1.w", "residual8.conv2.w"),
        ("wide_resnet16_4", "residual1.shortcut.conv1.w", "residual6.conv2.w"),
        ("densenet40_12", "concat1.new.conv1.w", "concat36.new.conv1.w"),
        ("mobilenet_v2", "residual1.shortcut.conv1.w", "residual13.conv3.w"),
    ],
)
def test_their_parameters_have_readable_names(name: str, first: str, last: str) -> None:
    experiment = load_config(name)
    layers = everything(infer_shapes(experiment.model.layers, experiment.data.input_shape))
    names = [f"{each.path}.{own}" for each in layers for own in stored_shapes(each)]
    assert {first, last} <= set(names)
    assert len(names) == len(set(names))
