"""nndl bench measures what was asked for."""

import json
from pathlib import Path

import pytest

from nndl.engines import available
from tests.cli.command import nndl

CONFIG = """\
data: {dataset: synthetic, train_size: 100, validation_size: 20}
model:
  layers:
    - conv: 4
    - spatial_bn
    - relu
    - residual: [conv: 4, relu]
    - affine: 10
train: {batch_size: 5, clip_norm: 1.0, average: {ema: 0.9}, optimizer: adam, weight_decay: 0.01}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "net.yaml").write_text(CONFIG, encoding="utf-8")
    return tmp_path


def test_the_report_has_every_engine_and_number_of_threads(folder: Path) -> None:
    asked = ("--seconds", "0.02", "--bursts", "2", "--threads", "2,1", "--memory", "--json")
    done = nndl("bench", "net.yaml", *asked, cwd=folder)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    measured = [(each["threads"], each["engine"]) for each in report["contenders"]]
    assert measured == [(threads, engine) for threads in (1, 2) for engine in available()[1:]]
    assert [peak["threads"] for peak in report["peak"]] == [1, 2]
    assert (report["dtype"], report["batch_size"]) == ("float32", 5)
    for each in report["contenders"]:
        assert each["slowest_burst"] <= each["images_per_second"] <= each["fastest_burst"]
        assert 0 < each["of_peak"] < 1
        assert sum(row["share"] for row in each["steps"]) == pytest.approx(1, abs=0.3)
        assert any("residual1.conv1" in row["layers"] and row["depth"] == 1 for row in each["steps"])
        memory = each["memory"]
        assert memory["peak_bytes"] is None or 10 * 2**20 < memory["before_bytes"] <= memory["peak_bytes"]


def test_tables_name_the_engine_the_peak_and_the_steps(folder: Path) -> None:
    asked = ("--engine", "reference,vectorized", "--seconds", "0.01", "--bursts", "1", "--batch-size", "2")
    done = nndl("bench", "net.yaml", *asked, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "net: training, a batch of 2" in done.stdout
    assert "engine reference," in done.stdout
    assert "GFLOP/s, NumPy's product of" in done.stdout
    assert "GFLOP/s   x matmul" in done.stdout
    assert "x matmul: GFLOP/s in times of that product's" in done.stdout
    assert "peak" not in done.stdout
    assert "  residual1.conv1" in done.stdout
    assert "measuring reference, vectorized" in done.stderr


def test_wrong_words_are_answered(folder: Path) -> None:
    for threads in ("0", "two", "1,", "-1"):
        done = nndl("bench", "net.yaml", "--threads", threads, cwd=folder)
        assert done.returncode == 2
        assert "--threads takes numbers from 1 up, such as 2 or 1,2" in done.stderr
    done = nndl("bench", "net.yaml", "--engine", "fast", cwd=folder)
    assert done.returncode == 2
    assert "no engine is called 'fast'" in done.stderr
