"""The three ways to write a thing that has options, and what is said of the ways that are none."""

import pytest

from nndl.config import parse_config
from nndl.net.catalog import Affine, Concat, Conv, MaxPool, Relu, Residual, Sum
from nndl.train.optimizers import Adam
from nndl.train.schedules import PiecewiseLinear
from tests.config.small import experiment, told


def model(layer: str) -> str:
    return f"model:\n  layers:\n    - {layer}\n    - affine: 10\n"


@pytest.mark.parametrize(
    ("written", "layer"),
    [
        ("relu", Relu()),
        ("relu:", Relu()),
        ("relu: {}", Relu()),
        ("max_pool: 4", MaxPool(size=4)),
        ("max_pool: {size: 4}", MaxPool(size=4)),
        ("max_pool:\n        size: 4", MaxPool(size=4)),
        ("max_pool", MaxPool()),
        ("conv: {filters: 8, pad: 0, name: c}", Conv(filters=8, pad=0, name="c")),
        ("conv: {filters: 3, kernel: [3, 5], groups: channels}", Conv(filters=3, kernel=(3, 5), groups="channels")),
        ("conv: {filters: 8, kernel: [3, 3], stride: [2, 2]}", Conv(filters=8, kernel=3, stride=2)),
        ("max_pool: [3, 2]", MaxPool(size=(3, 2))),
        ("residual: [relu]", Residual(layers=(Relu(),))),
        ("residual: {layers: [relu], shortcut: [conv: 3]}", Residual(layers=(Relu(),), shortcut=(Conv(filters=3),))),
        ("concat: {x: [], b: [relu]}", Concat(branches=(("x", ()), ("b", (Relu(),))))),
        ("sum: {name: both, a: [relu], b: [relu]}", Sum(branches=(("a", (Relu(),)), ("b", (Relu(),))), name="both")),
        ("residual: {layers: [relu], shortcut: []}", Residual(layers=(Relu(),), shortcut=())),
        ("residual: {layers: [relu], shortcut: null}", Residual(layers=(Relu(),))),
        ("residual: {layers: [relu, residual: [relu]]}", Residual(layers=(Relu(), Residual(layers=(Relu(),))))),
    ],
)
def test_a_layer_may_be_written_so(written: str, layer: object) -> None:
    assert parse_config(model(written), "f.yaml").model.layers == (layer, Affine(out_features=10))


def test_whole_numbers_serve_where_numbers_are_asked_for() -> None:
    made = experiment("train: {optimizer: {adam: 1}, epochs: 5, schedule: {piecewise_linear: [[0, 1], [5, 0]]}}")
    assert made.train.optimizer == Adam(learning_rate=1.0)
    assert made.train.schedule == PiecewiseLinear(points=((0.0, 1.0), (5.0, 0.0)))


@pytest.mark.parametrize(
    ("written", "points_at", "words"),
    [
        ("conv", "conv", "conv: 'filters' is missing"),
        ("conv:", "conv:", "conv: 'filters' is missing"),
        ("conv: {filters: 0}", "0}", "conv: filters should be 1 or more, not 0"),
        ("conv: 0", "0", "conv: filters should be 1 or more, not 0"),
        ("conv: {filters: true}", "true}", "conv: filters should be a whole number, not true"),
        ("conv: {filters: 8, kernel: [3, 0]}", "0]", "conv: kernel[1] should be 1 or more, not 0"),
        (
            "conv: {filters: 8, kernel: [3]}",
            "[3]",
            "conv: kernel should be a whole number or a list of 2, not a list of 1",
        ),
        ("conv: {filters: 6, groups: 4}", "4}", "conv: groups should divide the 6 filters (1, 2, 3, 6), not 4"),
        (
            "conv: {filters: 6, groups: depthwise}",
            "depthwise}",
            "conv: groups should be a whole number or 'channels', not 'depthwise'",
        ),
        (
            "avg_pool: {size: [2, 3], pad: 2}",
            "2}",
            "avg_pool: pad should be at most half the window, 1 for size [2, 3], not 2",
        ),
        ("conv: [16]", "[16]", "conv: filters should be a whole number, not a list of 1"),
        ("conv: {filters: 8, bias: 1}", "1}", "conv: bias should be true or false, not 1"),
        ("dropout: {keep: '0.5'}", "'0.5'}", "dropout: keep should be a number, not '0.5'; take off the quotes"),
        ("dropout: {keep: .nan}", ".nan", "dropout: keep should be a finite number, not .nan"),
        (
            "dropout: 0.1",
            "0.1",
            "dropout: 0.1 may mean two things; write dropout: {keep: 0.1} or dropout: {drop: 0.1}",
        ),
        ("dropout", "dropout", "dropout: give one of keep (the share that stays) and drop (the share that goes)"),
        (
            "dropout: {keep: 0.9, drop: 0.1}",
            "{keep",
            "dropout: give one of keep (the share that stays) and drop (the share that goes)",
        ),
        ("dropout: {p: 0.5}", "p", "dropout: unknown key 'p'; keep is the share that stays, drop the share that goes"),
        ("scale: -.inf", "-.inf", "scale: factor should be a finite number, not -.inf"),
        ("relu: 3", "3", "relu takes only options in braces: relu: {name: ...}"),
        ("relu: {slope: 3}", "slope: 3}", "relu: unknown key 'slope'; there are name"),
        (
            "{conv: 16, relu: }",
            "{conv",
            "one layer at a time: this names 'conv', 'relu'; begin each with '- ' on a line of its own",
        ),
        ("residual: relu", "relu", "expected a list of layers, each on a line of its own beginning with '- '"),
        (
            "residual: {layers: [relu, {conv: {filter: 3}}]}",
            "filter: 3}}]}",
            "conv: unknown key 'filter'; did you mean 'filters'?",
        ),
        ("residual: [relu, max_pol]", "max_pol]", "no layer 'max_pol'; did you mean 'max_pool'?"),
        (
            "residual: {layers: [relu], shortcut: [max_pol]}",
            "max_pol]",
            "no layer 'max_pol'; did you mean 'max_pool'?",
        ),
        (
            "residual: {layers: [relu], shortcut: 3}",
            "3}",
            "expected a list of layers, each on a line of its own beginning with '- '",
        ),
        ("concat: {a: [relu]}", "{a: [relu]}", "concat: takes two branches or more, and one alone is its layers; wr"),
        ("concat: {a: [relu], b: [rellu]}", "rellu]", "no layer 'rellu'; did you mean 'relu'?"),
        (
            "concat: [relu, relu]",
            "[relu, relu]",
            "concat takes branches by name, each a list: concat: {a: [...], b: [...]}",
        ),
        ("sum: {a: [], b: relu}", "relu}", "expected a list of layers, each on a line of its own beginning with '- '"),
        ("sum: {name: [relu], b: [relu]}", "[relu], b", "sum: name should be a word, not a list of 1"),
        ("residual: {shortcut: [relu]}", "{shortcut: [relu]}", "residual: 'layers' is missing"),
    ],
)
def test_what_is_wrong_is_pointed_at(written: str, points_at: str, words: str) -> None:
    ((at, said),) = told(model(written))
    assert (at[: len(points_at)], said[: len(words)]) == (points_at, words)


