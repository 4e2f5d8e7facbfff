"""A run whose config says a relative root finds its images again, whatever folder it is used from."""

from functools import partial
from pathlib import Path

import pytest

from nndl import load_config, load_run, train
from nndl.config.schema import Data
from nndl.errors import DataError
from nndl.jobs.images import found_at
from nndl.jobs.reproduce import reproduce
from nndl.jobs.resume import Wanted
from nndl.jobs.stored import stored_experiment
from nndl.jobs.training import Observer, go_on
from nndl.runs.folder import RunFolder
from tests.data.sources.drawn import fill
from tests.jobs.test_reproduce import again

CONFIG = """
data: {dataset: folder, root: pets, size: 8, validation_size: 4}
model: {layers: [conv: 4, spatial_bn, relu, global_avg_pool, affine: classes]}
train: {epochs: 1, batch_size: 8, optimizer: adam}
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunFolder:
    """A run begun in home/, which is used from away/."""
    monkeypatch.setenv("NNDL_CACHE", str(tmp_path / "caches"))
    home, away = tmp_path / "home", tmp_path / "away"
    fill(home / "pets", {"cat": 12, "dog": 12})
    away.mkdir()
    (home / "pets.yaml").write_text(CONFIG, encoding="utf-8")
    monkeypatch.chdir(home)
    train(load_config("pets.yaml"), "runs/one", progress=False)
    monkeypatch.chdir(away)
    return RunFolder(home / "runs" / "one")


def test_every_verb_finds_them_from_elsewhere(run: RunFolder, tmp_path: Path) -> None:
    images = load_run(run.path).images()
    assert len(images) == 5
    assert again(run).identical
    go_on(run, Wanted(epochs=2), Observer())
    assert "root: pets" in run.config.read_text(encoding="utf-8")
    assert run.read_environment()["root"] == {"said": "pets", "was": str(tmp_path / "home" / "pets")}
    assert len(load_run(run.path).history) == 2


def test_what_is_here_under_that_name_counts_first(run: RunFolder, tmp_path: Path) -> None:
    fill(tmp_path / "away" / "pets", {"cat": 15, "dog": 15})
    assert stored_experiment(run).data.root == "pets"
    assert len(load_run(run.path).images()) == 6


def test_a_root_that_is_asked_for_is_no_other(run: RunFolder) -> None:
    with pytest.raises(DataError, match=r"there is no folder pets \(from here .*away.pets\)"):
        load_run(run.path).split("pets")


def test_a_run_that_noted_nothing_or_nonsense_is_read_as_ever(run: RunFolder, tmp_path: Path) -> None:
    (tmp_path / "home" / "pets").rename(tmp_path / "home" / "moved")
    assert stored_experiment(run).data.root == "pets"
    for noted in (None, "pets", {"said": "pets"}, {"said": "pets", "was": 3}):
        run.write_environment({**run.read_environment(), "root": noted})
        assert stored_experiment(run).data.root == "pets"
    run.environment.write_text("{", encoding="utf-8")
    assert stored_experiment(run).data.root == "pets"
    with pytest.raises(DataError, match="there is no folder pets"):
        load_run(run.path).images()


def test_images_that_were_moved_are_asked_for_and_taken_from_there(run: RunFolder, tmp_path: Path) -> None:
    moved, cure = (
        (tmp_path / "home" / "pets").rename(tmp_path / "moved"),
        "--data FOLDER says where; when the run began",
    )
    for use in (load_run(run.path).images, partial(go_on, run, Wanted(epochs=2), Observer()), partial(again, run)):
        with pytest.raises(DataError, match=rf"no folder pets .*\n.*{cure} they were in .*home.pets$"):
            use()
    assert reproduce(run, lambda *_: lambda _: None, moved).identical


def test_what_needs_no_note_has_none() -> None:
    for given in ({"dataset": "folder", "root": str(Path.cwd())}, {"dataset": "synthetic"}, {"root": "~"}):
        assert found_at(Data(**given)) is None
    assert found_at(Data(root="x")) == {"said": "x", "was": str(Path.cwd() / "x")}
