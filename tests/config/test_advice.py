"""Advice to somebody who wrote something near."""

import pytest

from nndl.config.advice import ABSENT, OF_ANY_LAYER, TELLING, nearest, suggest
from nndl.config.brought import FOREIGN
from nndl.config.schema import ONE_OF, SECTIONS
from nndl.described import option_names
from tests.config.small import told


@pytest.mark.parametrize(
    ("word", "meant"),
    [("filter", "filters"), ("Linear", "affine"), ("lr", "learning_rate"), ("batchnorm", "spatial_bn"), ("zzz", None)],
)
def test_the_nearest_is_spelt_alike_or_means_the_same(word: str, meant: str | None) -> None:
    assert nearest(word, ["affine", "filters", "learning_rate", "bn", "spatial_bn"]) == meant


def test_where_nothing_is_near_all_there_is_is_told() -> None:
    assert suggest("zzz", ["a", "b"]) == "there are a, b"


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        ("max_pool: {padding: 1}", "did you mean 'pad'?"),
        ("conv: {filters: 8, dilation_rate: 2}", "did you mean 'dilation'?"),
        ("avg_pool: {count_include_pad: true}", "there is none: the mean is over the pixels of the image"),
        ("max_pool: {kernel: 3}", "did you mean 'size'?"),
        ("conv: {filters: 8, size: 3}", "did you mean 'kernel'?"),
        ("conv: {out_features: 8}", "did you mean 'filters'?"),
        ("conv: {filters: 8, momentum: 0.9}", "there are name, filters"),
        ("conv: {filters: 8, every: 3}", "there are name, filters"),
        ("conv: {filters: 8, keep: 0.9}", "there are name, filters"),
        ("conv: {filters: 8, layers: 3}", "there are name, filters"),
        ("conv: {filters: 8, normalize: true}", "there are name, filters"),
        ("conv: {filters: 8, weight_decay: 0.1}", "it goes under train"),
        ("affine: {out_features: 9, kernel: 3}", "there are name, out_features"),
        ("spatial_bn: {groups: 4}", "there are name, eps"),
        ("residual: {layers: [relu], filters: 8}", "there are name, layers, shortcut"),
        ("relu: {negative_slope: 0.1}", "it goes under leaky_relu"),
        ("layer_norm: {momentum: 0.9}", "there are name, eps"),
    ],
)
def test_a_layers_option_is_not_sent_to_a_namesake(layer: str, words: str) -> None:
    ((_, said),) = told(f"model:\n  layers:\n    - {layer}\n    - affine: 10\n")
    assert f"'; {words}" in said


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("data: {batch_size: 128}", "it goes under train"),
        ("data: {name: cifar10}", "did you mean 'dataset'?"),
        ("data: {train: 45000}", "did you mean 'train_size'?"),
        ("data: {seed: 1}", "it goes to the top level"),
        ("data: {augment: [{crop: {size: 32}}]}", "there are probability, pad, mode"),
        ("data: {augment: [{cutout: {pad: 4}}]}", "there are probability, size, fill"),
        ("scheduler: cosine", "did you mean 'schedule'? it goes under train"),
        ("batchsize: 3", "did you mean 'batch_size'? it goes under train"),
        ("lr: 0.1", "did you mean 'learning_rate'? it goes under train.optimizer"),
        ("train: {data: {dataset: synthetic}}", "it goes to the top level"),
        ("train: {lr_decay: 0.95}", "it goes under train.schedule"),
        ("train: {adam: 1e-3}", "it goes under train.optimizer"),
        ("train: {label_smoothing: 0.1}", "it goes under model.loss"),
        ("train: {every: 5}", "it goes under checkpoint or train.average"),
        ("train: {pad: 3}", "there are epochs, time_budget"),
        ("train: {decay: 0.1}", "did you mean 'weight_decay'?"),
        ("train: {optimizer: {adam: {momentum: 0.9}}}", "it goes under sgd_momentum"),
        ("train: {optimizer: {adam: {weight_decay: 0.1}}}", "it goes under train or adamw"),
        ("train: {optimizer: {sgd: {every: 5}}}", "there are learning_rate"),
        ("train: {average: {ema: {every: 5}}}", "it goes under lookahead"),
        ("train: {schedule: {lr_decay: {factor: 0.1, every: 30}}}", "did you mean 'per'?"),
        ("train: {schedule: {lr_decay: {factor: 0.1, epochs: [30]}}}", "it goes under train or multistep"),
        ("train: {schedule: {multistep: {milestones: [3]}}}", "did you mean 'epochs'?"),
        ("train: {groups: [{match: '*.w', lr: 3}]}", "did you mean 'learning_rate'?"),
    ],
)
def test_a_key_is_told_where_it_goes(written: str, words: str) -> None:
    ((_, said),) = told(f"{written}\nmodel: {{layers: [affine: 10]}}\n")
    assert said.endswith(f"'; {words}") or f"'; {words}, " in said


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("model: {layers: [affine: 10, softmax]}", "no layer 'softmax'; it is a loss, and goes under model.loss"),
        ("train: {optimizer: cosine}", "no optimizer 'cosine'; it is a schedule, and goes under train.schedule"),
        ("data: {augment: [dropout]}", "no augmentation 'dropout'; it is a layer, and goes under model.layers"),
    ],
)
def test_a_name_of_another_table_is_told_what_it_is(written: str, words: str) -> None:
    ((_, said),) = told(written if written.startswith("model") else f"{written}\nmodel: {{layers: [affine: 10]}}\n")
    assert said == words


def test_all_that_is_advised_is_there() -> None:
    options = {key.what: {name for each in key.table.values() for name in option_names(each)} for key in ONE_OF}
    keys = {key for section in SECTIONS.values() for key in section.model_fields}
    kinds = {kind for key in ONE_OF for kind in key.table}
    assert all(set(names) <= options[what] for what, names in TELLING.items())
    assert set(OF_ANY_LAYER) <= keys
    assert {name for names in FOREIGN.values() for name in names} <= keys | kinds | {"match"}.union(*options.values())
    assert all(option not in option_names(ONE_OF[0].table[kind]) for kind, option in ABSENT)
