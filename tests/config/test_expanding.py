"""Blocks and repeats are written out before layers are built; what is wrong with them is told where it stands."""

import pytest

from nndl.config import parse_config
from nndl.config.expanding import MOST_LAYERS
from nndl.config.reading.messages import ProblemsError
from nndl.config.writing.show import dump
from nndl.errors import ConfigError
from nndl.net.catalog import Affine, Concat, Conv, LeakyRelu, Relu, Residual, SpatialBn
from nndl.net.layer import Layer
from nndl.net.shapes import everything, infer_shapes

BLOCKS = """\
data: {dataset: synthetic}
model:
  define:
    basic: [conv: {filters: $filters, bias: false}, spatial_bn, relu]
    grown:
      - concat:
          x: []
          new: [basic: $filters]
    stage:
      - repeat: $times
        layers: [grown: {filters: $filters}]
      - basic: {filters: 5}
  layers:
    - LAYERS
    - affine: classes
"""


def layers(written: str, *sets: str, blocks: str = BLOCKS) -> tuple[Layer, ...]:
    return parse_config(blocks.replace("LAYERS", written), "it.yaml", sets).model.layers[:-1]


def basic(filters: int) -> tuple[Layer, ...]:
    return Conv(filters=filters, bias=False), SpatialBn(), Relu()


def grown(filters: int) -> Layer:
    return Concat(branches=(("x", ()), ("new", basic(filters))))


@pytest.mark.parametrize(
    ("written", "made"),
    [
        ("basic: {filters: 4}", basic(4)),
        ("basic: 4", basic(4)),
        ("grown: 4", (grown(4),)),
        ("{repeat: 3, layers: [relu, basic: 2]}", (Relu(), *basic(2)) * 3),
        ("repeat: {times: 2, layers: [relu]}", (Relu(), Relu())),
        ("repeat: {times: 2, layers: [{repeat: 2, layers: [relu]}, spatial_bn]}", (Relu(), Relu(), SpatialBn()) * 2),
        ("stage: {filters: 3, times: 2}", (grown(3), grown(3), *basic(5))),
        ("residual: [basic: 3]", (Residual(layers=basic(3)),)),
        ("residual: {layers: [basic: 6], shortcut: [basic: 6]}", (Residual(layers=basic(6), shortcut=basic(6)),)),
    ],
)
def test_they_become_the_layers_that_they_stand_for(written: str, made: tuple[Layer, ...]) -> None:
    assert layers(written) == made


def test_names_of_parameters_are_those_of_the_layers_written_out() -> None:
    placed = infer_shapes(layers("stage: {filters: 3, times: 2}"), (3, 8, 8))
    paths = [each.path for each in everything(placed) if isinstance(each.layer, Conv)]
    assert paths == ["concat1.new.conv1", "concat2.new.conv1", "conv1"]


def test_what_is_shown_says_it_without_them() -> None:
    experiment = parse_config(BLOCKS.replace("LAYERS", "stage: {filters: 3, times: 2}"), "it.yaml")
    text = dump(experiment)
    assert not any(word in text for word in ("define", "repeat", "basic", "$"))
    assert parse_config(text, "shown.yaml") == experiment


@pytest.mark.parametrize(
    ("change", "made"),
    [
        ("model.layers[0].stage.times=1", (grown(3), *basic(5))),
        ("model.layers[0].stage.filters=2", (grown(2), grown(2), *basic(5))),
        ("model.define.stage[1].basic.filters=6", (grown(3), grown(3), *basic(6))),
        ("model.define.stage[0].layers[0].relu=", (Relu(), Relu(), *basic(5))),
        ("model.layers[0]=basic: 8", basic(8)),
        ("model.layers[0]={repeat: 2, layers: [relu]}", (Relu(), Relu())),
    ],
)
def test_set_changes_them_where_they_are_written(change: str, made: tuple[Layer, ...]) -> None:
    values = "{times: 2}" if "relu" in change and "stage" in change else "{filters: 3, times: 2}"
    assert layers(f"stage: {values}", change) == made


