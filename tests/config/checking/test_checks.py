"""Shapes, names, memory, sizes and schedules: what only the whole config can tell."""

import pytest

from nndl.config import load_config
from nndl.config.build import build_network
from nndl.config.bundled import names
from nndl.config.checking import checks, settings, sizes
from nndl.config.checking.checks import parameter_names
from tests.config.small import MODEL, experiment, told

LINEAR = "model: {layers: [affine: 10]}\n"


@pytest.fixture
def small_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sizes, "installed_memory", lambda: 1 << 30)


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


@pytest.mark.parametrize(
    "option", ["conv: 1000000000000", "conv: {filters: 1, pad: 1000000000000}", "group_norm: 1000000000000"]
)
def test_numbers_beyond_reason_are_refused_before_anything_is_made_of_them(option: str) -> None:
    ((at, words),) = told(f"model: {{layers: [residual: [{option}], affine: 10]}}")
    assert at.startswith("1000000000000")
    assert words.endswith("should be 100,000 or less, not 1,000,000,000,000")


@pytest.mark.usefixtures("small_machine")
def test_weights_that_cannot_be_held_are_refused_with_what_they_would_take() -> None:
    text = "model:\n  layers:\n    - affine: 50000\n    - affine: 10\ntrain: {optimizer: OPTIMIZER}\n"
    assert told(text.replace("OPTIMIZER", "sgd"))[0][1].startswith(
        "to train the weights takes 1.1 GiB of memory, 1.1 GiB"
    )
    ((at, words),) = told(text.replace("OPTIMIZER", "adam"))
    assert at == "affine: 50000"
    assert words == (
        "to train the weights takes 2.3 GiB of memory, 2.3 GiB of it for this layer; this machine has 1.0 GiB"
    )


@pytest.mark.usefixtures("small_machine")
def test_a_batch_that_cannot_be_held_is_refused_but_not_one_larger_than_the_data() -> None:
    ((_, words),) = told(MODEL, "train.batch_size=20000")
    assert words.startswith(
        "a batch of 20,000 takes 2.4 GiB of memory after this layer alone; this machine has 1.0 GiB"
    )
    assert told("model: {layers: [affine: 10]}", "train.batch_size=1000000000") == []


@pytest.mark.parametrize("name", names())
def test_weights_are_counted_as_the_network_has_them(name: str) -> None:
    made = load_config(name)
    network = build_network(made, "reference")
    everything = [inner for outer in network.placed for inner in outer.walk()]
    counted = sum(sizes.weights(each) for each in everything)
    assert counted == sum(network.params[each].size for each in network.decayed)
    assert parameter_names(network.placed) == list(network.params)


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


@pytest.mark.parametrize(
    ("written", "points_at", "words"),
    [
        (
            "data: {validation_size: 5}",
            "5}",
            "validation_size should be 0, or from 10 (one of each class) to less than the 50,000",
        ),
        ("data: {validation_size: 50000}", "50000}", "validation_size should be 0, or from 10"),
        ("data: {train_size: 4000}", "4000}", "validation_size (by default 5,000) should be 0, or from 10"),
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
        ("train: {optimizer: muon}", "muon", "muon is a rule for filters, and this network has none; use "),
        (
            "data: {train_size: 600, validation_size: 500}\ntrain: {drop_last: true, batch_size: 101}",
            "true",
            "drop_last leaves out what does not fill a batch of 101, and there are 100 images to train on; batch_size ",
        ),
        (
            "train: {epochs: 1, average: {lookahead: 353}}",
            "353}",
            "lookahead: every should be 352 or less, not 353: there are 352 steps in all",
        ),
        ("train: {epochs: 1e300}", "1e300}", "epochs should be 1,000,000 or less, not 1e+300"),
        ("train: {epochs: 3, warmup_epochs: 4}", "4}", "the warm-up is longer than training; train.epochs is 3"),
        ("train: {schedule: {multistep: {epochs: [4, 4]}}}", "[4", "multistep: epochs should be in rising order"),
        ("train: {schedule: {multistep: {epochs: [10]}}}", "[10", "multistep: the drop after epoch 10 never comes; "),
        (
            "train: {schedule: {piecewise_linear: [[0, 1], [11, 0]]}}",
            "[[0",
            "piecewise_linear: epoch 11 is no part of ",
        ),
        (
            "train: {schedule: {piecewise_linear: [[-1, 1], [1, 0]]}}",
            "[[-1",
            "piecewise_linear: epoch -1 is no part of ",
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


def test_an_engine_that_is_not_built_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "choices", lambda: ("reference", "vectorized"))
    ((at, said),) = told(f"{LINEAR}engine: compiled\n")
    assert at == "compiled"
    assert said == "this installation has no engine 'compiled'; there are auto, reference, vectorized"


@pytest.mark.parametrize("key", ["optimizer", "schedule"])
def test_a_choice_left_empty_is_told(key: str) -> None:
    ((_, said),) = told(f"{LINEAR}train: {{{key}: }}\n")
    assert said.startswith(f"expected a{'n' if key == 'optimizer' else ''} {key}; there are ")


def test_shapes_and_settings_are_told_together() -> None:
    assert len(told("model: {layers: [affine: 3]}\nthreads: 9999\ntrain: {warmup_epochs: 99}\n")) == 3


def test_the_largest_option_leaves_room_for_every_bundled_config() -> None:
    assert all(not list(sizes.oversized(load_config(name).model.layers)) for name in names())
    assert experiment().model.layers


@pytest.mark.parametrize(
    ("count", "words"), [(1, "0.0 KiB"), (1536, "1.5 KiB"), (1 << 30, "1.0 GiB"), (1 << 70, "1,024.0 EiB")]
)
def test_bytes_are_told_in_the_unit_that_suits(count: int, words: str) -> None:
    assert sizes.in_words(count) == words


def test_layer_paths_are_those_of_the_tree() -> None:
    tree = {"model": {"layers": ["relu", {"residual": ["relu", {"residual": {"layers": ["relu"]}}]}]}}
    assert checks.layer_path(tree, (1, 1, 0)) == ("model", "layers", 1, "residual", 1, "residual", "layers", 0)
    assert checks.layer_path(tree, ()) == ("model", "layers")