@pytest.mark.parametrize("entry", ["3", "[relu]", "{}", "", "true", "1.5"])
def test_what_names_nothing_is_answered_with_all_there_is(entry: str) -> None:
    ((_, words),) = told(model(entry))
    assert words.startswith("expected a layer; there are conv, spatial_bn, bn")


@pytest.mark.parametrize(
    ("section", "points_at", "words"),
    [
        (
            "train: {optimizer: {adam: {weight_decay: 1}}}",
            "weight_decay: 1}",
            "adam: unknown key 'weight_decay'; it goes under train",
        ),
        ("train: {optimizer: 3}", "3}", "expected an optimizer; there are sgd, "),
        ("train: {average: {ema: 1.5}}", "1.5", "ema: decay should be less than 1, not 1.5"),
        ("model2: 3", "model2", "unknown key 'model2'; did you mean 'model'?"),
        ("data: {augment: [{crop: {pad: 400}}]}", "400}", "crop: pad"),
        ("data: {augment: flip}", "flip}", "expected a list of augmentations"),
        ("train: {schedule: {lr_decay: {factor: 0.5, per: 0.5}}}", "0.5}}}", "lr_decay: per should be a whole number"),
        ("train: {groups: [{learning_rate: 2}]}", "{learning_rate", "'match' is missing"),
        ("train: {groups: [{match: x, learning_rate: -1}]}", "-1}", "learning_rate should be 0 or more, not -1"),
        ("train: {groups: [{match: x, learning_rate: fast}]}", "fast}", "learning_rate should be a number, not 'fast'"),
        (
            "train: {groups: [{match: x, learning_rate: '3'}]}",
            "'3'}",
            "learning_rate should be a number, not '3'; take o",
        ),
        ("train: {groups: [{match: x, learning_rate: .nan}]}", ".nan}", "learning_rate should be a finite number"),
        (
            "train: {batch_size: 1e308}",
            "1e308}",
            "batch_size should be a whole number, not 1e",
        ),
        ("train: {groups: [{match: 3}]}", "3}", "match should be a word, not 3; put it in quotes"),
        ("train: {groups: [{match: x, lr: 3}]}", "lr: 3}", "unknown key 'lr'; did you mean 'learning_rate'?"),
        ("train: {groups: [x]}", "x]", "groups[0] should be a mapping, key: value, not 'x'"),
        ("train: {groups: {match: x}}", "{match", "groups should be a list, not a mapping"),
        ("train: {clip_norm: 0}", "0}", "clip_norm should be more than 0, not 0"),
        ("data: {train_size: some}", "some}", "train_size should be a whole number or 'all', not 'some'"),
        ("seed: 1.0", "1.0", "seed should be a whole number, not 1.0"),
        ("dtype: float16", "float16", "dtype should be 'float32' or 'float64', not 'float16'"),
    ],
)
def test_so_is_what_is_wrong_elsewhere(section: str, points_at: str, words: str) -> None:
    ((at, said),) = told(f"model: {{layers: [affine: 10]}}\n{section}\n")
    assert (at[: len(points_at)], said[: len(words)]) == (points_at, words)