def test_set_reaches_into_a_block() -> None:
    changes = ("model.define.basic[0].conv.stride=2", "model.define.basic[2].leaky_relu.negative_slope=0.2")
    first, norm, last = layers("basic: 3", *changes)
    assert (first, norm) == (Conv(filters=3, bias=False, stride=2), SpatialBn())
    assert last == LeakyRelu(negative_slope=0.2)


def test_a_parameter_keeps_its_type() -> None:
    block = "define: {b: [conv: {filters: 3, bias: $bias, pad: $pad}]}"
    made = parse_config(f"model: {{{block}, layers: [b: {{bias: false, pad: same}}, affine: 10]}}", "it").model.layers
    assert made == (Conv(filters=3, bias=False), Affine(out_features=10))


WRONG = [
    ("basik: 4", 14, "no layer or block 'basik'; did you mean 'basic'?"),
    ("rellu", 14, "no layer 'rellu'; did you mean 'relu'?"),
    ("basic", 14, "block 'basic' needs filters: basic: {filters: ...}"),
    ("basic: {filter: 3}", 14, "block 'basic' takes no 'filter'; did you mean 'filters'?"),
    ("basic: {filters: {a: 3}}", 14, "a block is given numbers and words, not a mapping"),
    ("basic: many", 4, "conv: filters should be a whole number, not 'many' (in block 'basic', used on line 14)"),
    ("stage: 3", 14, "write stage: {times: ..., filters: ...}"),
    (
        "stage: {filters: 3, times: 0}",
        10,
        "repeat should be 1 or more times, not 0 (in block 'stage', used on line 14)",
    ),
    ("repeat: 3", 14, "repeat: 'layers' is missing; write them below: repeat: 3, and layers: [...]"),
    ("repeat", 14, "repeat: 'layers' is missing; write them below: repeat: 3, and layers: [...]"),
    ("{repeat: 3, layers: []}", 14, "repeat: layers should not be empty"),
    ("{repeat: 3, layers: relu}", 14, "repeat: layers should be a list of layers, each on a line of its own beginning"),
    ("{repeat: 1000000000, layers: [relu]}", 14, f"repeat should be {MOST_LAYERS} or fewer times, not 1,000,000,000"),
    ("{repeat: 2.5, layers: [relu]}", 14, "repeat should be a whole number of times, not 2.5"),
    ("{repeat: true, layers: [relu]}", 14, "repeat should be a whole number of times, not true"),
    ("{repeat: 2, layer: [relu]}", 14, "repeat: unknown key 'layer'; did you mean 'layers'?"),
    ("repeat: {time: 2, layers: [relu]}", 14, "repeat: unknown key 'time'; did you mean 'times'?"),
    (
        "{repeat: 500, layers: [{repeat: 500, layers: [relu]}]}",
        14,
        f"written out, these are more than {MOST_LAYERS} layers; repeat fewer",
    ),
    (
        "{repeat: 2, layers: [conv: {filters: 2, kernel: 20, pad: 0}]}",
        14,
        "conv slides a 20 x 20 window, but images 2 x 13 x 13 stand before it; the largest window that fits is 13 x 13 "
        "(time 2 of 2)",
    ),
]


def told(text: str) -> list[tuple[int, str]]:
    with pytest.raises(ProblemsError) as caught:
        parse_config(text, "it.yaml")
    return [(problem.mark.line + 1, problem.words) for problem in caught.value.problems]


@pytest.mark.parametrize(("written", "line", "words"), WRONG)
def test_what_is_wrong_is_told_once_and_where_it_is_written(written: str, line: int, words: str) -> None:
    ((at, said),) = told(BLOCKS.replace("LAYERS", written))
    assert (at, said[: len(words)]) == (line, words)


@pytest.mark.parametrize(
    ("define", "words"),
    [
        ("{relu: [conv: 3]}", "'relu' is a layer's own name; give the block another"),
        ("{repeat: [conv: 3]}", "'repeat' is a layer's own name; give the block another"),
        (
            "{null: [conv: 3]}",
            "a block's name begins with a letter, and has letters, digits, '_' and '-' only, not 'null'",
        ),
        ("{a: []}", "block 'a' should not be empty"),
        ("{a: relu}", "block 'a' is a list of layers, each on a line of its own beginning with '- '"),
        ("[relu]", "expected blocks by name, each a list of layers: define: {block: [...]}"),
    ],
)
def test_blocks_that_cannot_be_defined(define: str, words: str) -> None:
    assert told(f"model: {{define: {define}, layers: [conv: 4, affine: 10]}}") == [(1, words)]


