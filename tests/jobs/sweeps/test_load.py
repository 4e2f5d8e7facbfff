"""A sweep's file: what it says, and what is wrong with it, each with its place."""

from pathlib import Path

import pytest

from nndl.config.bundled import names, sweep_names
from nndl.errors import ConfigError
from nndl.jobs.sweeps.dimensions import Choose, Integers, Log
from nndl.jobs.sweeps.load import load_sweep
from nndl.jobs.sweeps.values import as_words
from tests.jobs.sweeps.small import SWEEP, write


def refused(tmp_path: Path, text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load_sweep(write(tmp_path, text))
    return str(caught.value)


def space(line: str, more: str = "") -> str:
    return f"base: base.yaml\nspace:\n  {line}\n{more}"


def test_a_file_says_what_is_tried(tmp_path: Path) -> None:
    sweep, text = load_sweep(write(tmp_path))
    assert text == SWEEP
    assert sweep.space["train.optimizer.adam.learning_rate"] == Log(range=(1e-4, 1e-1))
    assert sweep.space["model.layers[1].conv.filters"] == Integers(range=(2, 6))
    assert sweep.space["train.batch_size"] == Choose(values=(10, 20))
    assert (sweep.trials, sweep.parallel, sweep.objective) == (6, 3, ("validation_accuracy",))


@pytest.mark.parametrize("name", sweep_names())
def test_the_bundled_sweeps_load_and_are_no_configs(name: str) -> None:
    sweep, _ = load_sweep(name)
    assert sweep.trials > 1
    assert f"sweeps/{name}" not in names()


@pytest.mark.parametrize(
    ("line", "place", "words"),
    [
        ("train.batch_size: {chose: [1]}", "3:22", "no range 'chose'; did you mean 'choose'?"),
        ("train.batch_siz: {choose: [1, 2]}", "3:20", "unknown key 'batch_siz'; did you mean 'batch_size'?"),
        ("train.batch_size: {integers: [0, 64]}", "3:21", "batch_size should be 1 or more, not 0"),
        ("train.l2: {log: [0, 1]}", "3:18", "range should begin above zero"),
        ("train.l2: {uniform: [1, 0]}", "3:22", "range should go from a number to a larger one"),
        ("model.layers[9].conv.filters: {choose: [1, 2]}", "3:32", "model.layers has 4 entries"),
        ("model.layers[1].conv.kernel: {choose: [3, 0]}", "3:31", "kernel should be 1 or more"),
        ("train.batch_size: {integers: {range: [1, 10], step: 4}}", "3:46", "step should lead from 1 to 10"),
    ],
)
def test_a_key_or_range_that_cannot_be_is_told_at_its_place(tmp_path: Path, line: str, place: str, words: str) -> None:
    told = refused(tmp_path, space(line))
    assert words in told
    assert f"sweep.yaml:{place.split(':')[0]}:" in told


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("pruner: median\nseeds: 2\n", "each trial has several (seeds)"),
        ("objective: [validation_loss, seconds]\npruner: median\n", "the one objective"),
        ("pruner: threshold\n", "prune_below go together"),
        ("sampler: grid\ntrials: 9\n", "the grid has 2 combinations, fewer than 9 trials"),
        ("sampler: cmaes\n", "cmaes draws numbers, and cannot choose"),
        ("objective: [seconds, seconds]\n", "seconds stands there twice"),
        ("set: {train.batch_size: 5}\n", "train.batch_size is set in vain, as space tries values of train.batch_size"),
        ("samplr: tpe\n", "unknown key 'samplr'; did you mean 'sampler'?"),
        ("set: {data.validation_size: 0}\n", "needs images to validate on"),
        ("set: {train.epoch: 3}\n", "the base config does not load"),
        ("time_budget: soon\n", "soon"),
        ("objective: []\n", "objective should not be empty"),
    ],
)
def test_what_does_not_fit_together_is_told(tmp_path: Path, more: str, words: str) -> None:
    assert words in refused(tmp_path, space("train.batch_size: {choose: [10, 20]}", more))


def test_a_key_that_a_later_one_overrides_is_tried_in_vain(tmp_path: Path) -> None:
    both = "train.optimizer: {choose: [adam, sgd]}\n  train.optimizer.muon.learning_rate: {uniform: [0.1, 0.2]}"
    assert "train.optimizer changes nothing" in refused(tmp_path, space(both))


def test_values_that_fit_only_one_by_one_are_told(tmp_path: Path) -> None:
    """A schedule of the least epochs and the latest milestone."""
    both = "train.epochs: {integers: [2, 9]}\n  train.warmup_epochs: {uniform: [0.0, 5.0]}"
    told = refused(tmp_path, space(both))
    assert "sweep.yaml:" in told
    assert "warmup_epochs" in told


def test_a_file_that_is_not_there_names_the_nearest_sweep() -> None:
    with pytest.raises(ConfigError, match="did you mean 'bn_cnn'"):
        load_sweep("bn_cn")


def test_a_value_is_shown_as_a_config_says_it() -> None:
    assert as_words({"sgd": {"learning_rate": 0.1}}) == "{sgd: {learning_rate: 0.1}}"
    assert [as_words(value) for value in (1, 1e-5, "adam", None, True, (1, 2))] == [
        "1",
        "1e-05",
        "adam",
        "null",
        "true",
        "[1, 2]",
    ]
