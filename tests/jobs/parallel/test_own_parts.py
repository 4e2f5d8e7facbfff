"""A run whose config uses code of one's own, on several ranks: each runs the text that the first one read."""

from pathlib import Path

import pytest

from nndl.config import load_config
from nndl.config.build import build
from nndl.jobs.replay import compare_states, train_until
from nndl.jobs.resume import keeping
from nndl.jobs.start import start_run
from nndl.runs.folder import RunFolder
from tests.jobs.parallel.ranks import launch, needs_mpi, train
from tests.own.written import CONFIG, SWISH, write


@needs_mpi
@pytest.mark.xdist_group("mpi")
def test_it_is_that_of_one_process_and_goes_on_from_its_own_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = tmp_path / "known-code"
    monkeypatch.setenv("NNDL_KNOWN_CODE", str(known))
    config = write(tmp_path / "mine", CONFIG.replace("epochs: 2", "epochs: 2, shards: 2"))
    ended = train(2, config, tmp_path / "ranks")
    assert ended.code == 0, ended.err
    assert (tmp_path / "ranks/use/1-my_layers.py").read_text(encoding="utf-8") == SWISH
    built = build(load_config(config))
    alone = start_run(built, tmp_path / "alone")
    train_until(alone, built.solver, keeping(built), built.solver.steps)
    compared = compare_states(RunFolder(tmp_path / "ranks").last, alone.last)
    assert [part.first for part in compared] == [None] * len(compared)
    config.with_name("my_layers.py").unlink()
    words = ["-m", "nndl", "resume", str(tmp_path / "ranks"), "--epochs", "3", "--quiet"]
    ended = launch(words, words)
    assert ended.code == 0, ended.err
    known.unlink()
    ended = launch(words, words)
    assert ended.code == 2
    assert "my_layers.py (sha256 " in ended.err