@pytest.mark.parametrize(
    ("blocks", "words"),
    [
        ("{a: [a]}", "a block cannot hold itself: a -> a (in block 'a', used on line 1)"),
        ("{a: [relu, residual: [b]], b: [c], c: [a]}", "a block cannot hold itself: a -> b -> c -> a"),
    ],
)
def test_a_block_that_holds_itself_is_refused(blocks: str, words: str) -> None:
    ((_, said),) = told(f"model: {{define: {blocks}, layers: [a, affine: 10]}}")
    assert said.startswith(words)


@pytest.mark.parametrize("inside", ["[{0}, {0}]", "[residual: [{0}], residual: [{0}]]", "[residual: [{0}]]"])
def test_blocks_that_multiply_or_nest_without_end_are_refused_at_once(inside: str) -> None:
    names = [f"a{number}" for number in range(200)]
    blocks = [f"{name}: {inside.format(after)}" for name, after in zip(names, [*names[1:], "relu"], strict=True)]
    ((line, words),) = told("model:\n  define:\n    " + "\n    ".join(blocks) + "\n  layers: [a0, affine: 10]\n")
    assert line == 3 + len(names)
    assert words.startswith("written out, these")


def test_parameters_that_multiply_are_refused() -> None:
    alias = "model:\n  define:\n    a: [conv: {filters: [*big, *big]}]\n".replace("*big", "[" + "1, " * 900 + "1]")
    ((_, words),) = told(alias + "  layers:\n    - {repeat: 50, layers: [a]}\n    - affine: 10\n")
    assert words == "written out, this is too large for a config"


def test_what_nothing_uses_is_no_harm_and_old_configs_may_be_long() -> None:
    text = "model: {define: {unused: [conv: $filters]}, layers: [" + "relu, " * (MOST_LAYERS + 5) + "affine: 10]}"
    assert len(parse_config(text, "it").model.layers) == MOST_LAYERS + 6


UNUSED = """\
model:
  define:
    used: [affine: 20, relu]
    spare: [convv: 3, conv: {filters: $f, kernl: 3}, conv: {kernel: 3}, dropout: {keep: $k}, prelu: {x: $f}]
    outer: [spare: {f: 3, k: 0.5}]
    circle: [circle]
    deep: [conv: $f, repeat: {times: $n, layers: [relu]}, residual: [conv: {filters: $f}, rlu]]
    times: [repeat: {times: x, layers: [relu]}]
    given: [used: 3]
  layers: [used, affine: 10]
"""


def test_blocks_that_nothing_uses_are_looked_at_too() -> None:
    with pytest.raises(ProblemsError) as caught:
        parse_config(UNUSED, "it.yaml")
    lines = [line.removeprefix("it.yaml:") for line in str(caught.value).splitlines() if line.startswith("it.yaml:")]
    assert [line.partition(";")[0] for line in lines] == [
        "4:13: no layer 'convv'",
        "4:43: conv: unknown key 'kernl'",
        "4:60: conv: 'filters' is missing",
        "4:102: prelu: unknown key 'x'",
        "6:14: a block cannot hold itself: circle -> circle",
        "7:91: no layer 'rlu'",
        "8:29: repeat should be a whole number of times, not 'x'",
        "9:19: block 'used' takes no values",
    ]


def test_the_rest_is_told_too() -> None:
    text = "model: {define: {a: [a]}, layers: [a, rellu, affine: 10], los: svm}"
    assert [words.partition(";")[0] for _, words in told(text)] == [
        "a block cannot hold itself: a -> a (in block 'a', used on line 1)",
        "no layer 'rellu'",
        "unknown key 'los'",
    ]


def test_a_message_names_the_option_that_put_it_there() -> None:
    with pytest.raises(ConfigError, match=r"--set model\.define\.basic\[0\]\.conv\.kernel=x: conv: kernel .*in block"):
        layers("basic: 3", "model.define.basic[0].conv.kernel=x")
