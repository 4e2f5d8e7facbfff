"""Weights to start from are those that are named, go with the run, and do not stand in the way of repeating it."""

import sys
from pathlib import Path
from shutil import rmtree

import numpy as np
import pytest

from nndl import api
from nndl.config import Experiment, parse_config
from nndl.config import build as parts
from nndl.errors import CheckpointError, StartError, UsageError
from nndl.export.files import npz_bytes, safetensors_bytes
from nndl.export.torch_names import to_torch
from nndl.jobs.build import build, weights
from nndl.jobs.replay import train_until
from nndl.jobs.reproduce import reproduce
from nndl.jobs.resume import keeping, resume
from nndl.jobs.start import start_run
from nndl.runs.checkpoint import read_checkpoint, write_checkpoint
from nndl.runs.files import ForeignFileError
from nndl.runs.folder import RunFolder
from tests.small_run import STEPS, config, trained


@pytest.fixture
def source(tmp_path: Path) -> RunFolder:
    run = trained(tmp_path / "source")
    built = build(parse_config(config(), "small.yaml"))
    assert (run.best.exists(), run.start.exists(), built.start) == (True, False, None)
    return run


def starting(start: str, head: str = "affine: 10") -> Experiment:
    return parse_config(config().replace("affine: 10", head), "small.yaml", [f"train.start_from={start}"])


def best_of(run: RunFolder) -> dict[str, np.ndarray]:
    return read_checkpoint(run.best)[0]


def begun(made: Experiment, folder: Path, until: int = STEPS) -> RunFolder:
    built = build(made)
    run = start_run(built, folder)
    train_until(run, built.solver, keeping(built), until)
    return run


def test_a_run_starts_from_the_best_weights_of_another(source: RunFolder) -> None:
    built = build(starting(f"{{run: '{source.path}'}}"))
    found, best = weights(built.network), best_of(source)
    assert all(np.array_equal(found[name], best[name]) for name in found)
    assert "best.safetensors" in str(built.start)
    averaged = built.solver.learner.stores()["average_params"]
    assert np.array_equal(averaged.vector, built.network.params.vector)


@pytest.mark.parametrize("form", ["ours.npz", "theirs.safetensors"])
def test_or_from_a_file_under_either_names(source: RunFolder, tmp_path: Path, form: str) -> None:
    run = api.load_run(source.path)
    content = (
        npz_bytes(run.network, run.inputs.normalize, run.classes)
        if form == "ours.npz"
        else safetensors_bytes(to_torch(run.network), {})
    )
    (tmp_path / form).write_bytes(content)
    found, best = weights(build(starting(f"{{file: '{tmp_path / form}'}}")).network), best_of(source)
    assert all(np.array_equal(found[name], best[name]) for name in found)


def test_what_is_skipped_is_drawn_as_ever(source: RunFolder) -> None:
    found = weights(build(starting(f"{{run: '{source.path}', skip: ['affine1.*']}}")).network)
    drawn, best = weights(build(parse_config(config(), "small.yaml")).network), best_of(source)
    assert all(np.array_equal(found[name], (drawn if "affine1" in name else best)[name]) for name in found)


def test_all_that_does_not_fit_is_told_with_the_cure(source: RunFolder) -> None:
    with pytest.raises(CheckpointError) as refused:
        build(starting(f"{{run: '{source.path}', skip: [affin.w]}}", head="affine: {out_features: 10, name: head}"))
    words = str(refused.value)
    assert "skip: nothing here is called 'affin.w'" in words
    assert "head.w (64, 10) is missing" in words
    assert all(name in words for name in ("affine1.w", "affine1.b", "train.start_from.skip"))


def test_the_cure_names_all_that_does_not_fit_and_is_one(source: RunFolder) -> None:
    other = config().replace("affine: 10", "affine: {out_features: 10, name: head}")

    def of(skip: str, text: str = other) -> Experiment:
        return parse_config(text, "small.yaml", [f"train.start_from={{run: '{source.path}', skip: {skip}}}"])

    with pytest.raises(StartError) as refused:
        build(of("[affine1.w, nothing]"))
    assert refused.value.exit_code == 2
    patterns = str(refused.value).rpartition("train.start_from.skip: ")[2]
    assert patterns.startswith("['affine1.w', ")
    assert "nothing" not in patterns
    assert build(of(patterns)).start
    with pytest.raises(StartError, match="no layer fits"):
        build(of("[]", other.replace("conv: 4", "conv: 5", 1)))


@pytest.mark.parametrize("name", ["gone.npz", "bad.npz"])
def test_weights_that_cannot_be_read_are_a_fault_of_the_config(tmp_path: Path, name: str) -> None:
    (tmp_path / "bad.npz").write_text("bad", encoding="utf-8")
    with pytest.raises(StartError, match=r"train\.start_from: ") as refused:
        build(starting(f"{{file: '{tmp_path / name}'}}"))
    assert refused.value.exit_code == 2


def test_the_runs_own_copy_is_none_of_the_configs(source: RunFolder, tmp_path: Path) -> None:
    run = begun(starting(f"{{run: '{source.path}'}}"), tmp_path / "run", 5)
    run.start.write_bytes(b"bad")
    with pytest.raises(CheckpointError) as refused:
        resume(run)
    assert refused.value.exit_code == 1


