"""--set reaches every value, keeps what it does not name, and says why it cannot."""

import re
from pathlib import Path

import pytest

from nndl.config import parse_config
from nndl.config.reading.messages import ProblemsError
from nndl.config.reading.overrides import of_epochs, of_learning_rate, quoted, settings
from nndl.config.writing.show import dump
from nndl.errors import UsageError
from nndl.jobs.repeats import fold_sets
from nndl.net.catalog import Affine, AvgPool, Conv, Dropout, MaxPool, Relu, Residual
from nndl.train.optimizers import Adam, Sgd
from nndl.train.schedules import Cosine
from tests.config.small import MODEL, experiment, problems


def test_a_value_is_set_and_read_as_yaml() -> None:
    made = experiment("", "train.epochs=5", "train.l2=1e-3", "name=on", "seed = 0x10")
    assert (made.train.epochs, made.train.l2, made.name, made.seed) == (5, 1e-3, "on", 16)


@pytest.mark.parametrize("epochs", [3.0, 1e-9, 2.1234567, 123456.7, 999999.0, 0.1 + 0.2])
def test_epochs_are_set_to_the_last_digit(epochs: float) -> None:
    assert experiment("", of_epochs(epochs)).train.epochs == epochs
    assert of_epochs(3.0) == "train.epochs=3"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (of_epochs(float("inf")), "--epochs inf: epochs should be a number"),
        (of_epochs(0), "--epochs 0: epochs should be more than 0, not 0"),
        (settings(engine="nope")[0], "--engine nope: engine should be 'auto'"),
        (settings(threads=0)[0], "--threads 0: threads should be 1 or more"),
        (settings(seed=-1)[0], "--seed -1: seed should be 0 or more, not -1"),
        (fold_sets(10**9)[0], "--folds 1000000000: a fold is such as 2/5"),
        ("data.dataset=nope", "--set data.dataset=nope: "),
    ],
)
def test_errors_call_a_change_as_it_was_typed(change: str, words: str) -> None:
    with pytest.raises(ProblemsError, match=f"^{re.escape(words)}"):
        experiment("", change)


@pytest.mark.parametrize("text", ["a{}b", "{}", "it's {}"])
def test_a_folder_of_any_name_is_set_as_it_is_or_refused(text: str) -> None:
    refused = [*range(9), *range(11, 32), 0x7F, 0xD800, 0xDCE9]
    for code in (*range(0x100), 0x2028, 0x202E, 0xD800, 0xDCE9, 0xFEFF, 0x1F600):
        folder = text.format(chr(code))
        if code in refused:
            with pytest.raises(UsageError, match=r"no text that a config can hold; give it another name"):
                settings(data=Path(folder))
        else:
            made = experiment("", f"data.root={quoted(folder)}")
            assert made.data.root == folder
            assert parse_config(dump(made), "again.yaml").data.root == folder


def test_the_last_of_two_counts() -> None:
    assert experiment("", "seed=1", "seed=2").seed == 2


def test_the_options_of_a_layer_are_reached_however_it_is_written() -> None:
    made = experiment("", "model.layers[0].conv.kernel=5", "model.layers[1].max_pool.stride=1")
    assert made.model.layers[:2] == (Conv(filters=16, kernel=5), MaxPool(size=2, stride=1))


def test_a_layer_gives_way_to_another() -> None:
    made = experiment("", "model.layers[1].avg_pool.size=4", "model.layers[0]=relu", "model.layers[3].affine=10")
    assert made.model.layers[:2] == (Relu(), AvgPool(size=4))
    assert made.model.layers[3] == Affine(out_features=10)


def test_what_says_the_same_in_another_way_gives_way() -> None:
    layers = "model.layers=[{dropout: {keep: 0.9}}, {affine: 10}]"
    assert experiment("", layers, "model.layers[0].dropout.drop=0.25").model.layers[0] == Dropout(keep=0.75)
    assert experiment("", layers, "model.layers[0].dropout.keep=0.5").model.layers[0] == Dropout(drop=0.5)


def test_inside_a_residual_too() -> None:
    made = experiment("", "model.layers[2].residual[0].conv.bias=false", "model.layers[2].residual[1].gelu=")
    block = made.model.layers[2]
    assert isinstance(block, Residual)
    assert [layer.kind for layer in block.layers] == ["conv", "gelu"]
    assert block.layers[0] == Conv(filters=16, bias=False)


def test_a_block_in_the_short_form_gets_a_name_and_keeps_its_layers() -> None:
    block = experiment("", "model.layers[2].residual.name=first").model.layers[2]
    assert isinstance(block, Residual)
    assert (block.name, len(block.layers)) == ("first", 2)


