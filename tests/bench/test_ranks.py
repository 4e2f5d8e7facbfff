"""nndl bench --ranks measures processes that train together."""

import json
from pathlib import Path

import pytest

from nndl.engines.shared.threads import cores
from tests.cli.command import nndl
from tests.jobs.parallel.ranks import ALLOWED, needs_mpi
from tests.small_run import config

pytestmark = [needs_mpi, pytest.mark.xdist_group("mpi")]


def test_bench_has_one_process_alone_and_every_number_of_ranks(tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(config(), encoding="utf-8")
    asked = ("--ranks", "1,2", "--seconds", "0.05", "--bursts", "2")
    done = nndl("bench", "small.yaml", *asked, "--json", cwd=tmp_path, **ALLOWED)
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)["ranks"]
    assert [(row["ranks"], row["threads"], row["shards"]) for row in rows] == [(1, cores(), None), (1, 1, 2), (2, 1, 2)]
    for row in rows:
        assert 0 < row["slowest_burst"] <= row["images_per_second"] <= row["fastest_burst"]
        assert row["ms_per_step"] == pytest.approx(1e4 / row["images_per_second"])


def test_what_ends_a_contender_is_told(tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(config(), encoding="utf-8")
    diverging = "train.optimizer={sgd: {learning_rate: 1e30}}"
    done = nndl("bench", "small.yaml", "--ranks", "2", "--set", diverging, cwd=tmp_path, **ALLOWED)
    assert done.returncode == 1
    assert "ranks ended without an answer" in done.stderr