@pytest.mark.parametrize("start", ["{}", "{run: a, file: b}"])
def test_one_source_is_named(start: str) -> None:
    with pytest.raises(Exception, match="give one of run and file"):
        starting(start)


def test_a_misspelt_key_is_told() -> None:
    with pytest.raises(Exception, match="unknown key 'runs'; did you mean 'run'"):
        starting("{runs: a}")


def test_no_way_is_found_past_the_weights(source: RunFolder) -> None:
    with pytest.raises(UsageError, match="starts from weights"):
        parts.build(starting(f"{{run: '{source.path}'}}"))


@pytest.mark.parametrize("skip", ["", ", skip: ['affine1.*']"])
def test_the_run_goes_on_and_is_repeated_without_its_source(source: RunFolder, tmp_path: Path, skip: str) -> None:
    made = starting(f"{{run: '{source.path}'{skip}}}")
    straight, parted = begun(made, tmp_path / "straight"), begun(made, tmp_path / "parted", 5)
    rmtree(source.path)
    assert reproduce(straight, lambda *_: lambda _: None).identical
    resumed = resume(parted)
    train_until(parted, resumed.built.solver, resumed.keeping, STEPS)
    (one, info), (other, other_info) = read_checkpoint(straight.last), read_checkpoint(parted.last)
    assert all(np.array_equal(one[name], other[name]) for name in one)
    assert info["about"]["start"]
    assert info["about"] == other_info["about"]
    assert str(source.path) in parted.config.read_text(encoding="utf-8")


def test_a_run_killed_before_its_first_state_begins_with_them_again(source: RunFolder, tmp_path: Path) -> None:
    run = start_run(build(starting(f"{{run: '{source.path}'}}")), tmp_path / "run")
    rmtree(source.path)
    built = resume(run).built
    copy = read_checkpoint(run.start)[0]
    assert all(np.array_equal(array, copy[name]) for name, array in weights(built.network).items())


def test_other_weights_in_the_place_of_its_own_are_noticed(source: RunFolder, tmp_path: Path) -> None:
    run = begun(starting(f"{{run: '{source.path}'}}"), tmp_path / "run", 5)
    arrays, info = read_checkpoint(run.start)
    write_checkpoint(run.start, {name: array + 1 for name, array in arrays.items()}, info)
    with pytest.raises(UsageError, match="the weights it starts from"):
        resume(run)
    with pytest.raises(CheckpointError, match="start:"):
        reproduce(run, lambda *_: lambda _: None)


@pytest.mark.parametrize("skip", [5, None, "conv1.w", {"conv1.w": 1}, [None]])
def test_an_environment_that_tells_no_names_to_skip_is_refused(source: RunFolder, tmp_path: Path, skip: object) -> None:
    run = begun(starting(f"{{run: '{source.path}'}}"), tmp_path / "run", 5)
    told = run.read_environment()
    run.write_environment({**told, "start": {**told["start"], "skip": skip}})
    with pytest.raises(CheckpointError, match=r"environment.json: start.skip should be a list of names"):
        resume(run)
    with pytest.raises(CheckpointError, match=r"start.skip should be"):
        reproduce(run, lambda *_: lambda _: None)


@pytest.mark.skipif(sys.platform == "win32", reason="links of POSIX")
def test_a_link_in_the_place_of_the_weights_is_not_followed(source: RunFolder, tmp_path: Path) -> None:
    run = begun(starting(f"{{run: '{source.path}'}}"), tmp_path / "run", 5)
    run.start.rename(tmp_path / "mine.safetensors")
    run.start.symlink_to(tmp_path / "mine.safetensors")
    with pytest.raises(ForeignFileError, match=r"start.safetensors is a link"):
        resume(run)
    with pytest.raises(ForeignFileError, match=r"start.safetensors is a link"):
        reproduce(run, lambda *_: lambda _: None)


def test_weights_set_by_hand_are_kept_too(tmp_path: Path) -> None:
    built = api.build(parse_config(config(), "small.yaml"))
    built.network.params["conv1.w"] = np.full_like(built.network.params["conv1.w"], 0.25)
    run = api.train(built, tmp_path / "run")
    kept = read_checkpoint(run.folder.start)[0]
    assert (kept["params/conv1.w"] == 0.25).all()
    assert run.folder.read_environment()["start"]["from"] == "set by hand"
    assert reproduce(run.folder, lambda *_: lambda _: None).identical


def test_imported_weights_are_trained_on(source: RunFolder, tmp_path: Path) -> None:
    from nndl.export.importing import import_run

    run = api.load_run(source.path)
    (tmp_path / "w.npz").write_bytes(npz_bytes(run.network, run.inputs.normalize, run.classes))
    imported = import_run(parse_config(config(), "small.yaml"), tmp_path / "w.npz", tmp_path / "imported")
    found = weights(build(starting(f"{{run: '{imported.path}'}}")).network)
    assert all(np.array_equal(found[name], array) for name, array in best_of(source).items())