def test_another_optimizer_takes_the_place_of_the_one_there() -> None:
    text = "train: {optimizer: {adam: {beta1: 0.8}}, schedule: cosine}"
    assert experiment(text, "train.optimizer.sgd.learning_rate=1").train.optimizer == Sgd(learning_rate=1)
    assert experiment(text, "train.optimizer.adam.beta2=0.9").train.optimizer == Adam(beta1=0.8, beta2=0.9)
    assert experiment(text, "train.schedule.cosine.final=0.1").train.schedule == Cosine(final=0.1)


def test_a_bare_learning_rate_is_kept_when_another_option_is_set() -> None:
    text = "train: {optimizer: {adam: 0.5}}"
    assert experiment(text, "train.optimizer.adam.beta1=0.8").train.optimizer == Adam(learning_rate=0.5, beta1=0.8)


@pytest.mark.parametrize("folder", ["2024", "null", "it's", "C:\\data", "a: b", "[x", "#1", "~", " x", "'"])
def test_a_quoted_value_means_its_letters(folder: str) -> None:
    assert experiment("", f"data.root={quoted(folder)}").data.root == folder


@pytest.mark.parametrize(
    "text", ["", "=", "=5", "train.epochs", "a..b=1", "a[x]=1", "a[01]=1", "a.=1", "a[99999999999]=1"]
)
def test_what_is_not_key_and_value_is_answered_with_an_example(text: str) -> None:
    with pytest.raises(UsageError, match=r"expected KEY=VALUE, such as train.epochs=5"):
        experiment("", text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("model.layers[4].conv=3", "model.layers has 4 entries, counted from 0"),
        ("model.layers.conv=3", "model.layers is a list; say which entry"),
        ("train[0]=3", "train is not a list"),
        ("[0]=3", "a config is not a list"),
        ("train.schedule={cosine: 1", "expected a comma, or the '}'"),
    ],
)
def test_a_place_that_is_none_is_named(text: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        experiment("train: {}", text)
    assert str(caught.value).startswith(f"--set {text}:")
    assert words in str(caught.value)


def test_what_a_set_makes_wrong_is_told_of_the_set() -> None:
    (problem,) = problems(MODEL, "train.epoch=3")
    assert (problem.source, problem.words) == ("--set train.epoch=3", "unknown key 'epoch'; did you mean 'epochs'?")


def test_a_layer_that_no_longer_fits_is_told_with_the_set_that_changed_it() -> None:
    (problem,) = problems(MODEL, "model.layers[1].max_pool.size=64")
    assert problem.mark == (3, 6)
    assert problem.words.endswith("(with --set model.layers[1].max_pool.size=64)")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("train.optimizer.learning_rate=1", "train.optimizer.adam.learning_rate"),
        ("model.layers[0].filters=3", "model.layers[0].conv.filters"),
        ("model.layers[2].residual[0].bias=false", "model.layers[2].residual[0].conv.bias"),
        ("model.loss.label_smoothing=0.1", "model.loss.softmax.label_smoothing"),
    ],
)
def test_an_option_whose_thing_is_left_out_is_answered_with_the_whole_key(text: str, meant: str) -> None:
    with pytest.raises(UsageError, match=f"did you mean {re.escape(meant)}\\?$"):
        experiment("train: {optimizer: adam}", text)
    key, value = meant, text.partition("=")[2]
    assert experiment("train: {optimizer: adam}", f"{key}={value}")


def test_the_optimizer_in_force_by_default_is_meant_where_none_is_named() -> None:
    with pytest.raises(UsageError, match=r"train\.optimizer\.sgd_momentum\.momentum\?$"):
        experiment("", "train.optimizer.momentum=0.5")


@pytest.mark.parametrize(
    ("train", "rule"),
    [
        ("", "sgd_momentum"),
        ("train: {epochs: 3}", "sgd_momentum"),
        ("train: {optimizer: adam}", "adam"),
        ("train: {optimizer: {adam: 0.5}}", "adam"),
        ("train: {optimizer: {sgd: {learning_rate: 0.5}}}", "sgd"),
    ],
)
def test_a_learning_rate_is_that_of_the_optimizer_there_is(train: str, rule: str) -> None:
    optimizer = experiment(train, *of_learning_rate(0.125)).train.optimizer
    assert (optimizer.kind, optimizer.learning_rate) == (rule, 0.125)
    with pytest.raises(ProblemsError, match=r"--lr -1: .*learning_rate should be"):
        experiment(train, *of_learning_rate(-1.0))


def test_short_options_set_what_they_say() -> None:
    made = experiment("", *settings(name="null: 'x'", batch_size=7))
    assert (made.name, made.train.batch_size) == ("null: 'x'", 7)
    with pytest.raises(ProblemsError, match=r"--batch-size 0: batch_size should be 1 or more"):
        experiment("", *settings(batch_size=0))
