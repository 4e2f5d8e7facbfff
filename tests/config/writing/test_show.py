"""The output of `nndl config show` is a config, and the same one."""

import pytest
import yaml
from hypothesis import HealthCheck, given, settings

from nndl.config import Experiment, load_config, parse_config
from nndl.config.bundled import names
from nndl.config.writing.show import as_tree, dump, plain_value
from nndl.net.catalog import Conv, Relu
from nndl.train.schedules import Constant
from tests.config.valid import experiments


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(experiments())
def test_what_is_shown_reads_back_as_the_same_experiment(experiment: Experiment) -> None:
    assert parse_config(dump(experiment), "shown.yaml") == experiment


@pytest.mark.parametrize("name", names())
def test_nothing_is_left_to_a_default(name: str) -> None:
    experiment = load_config(name)
    tree = yaml.safe_load(dump(experiment))
    assert tree.keys() == Experiment.model_fields.keys()
    for section in ("data", "model", "train", "checkpoint"):
        part = getattr(experiment, section)
        said = {name for name, field in type(part).model_fields.items() if not field.exclude}  # not the blocks' names
        assert tree[section].keys() == part.model_fields_set | said
    convolutions = [layer["conv"] for layer in tree["model"]["layers"] if "conv" in layer]
    assert all(
        {"filters", "kernel", "stride", "pad", "dilation", "groups", "bias", "init", "weight_scale", "whitening_eps"}
        == set(c)
        for c in convolutions
    )


def test_a_reader_of_yaml_1_1_sees_the_same_numbers_and_words() -> None:
    experiment = parse_config(
        "name: on\nmodel: {layers: [affine: 10]}\ntrain: {l2: 1e-5, optimizer: {sgd: 1e22}}\n", "f"
    )
    tree = yaml.safe_load(dump(experiment))
    assert tree == {**as_tree(experiment), "data": {**as_tree(experiment)["data"], "augment": []}} | {
        "train": {**as_tree(experiment)["train"], "groups": []},
        "record": {**as_tree(experiment)["record"], "loggers": []},
    }
    assert (tree["name"], tree["train"]["l2"], tree["train"]["optimizer"]) == (
        "on",
        1e-5,
        {"sgd": {"learning_rate": 1e22}},
    )


def test_a_default_is_written_as_a_config_would() -> None:
    assert plain_value(Constant()) == "constant"
    assert plain_value(Relu()) == "relu"
    assert plain_value(Conv(filters=3)).startswith("{conv: {")
    assert plain_value(()) == "[]"
    assert plain_value(1e-5) == "1.0e-05"
