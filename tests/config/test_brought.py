"""Words that people bring from elsewhere: what is said of each can be written so, and leads to what is meant."""

import pytest

from nndl.config import parse_config
from nndl.config.brought import SAID, WRITTEN, squashed
from nndl.config.reading.messages import ProblemsError
from nndl.config.schema import ONE_OF

PLACES = {
    "layer": "model: {{layers: [conv: 64, {}, affine: 10]}}",
    "augmentation": "data: {{augment: [{}]}}\nmodel: {{layers: [affine: 10]}}",
    "schedule": "model: {{layers: [affine: 10]}}\ntrain: {{schedule: {{{}}}}}",
    "optimizer": "model: {{layers: [affine: 10]}}\ntrain: {{optimizer: {}}}",
}


def told(what: str, word: str) -> str:
    with pytest.raises(ProblemsError) as caught:
        parse_config(PLACES[what].replace("{{{}}}", "{}").format(word), "it")
    return str(caught.value)


WAYS = sorted({(what, way) for what, ways in WRITTEN.items() for way in ways.values()})


@pytest.mark.parametrize(("what", "written"), WAYS)
def test_what_is_said_can_be_written(what: str, written: str) -> None:
    parse_config(PLACES[what].format(written), "it")


def test_words_are_none_of_ours_and_stand_once() -> None:
    for what in {*WRITTEN, *SAID}:
        table = next(key.table for key in ONE_OF if key.what == what)
        words = [*WRITTEN.get(what, ()), *SAID.get(what, ())]
        assert not {*words} & {*table}
        assert len({*map(squashed, words)}) == len(words)


@pytest.mark.parametrize(
    ("what", "word", "words"),
    [
        ("layer", "depthwise", "no layer 'depthwise'; write it as conv: {filters: 64, groups: channels}"),
        ("layer", "DepthwiseConv2D", "write it as conv: {filters: 64, groups: channels}"),
        ("layer", "group_conv: {filters: 8}", "write it as conv: {filters: 64, groups: 4}"),
        ("layer", "SeparableConv2D", "write two: conv: {filters: 32, groups: channels}, then conv:"),
        ("layer", "inverted_residual: 3", "the config mobilenet_v2 has it written out"),
        ("layer", "AdaptiveAvgPool2d", "did you mean 'global_avg_pool'?"),
        ("layer", "SEBlock", "did you mean 'squeeze_excite'?"),
        ("layer", "mish", "docs/extending.md shows how to bring one of your own"),
        ("augmentation", "mixup: 0.2", "it is a mixing, and goes under data.mix"),
        ("augmentation", "RandomHorizontalFlip", "did you mean 'flip'?"),
        ("augmentation", "RandomErasing", "did you mean 'random_erasing'?"),
        ("augmentation", "vertical_flip", "there is none: flip is left to right"),
        ("schedule", "cosine_restarts", "did you mean 'warm_restarts'?"),
        ("schedule", "CosineAnnealingLR", "did you mean 'cosine'?"),
        ("schedule", "reduce_on_plateau", "did you mean 'plateau'?"),
        ("optimizer", "adagrad", "docs/extending.md shows how to bring one of your own"),
    ],
)
def test_the_error_leads_to_what_is_meant(what: str, word: str, words: str) -> None:
    assert words in told(what, word)


def test_spellings_are_one() -> None:
    assert {squashed(word) for word in ("depthwise_conv2d", "DepthwiseConv2D", "depthwise-conv")} == {"depthwiseconv"}
