"""nndl doctor finds what is there, what is missing and what is broken."""

import json
import shutil
from pathlib import Path

import pytest

from nndl.check import installation
from nndl.data import official
from nndl.engines import available, choices
from nndl.engines.compiled import build
from nndl.engines.shared.threads import cores
from tests.cli.command import nndl
from tests.data import fake


def test_a_sound_installation_is_told_in_lines_and_in_json(tmp_path: Path) -> None:
    told = nndl("doctor", cwd=tmp_path)
    assert told.returncode == 0, told.stderr
    assert told.stdout.endswith("nothing is broken\n")
    assert f"{cores()} of " in told.stdout
    assert "none in data; to fetch CIFAR-10: nndl download-cifar --root data" in told.stdout
    report = json.loads(nndl("doctor", "--json", cwd=tmp_path).stdout)
    assert report["engines"]["engine"] == available()[-1]
    assert report["engines"]["available"] == list(choices())
    assert report["problems"] == []
    assert report["mpi"]["library"] or "pip install 'nndl[mpi]'" in report["mpi"]["why"]
    assert [place["folder"] for place in report["places"]] == ["runs", "data"]
    extras = {extra["extra"]: extra for extra in report["extras"]}
    assert {"plot", "images", "onnx", "tensorboard", "mlflow", "wandb", "notebooks"} <= set(extras)
    assert not {"test", "lint", "docs", "dev"} & set(extras)  # of the work on nndl itself
    assert extras["images"]["missing"] == []


def test_damaged_data_is_broken_and_the_cure_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "images" / "cifar-10-batches-bin"
    folder.mkdir(parents=True)
    (folder / "test_batch.bin").write_bytes(b"no images")
    told = nndl("doctor", "--data", "images", cwd=tmp_path)
    assert told.returncode == 1
    assert "DAMAGED" in told.stdout
    assert "data_batch_1.bin is missing" in told.stdout
    cure = "nndl download-cifar --dataset cifar10 --format binary --root images --verify"
    assert f"to mend it: {cure}" in told.stdout
    (problem,) = json.loads(nndl("doctor", "--data", "images", "--json", cwd=tmp_path).stdout)["problems"]
    assert problem["cure"] == cure


@pytest.mark.parametrize("kept", ["cifar-10-batches-py", "cifar-10-batches-py/cifar-10-batches-py"])
def test_what_keras_keeps_is_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: str) -> None:
    """Unpacked as its versions do it, or packed under its name; where it is not asked for, it is told of."""
    release, _ = fake.small_release("cifar10", "python")
    monkeypatch.setattr(official, "RELEASES", (release,))
    cache = tmp_path / "keras" / "datasets"
    fake.write_files(release, cache / kept)
    found, problems = installation.data(cache)
    assert ([each["folder"] for each in found], problems) == ([str(cache / kept)], [])
    shutil.rmtree(cache / "cifar-10-batches-py")
    archive = cache / "cifar-10-batches-py.tar.gz"
    archive.write_bytes(b"packed")
    for data in (cache, archive):
        found, problems = installation.data(data)
        assert ([each["folder"] for each in found], problems) == ([str(archive)], [])
    for words in (("--data", str(cache)), ("--data", str(archive))):
        told = nndl("doctor", *words, cwd=tmp_path)
        assert told.returncode == 0, told.stdout
        assert f"cifar10 in {archive}: an archive, unpacked at first use\n" in told.stdout
    told = nndl("doctor", cwd=tmp_path, KERAS_HOME=str(tmp_path / "keras"))
    assert f"Keras has one in {cache}: --data {cache}\n" in told.stdout


def test_a_folder_that_cannot_be_written_to_is_broken(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file where a folder should be", encoding="utf-8")
    (runs,), (problem,) = installation.places(tmp_path / "runs")
    assert not runs["writable"]
    assert "cannot be written to" in problem.what
    (below,), none = installation.places(tmp_path / "not" / "yet")
    assert below["writable"]
    assert below["free_bytes"] > 0
    assert none == []


def test_a_folder_counts_what_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "runs" / "a").mkdir(parents=True)
    (tmp_path / "runs" / "a" / "best").write_bytes(bytes(1234))
    assert installation.places(tmp_path / "runs")[0][0]["bytes"] == 1234


@pytest.mark.parametrize(
    ("compiler", "built", "why", "command"),
    [
        (None, False, "there is no C compiler", ", then "),
        (["gcc"], False, "though a C compiler is here (gcc)", " -m nndl.engines.compiled"),
        (["gcc"], True, "built from other sources than these", " -m nndl.engines.compiled"),
    ],
)
def test_why_the_compiled_engine_is_absent(
    monkeypatch: pytest.MonkeyPatch, compiler: list[str] | None, built: bool, why: str, command: str
) -> None:
    monkeypatch.setattr(build, "find_compiler", lambda: compiler)
    told = installation.why_not_compiled(built)
    assert why in told["why"]
    assert command in told["command"]


def test_a_missing_requirement_is_broken_and_a_missing_extra_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ["numpy>=1.26", "no-such-package>=1", "no-such-plot>=2; extra == 'plot'", "nndl[plot]; extra == 'dev'"]
    monkeypatch.setattr(installation, "_requirements", lambda: lines)
    (extra,), (problem,) = installation.packages()
    assert extra["extra"] == "plot"
    assert extra["missing"] == ["no-such-plot"]
    assert "pip install 'nndl[plot]'" in extra["command"]
    assert problem.what == "no-such-package is not installed"
