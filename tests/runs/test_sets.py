"""A folder of several runs is meant whole, drawn as one, and called by what tells it apart."""

from pathlib import Path

import pytest

from nndl.errors import UsageError
from nndl.runs.folder import members
from nndl.runs.sets import Bundle, bundles, labels, names, read_bundles
from tests.runs.made import make_run


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """A single run, a set of three seeds and one that broke off, and a set of two configs."""
    make_run(tmp_path / "single", name="net", begun=1e9)
    for seed in range(3):
        make_run(tmp_path / "ninety" / f"seed-{seed}", name="ninety", seed=seed, test=0.5 + seed / 10, begun=1.1e9)
    stopped = {"validation": (0.3,), "test": None, "status": "interrupted"}
    make_run(tmp_path / "ninety" / "seed-10", name="ninety", seed=10, begun=1.1e9, **stopped)  # type: ignore[arg-type]
    for seed in range(2):
        for l2 in (0.0, 0.5):
            folder = tmp_path / "tried" / f"l2-{l2}-{seed}"
            make_run(folder, name="net", seed=seed, l2=l2, dataset="synthetic", begun=1.2e9)
    return tmp_path


def seeds(bundle: Bundle) -> list[int | None]:
    return [row.seed for row in bundle.rows]


@pytest.mark.parametrize("word", ["ninety", "nine", "{runs}/ninety"])
def test_a_folder_of_seeds_is_one_line_of_those_that_are_finished(runs: Path, word: str) -> None:
    (bundle,) = bundles([word.format(runs=runs)], runs)
    assert seeds(bundle) == [0, 1, 2, 10]
    assert [row.seed for row in bundle.drawn] == [0, 1, 2]
    assert bundle.seeds == "3 seeds"
    assert bundle.left_out.endswith(
        "ninety: 1 of 4 runs left out of the mean (not finished, or their seed is there again)"
    )
    (curves,) = read_bundles([bundle])
    assert (curves.name, curves.seeds) == ("ninety", 3)
    assert curves.validation_accuracy == [(1.0, 0.5), (2.0, 0.6)]


def test_where_none_is_finished_all_are_drawn(tmp_path: Path) -> None:
    for seed in range(2):
        make_run(tmp_path / "going" / f"seed-{seed}", seed=seed, test=None, status="interrupted")
    (bundle,) = bundles(["going"], tmp_path)
    assert (len(bundle.drawn), bundle.left_out) == (2, "")


def test_a_run_is_itself_and_so_is_one_of_a_set(runs: Path) -> None:
    for word, seed in (("single", 0), ("ninety/seed-1", 1), (str(runs / "ninety" / "seed-2"), 2)):
        (bundle,) = bundles([word], runs)
        assert seeds(bundle) == [seed]
        assert (bundle.left_out, bundle.seeds) == ("", f"seed {seed}")
    (latest,) = bundles(["latest"], runs)
    assert len(latest.rows) == 1
    with pytest.raises(UsageError, match="there is no run 'none'"):
        bundles(["none"], runs)


def test_each_config_of_a_folder_is_a_line_and_none_is_there_twice(runs: Path) -> None:
    found = bundles(["tried", "single", str(runs / "tried"), "single"], runs)
    assert [seeds(bundle) for bundle in found] == [[0, 1], [0, 1], [0]]
    assert names(found[1:]) == ["net, 2 seeds", "net, seed 0"]
    assert labels(found[1:]) == ["net, 2 seeds (SYNTHETIC)", "net, seed 0"]
    assert labels(found[:1]) == ["net"]
    assert names(found[:2]) == ["net, train.l2=0.0", "net, train.l2=0.5"]
    assert len(set(names(found))) == 3


def test_runs_have_the_shortest_names_that_tell_them_apart(tmp_path: Path) -> None:
    def told(*folders: str) -> list[str]:
        return names(bundles([str(tmp_path / folder) for folder in folders], tmp_path))

    make_run(tmp_path / "x", name="net", seed=1)
    make_run(tmp_path / "y", name="mlp")
    make_run(tmp_path / "z", name="net", seed=2)
    make_run(tmp_path / "again", name="net", seed=1)
    make_run(tmp_path / "elsewhere" / "x", name="net", seed=1)
    assert told("x", "y") == ["net", "mlp"]
    assert told("x", "y", "z") == ["net, seed 1", "mlp, seed 0", "net, seed 2"]
    assert told("x", "y", "again") == ["x", "y", "again"]
    assert told("x", "elsewhere/x") == [str(tmp_path / "x"), str(tmp_path / "elsewhere" / "x")]


def test_members_stand_by_their_numbers(runs: Path) -> None:
    assert [run.path.name for run in members(runs / "ninety")] == ["seed-0", "seed-1", "seed-2", "seed-10"]
    assert members(runs / "nowhere") == []
