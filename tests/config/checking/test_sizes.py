"""Networks that could not be held are refused before anything is made."""

import pytest

from nndl.config import load_config
from nndl.config.build import build_network
from nndl.config.bundled import names
from nndl.config.checking import sizes
from nndl.config.checking.checks import parameter_names
from nndl.net.shapes import everything
from tests.config.small import MODEL, experiment, told


@pytest.fixture
def small_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sizes, "installed_memory", lambda: 1 << 30)


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
    counted = sum(sizes.weights(each) for each in everything(network.placed))
    assert counted == sum(network.params[each].size for each in network.decayed)
    assert parameter_names(network.placed) == list(network.params)


def test_the_largest_option_leaves_room_for_every_bundled_config() -> None:
    assert all(not list(sizes.oversized(load_config(name).model.layers)) for name in names())
    assert experiment().model.layers


@pytest.mark.parametrize(
    ("count", "words"), [(1, "0.0 KiB"), (1536, "1.5 KiB"), (1 << 30, "1.0 GiB"), (1 << 70, "1,024.0 EiB")]
)
def test_bytes_are_told_in_the_unit_that_suits(count: int, words: str) -> None:
    assert sizes.in_words(count) == words
