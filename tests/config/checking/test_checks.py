"""Shapes, names and patterns on them: what only all the layers together can tell."""

import pytest

from nndl.config import parse_config
from nndl.config.checking import checks
from nndl.config.reading.overrides import settings
from nndl.errors import ConfigError
from tests.config.small import MODEL, told


@pytest.mark.parametrize(
    "form", ["residual: [relu, residual: [relu, {}]]", "residual: {{layers: [relu, residual: {{layers: [relu, {}]}}]}}"]
)
def test_a_layer_deep_in_blocks_is_found_in_either_form(form: str) -> None:
    text = f"model:\n  layers:\n    - {form.format('max_pool: 40')}\n    - affine: 10\n"
    ((at, words),) = told(text)
    assert at.startswith("max_pool: 40")
    assert words.startswith("max_pool slides a 40 x 40 window, but images 3 x 32 x 32 stand before it")


def test_only_the_first_layer_that_cannot_fit_is_told() -> None:
    ((at, words),) = told("model:\n  layers:\n    - affine: 10\n    - bn\n    - conv: 3\n    - max_pool: 2\n")
    assert at == "conv: 3"
    assert "vectors of 10 stand before it" in words


@pytest.mark.parametrize(
    ("dataset", "last", "words"),
    [
        ("cifar10", "affine: 100", "cifar10 has 10 classes, but the last layer gives 100; end with affine: 10"),
        ("cifar100", "affine: 10", "cifar100 has 100 classes, but the last layer gives 10; end with affine: 100"),
        (
            "cifar10",
            "conv: 4",
            "cifar10 has 10 classes, but the last layer gives images 4 x 32 x 32; end with affine: 10",
        ),
    ],
)
def test_there_is_a_score_for_each_class(dataset: str, last: str, words: str) -> None:
    ((at, said),) = told(f"data: {{dataset: {dataset}}}\nmodel:\n  layers:\n    - {last}\n")
    assert (at, said) == (last, words)


def test_two_layers_of_one_name_are_told_at_the_second() -> None:
    text = "model:\n  layers:\n    - affine: {out_features: 10, name: a}\n    - affine: {out_features: 10, name: a}\n"
    ((at, words),) = told(text + "    - relu\n")
    assert at.endswith("name: a}")
    assert words == "two layers are named 'a'; give one of them another name"


@pytest.mark.parametrize("name", ["a.b", "a/b", "a b", "*", "..", "é.x"])
def test_a_name_that_would_confuse_parameter_names_is_refused(name: str) -> None:
    ((_, words),) = told(f"model: {{layers: [affine: {{out_features: 10, name: '{name}'}}]}}")
    assert words == f"a layer's name has letters, digits, '_' and '-' only, not {name!r}"


def test_a_pattern_that_matches_no_parameter_is_answered_with_the_nearest() -> None:
    patterns = 'train: {groups: [{match: "conv2.*"}, {match: "*.zeta"}, {match: "*.w"}, {match: "conv?.b"}]}'
    assert {said for _, said in told(MODEL + patterns)} == {
        "'conv2.*' matches no parameter; did you mean 'conv1.*'?",
        "'*.zeta' matches no parameter; they are named conv1.w, conv1.b, residual1.conv1.w, residual1.conv1.b, "
        "affine1.w, affine1.b",
    }


def test_a_group_that_later_ones_take_everything_from_is_told() -> None:
    some = '{match: conv1.w}, {match: "conv*.w"}, {match: "*.b"}, {match: affine1.b}'
    ((at, said),) = told(f"{MODEL}train: {{groups: [{some}]}}\n")
    assert at.startswith("conv1.w}")
    assert said == "'conv1.w' changes nothing: the last group that matches counts; put it behind the others"


@pytest.mark.parametrize(
    ("layer", "points_at", "words"),
    [
        (
            "conv: {filters: 4, whitening_eps: 1e-2}",
            "whitening_eps: 1e-2",
            "conv: whitening_eps is for init: whitening, ",
        ),
        ("residual: [conv: {filters: 3, weight_scale: 0.1}]", "weight_scale: 0.1", "conv: weight_scale is for init: n"),
        ("affine: {out_features: 9, weight_scale: 0.1}", "weight_scale: 0.1", "affine: weight_scale is for init: norm"),
    ],
)
def test_an_option_of_another_beginning_is_told(layer: str, points_at: str, words: str) -> None:
    ((at, said),) = told(f"model:\n  layers:\n    - {layer}\n    - affine: 10\n")
    assert (at[: len(points_at)], said[: len(words)]) == (points_at, words)


def test_shapes_and_settings_are_told_together() -> None:
    assert len(told("model: {layers: [affine: 3]}\nthreads: 9999\ntrain: {warmup_epochs: 99}\n")) == 3


def test_layer_paths_are_those_of_the_tree() -> None:
    tree = {"model": {"layers": ["relu", {"residual": ["relu", {"residual": {"layers": ["relu"]}}]}]}}
    assert checks.layer_path(tree, (1, 1, 0)) == ("model", "layers", 1, "residual", 1, "residual", "layers", 0)
    assert checks.layer_path(tree, ()) == ("model", "layers")


@pytest.mark.parametrize(
    "groups",
    [
        '{match: "*", learning_rate: 0}',
        '{match: "*", freeze_after: 0}',
        '{match: "*.w", learning_rate: 0}, {match: "*.b", freeze_after: 0}',
    ],
)
def test_a_network_that_would_learn_nothing_is_refused(groups: str) -> None:
    ((at, said),) = told(f"{MODEL}train:\n  groups: [{groups}]\n")
    assert at.startswith(f"[{groups}]")
    assert said.startswith("every parameter is frozen, so that nothing would be learnt")


def test_a_network_that_learns_something_is_not() -> None:
    for groups in ('{match: "*", learning_rate: 0}, {match: "affine1.*"}', '{match: "*", freeze_after: 0.1}'):
        parse_config(f"{MODEL}train: {{groups: [{groups}]}}", "f.yaml")
    parse_config(f'{MODEL}train: {{groups: [{{match: "*", learning_rate: 0}}]}}', "config.yaml", begun=True)


@pytest.mark.parametrize("name", ["", " "])
def test_a_name_of_nothing_is_refused_but_for_runs_that_have_it(name: str) -> None:
    ((at, said),) = told(f"name: '{name}'\n{MODEL}")
    assert (at, said[:38]) == (f"'{name}'", "name should have letters or digits: ru")
    with pytest.raises(ConfigError, match=f'--name "{name}": name should'):
        parse_config(MODEL, "f.yaml", settings(name=name))
    assert parse_config(f"name: '{name}'\n{MODEL}", "config.yaml", begun=True).name == name
