"""Names of swept keys: short, and no two alike."""

from nndl.jobs.sweeps.names import figure, short_names


def test_a_layer_is_named_with_its_place() -> None:
    keys = ("train.batch_size", "model.layers[0].conv.filters", "model.layers[2].conv.filters")
    assert list(short_names(keys).values()) == ["batch_size", "filters [0]", "filters [2]"]


def test_keys_that_would_have_one_name_have_their_whole_one() -> None:
    keys = ("train.average.ema.decay", "train.optimizer.rmsprop.decay", "seed")
    assert list(short_names(keys).values()) == [*keys[:2], "seed"]


def test_a_number_has_four_digits_and_a_word_all_its_letters() -> None:
    assert (figure("0.000123456"), figure("32"), figure("adam")) == ("0.0001235", "32", "adam")
