"""Two sets of runs pair by pair: who is whose pair, the mean difference, and its interval."""

import math
from pathlib import Path
from statistics import stdev

import pytest

from nndl.errors import UsageError
from nndl.runs.pairing import paired, t_quantile
from nndl.runs.sets import Bundle, bundles
from tests.runs.made import make_run


def one_bundle(folder: str) -> Bundle:
    (bundle,) = bundles([folder])
    return bundle


@pytest.mark.parametrize(
    ("degrees", "quantile"), [(1, 12.7062047), (2, 4.30265273), (4, 2.77644511), (9, 2.26215716), (100, 1.98397152)]
)
def test_students_t_is_that_of_the_tables(degrees: int, quantile: float) -> None:
    assert t_quantile(0.975, degrees) == pytest.approx(quantile, rel=1e-6)
    assert t_quantile(0.5, degrees) == 0


def seeds(folder: Path, tests: dict[int, float | None], **more: object) -> Path:
    for seed, test in tests.items():
        status = "finished" if test is not None else "interrupted"
        make_run(folder / f"seed-{seed}", seed=seed, test=test, status=status, **more)  # type: ignore[arg-type]
    return folder


def test_seeds_that_both_finished_are_pairs(tmp_path: Path) -> None:
    one = seeds(tmp_path / "a", {0: 0.70, 1: 0.71, 2: 0.69, 3: None})
    other = seeds(tmp_path / "b", {2: 0.72, 1: 0.72, 0: 0.74, 3: 0.9, 4: 0.9}, l2=0.1)
    test, validation = paired(one_bundle(str(one)), one_bundle(str(other)))
    assert [(pair.name, pair.one, pair.other) for pair in test.pairs] == [
        ("seed 0", 0.70, 0.74),
        ("seed 1", 0.71, 0.72),
        ("seed 2", 0.69, 0.72),
    ]
    differences = [0.04, 0.01, 0.03]
    half = 4.30265273 * stdev(differences) / math.sqrt(3)
    assert test.mean == pytest.approx(sum(differences) / 3)
    assert test.interval == pytest.approx((test.mean - half, test.mean + half))
    assert (validation.figure, validation.mean, validation.interval) == ("validation accuracy", 0, (0, 0))


def folds(folder: Path, ended: list[float], split_seed: int = 0) -> Path:
    for fold, accuracy in enumerate(ended, 1):
        run = make_run(folder / f"fold-{fold}", validation=(0.99, accuracy))
        config = run / "config.yaml"
        words = f"fold: {fold}/{len(ended)}, split_seed: {split_seed}, validation_size"
        config.write_text(config.read_text(encoding="utf-8").replace("validation_size", words), encoding="utf-8")
    return folder


def test_folds_are_compared_by_what_they_end_with_and_the_interval_is_wider(tmp_path: Path) -> None:
    one, other = (folds(tmp_path / name, ended) for name, ended in (("a", [0.5, 0.6, 0.7]), ("b", [0.52, 0.63, 0.71])))
    validation, test = paired(one_bundle(str(one)), one_bundle(str(other)))
    assert (validation.figure, validation.pairs[1].name, test.figure) == (
        "validation accuracy",
        "fold 2/3",
        "test accuracy",
    )
    differences = [0.02, 0.03, 0.01]
    half = 4.30265273 * stdev(differences) * math.sqrt(1 / 3 + 1 / 2)
    assert validation.interval == pytest.approx((validation.mean - half, validation.mean + half))


def test_what_is_no_pair_is_refused(tmp_path: Path) -> None:
    one = one_bundle(str(seeds(tmp_path / "a", {0: 0.7, 1: 0.7})))
    other = one_bundle(str(seeds(tmp_path / "b", {2: 0.7, 3: 0.7})))
    with pytest.raises(UsageError, match="no finished run of the same seed and fold"):
        paired(one, other)
    cut, otherwise = (folds(tmp_path / f"f{seed}", [0.5, 0.6], seed) for seed in (0, 1))
    with pytest.raises(UsageError, match=r"hold out other images: data\.split_seed is 0 in one and 1 in the other"):
        paired(one_bundle(str(cut)), one_bundle(str(otherwise)))


def test_one_pair_has_no_interval(tmp_path: Path) -> None:
    one, other = (one_bundle(str(seeds(tmp_path / name, {0: 0.7, 1: None}))) for name in "ab")
    assert [(each.interval, each.deviation) for each in paired(one, other)] == [(None, None)] * 2
