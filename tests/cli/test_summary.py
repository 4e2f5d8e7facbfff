"""nndl summary counts right."""

import json
from pathlib import Path

import pytest

from nndl.cli.screen.summary import _memory
from tests.cli.command import nndl

CONFIG = """\
dtype: float64
data: {dataset: synthetic, train_size: 100, validation_size: 20}
model:
  layers:
    - conv: 4
    - spatial_bn
    - residual:
        - conv: {filters: 6, stride: 2}
    - affine: 10
train: {batch_size: 20}
"""


def test_the_command_prints_tables_and_json(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(CONFIG, encoding="utf-8")
    table = nndl("summary", "net.yaml", "--engine", "reference", cwd=tmp_path)
    assert table.returncode == 0, table.stderr
    assert "  residual1.conv1" in table.stdout
    assert "engine reference" in table.stdout
    assert "PairStep" in table.stdout
    report = json.loads(nndl("summary", "net.yaml", "--json", cwd=tmp_path).stdout)
    assert report["totals"]["parameters"] == sum(row["parameters"] for row in report["layers"])
    assert report["layers"][0]["bytes"] == 4 * 32 * 32 * 8
    wider = nndl("summary", "net.yaml", "--json", "--set", "model.layers[0].conv=8", cwd=tmp_path)
    assert json.loads(wider.stdout)["layers"][0]["parameters"] == 8 * 28


def test_a_wrong_config_is_answered_in_words(tmp_path: Path) -> None:
    done = nndl("summary", "bn_cn", cwd=tmp_path)
    assert done.returncode == 2
    assert "bn_cnn" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("count", "words"), [(40, "40 B"), (2048, "2.0 KiB"), (3 << 20, "3.0 MiB"), (5 << 30, "5.00 GiB")]
)
def test_memory_in_the_unit_that_suits(count: int, words: str) -> None:
    assert _memory(count) == words
