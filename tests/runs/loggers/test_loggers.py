"""Other programs were told of a run what happened, read back by themselves."""

import importlib.util
import json
import os
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nndl.api import build, load_config, train
from nndl.errors import MissingExtraError
from nndl.jobs.resume import Wanted, resume
from nndl.runs import loggers
from nndl.runs.folder import RunFolder
from nndl.runs.loggers import Loggers, values_of
from nndl.runs.loggers.logger import About
from nndl.runs.metrics import read_metrics
from nndl.runs.training import keep_run
from nndl.train.events import EpochDone, Event, Interrupted, StepDone

CONFIG = """\
engine: reference
threads: 1
data: {dataset: synthetic, train_size: 120, test_size: 40, validation_size: 40}
model: {layers: [avg_pool: 8, affine: 10]}
train: {epochs: 3, batch_size: 20, optimizer: {adam: 0.01}}
"""
STEPS = 12

Series = dict[str, list[tuple[int, float]]]


def read_tensorboard(run: Path) -> Series:
    reader = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    events = reader.EventAccumulator(str(run / "tensorboard"), size_guidance={"scalars": 0})
    events.Reload()
    return {name: [(each.step, each.value) for each in events.Scalars(name)] for name in events.Tags()["scalars"]}


def mlflow_run(run: Path) -> Any:
    tracking = pytest.importorskip("mlflow.tracking")
    client = tracking.MlflowClient()
    where = client.get_experiment_by_name("nndl").experiment_id
    (found,) = client.search_runs([where], f"tags.folder = '{run.resolve()}'")
    return client, found


def read_mlflow(run: Path) -> Series:
    client, found = mlflow_run(run)
    names = found.data.metrics
    return {
        name: [(each.step, each.value) for each in client.get_metric_history(found.info.run_id, name)] for name in names
    }


def wandb_records(file: Path) -> Iterator[Any]:
    """The records of an offline file, which lies in LevelDB's log format: blocks of pieces, whole or in parts."""
    messages = pytest.importorskip("wandb.proto.wandb_internal_pb2")
    content, place, whole = file.read_bytes(), 7, b""
    while place + 7 <= len(content):
        if 32768 - place % 32768 < 7:
            place += 32768 - place % 32768
            continue
        size, kind = struct.unpack("<HB", content[place + 4 : place + 7])
        whole += content[place + 7 : place + 7 + size]
        place += 7 + size
        if kind in (1, 4):  # FULL or LAST
            record = messages.Record()
            record.ParseFromString(whole)
            yield record
            whole = b""


def read_wandb(run: Path) -> Series:
    series: Series = {}
    for file in sorted(run.glob("wandb/offline-run-*/run-*.wandb")):
        for record in wandb_records(file):
            if record.WhichOneof("record_type") == "history":
                items = {(item.key or ".".join(item.nested_key)): item.value_json for item in record.history.item}
                step = json.loads(items.pop("_step"))
                for name, value in items.items():
                    if not name.startswith("_"):
                        series.setdefault(name, []).append((step, json.loads(value)))
    return series


READERS = {"tensorboard": read_tensorboard, "mlflow": read_mlflow, "wandb": read_wandb}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    for name in ("WANDB_API_KEY", "WANDB_MODE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "config.yaml").write_text(CONFIG, encoding="utf-8")
    return tmp_path


def needs(name: str) -> None:
    if importlib.util.find_spec(loggers.PACKAGES[name]) is None:
        pytest.skip(f"{name} is not installed")


@pytest.mark.parametrize("name", READERS)
@pytest.mark.filterwarnings("ignore")  # of the packages about themselves
def test_it_reads_back_what_metrics_have(here: Path, name: str) -> None:
    needs(name)
    train(load_config(here / "config.yaml", [f"record.loggers=[{name}]"]), here / "run")
    series, records = READERS[name](here / "run"), list(read_metrics(here / "run" / "metrics.jsonl"))
    steps = [record for record in records if record["kind"] == "step"]
    epochs = [record for record in records if record["kind"] == "epoch"]
    assert len(steps) == STEPS
    assert series["step/loss"] == [(each["step"], pytest.approx(each["loss"], rel=1e-6)) for each in steps]
    assert series["step/learning_rate"] == [(each["step"], pytest.approx(0.01)) for each in steps]
    accuracies = [(each["step"], pytest.approx(each["validation_accuracy"])) for each in epochs]
    assert series["epoch/validation_accuracy"] == accuracies
    if name != "wandb":  # whose summary has it
        summary = json.loads((here / "run" / "summary.json").read_text(encoding="utf-8"))
        assert series["test/accuracy"] == [(STEPS, pytest.approx(summary["test"]["best"]["accuracy"]))]


@pytest.mark.parametrize("name", READERS)
@pytest.mark.filterwarnings("ignore")
def test_a_run_that_goes_on_goes_on_in_its_record(here: Path, name: str) -> None:
    needs(name)
    built = build(load_config(here / "config.yaml", [f"record.loggers=[{name}]", "checkpoint.every=5 steps"]))
    folder = start_killed(built, here / "run", at=7)
    resumed = resume(folder, Wanted())
    classes = resumed.built.split.dataset.classes
    keep_run(folder, resumed.built.solver, resumed.built.test, classes, lambda _: None, resumed.keeping)
    steps = [step for step, _ in READERS[name](here / "run")["step/loss"]]
    assert sorted(set(steps)) == list(range(1, STEPS + 1))
    if name != "wandb":  # an offline run is a file for each process; syncing lays them over each other
        assert steps == sorted(set(steps))


def start_killed(built: Any, path: Path, at: int) -> RunFolder:
    """A run whose process ended without a word after step `at`."""
    from nndl.jobs.resume import keeping
    from nndl.jobs.start import start_run

    folder = start_run(built, path)

    class KilledError(Exception):
        pass

    def watch(event: Event) -> None:
        if isinstance(event, StepDone) and event.step == at:
            raise KilledError

    with pytest.raises(KilledError):
        keep_run(folder, built.solver, built.test, built.split.dataset.classes, watch, keeping(built))
    return folder


@pytest.mark.filterwarnings("ignore")
def test_mlflow_knows_the_config_and_how_a_run_ended(here: Path) -> None:
    needs("mlflow")
    built = build(load_config(here / "config.yaml", ["record.loggers=[mlflow]"]))
    start_killed(built, here / "run", at=3)
    _, found = mlflow_run(here / "run")
    assert found.info.status == "FAILED"
    assert found.data.params["train.batch_size"] == "20"


@pytest.mark.filterwarnings("ignore")
def test_a_server_that_is_gone_is_not_waited_for(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    needs("mlflow")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")  # nothing listens at the discard port
    said: list[str] = []
    before, began = dict(os.environ), time.monotonic()
    with Loggers(["mlflow"], About(RunFolder(here / "run"), {}, 0), 10, said.append):
        assert time.monotonic() - began < 30  # MLflow by itself: minutes
    assert len(said) == 1
    assert said[0].startswith("mlflow records no more of this run (MlflowException: ")
    assert dict(os.environ) == before


class Broken:
    """A logger whose disk is full."""

    logged = 0

    def __init__(self, about: About) -> None:
        self.about = about

    def log(self, *_: Any) -> None:
        raise OSError("no space left")

    def finish(self, *_: Any) -> None:
        raise AssertionError("it was left out")


def test_a_logger_that_fails_is_left_out_with_one_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loggers, "make_logger", lambda _, about: Broken(about))
    monkeypatch.setattr(loggers, "require", lambda _: None)
    said: list[str] = []
    with Loggers(["mlflow"], About(RunFolder(tmp_path), {}, 0), 10, said.append) as observers:
        for step in (1, 2):
            observers.see(StepDone(step=step, epoch=1, loss=1.0, learning_rate=0.1, images=2, seconds=0.1))
        observers.finish({"status": "finished"})
    assert said == ["mlflow records no more of this run (OSError: no space left); training goes on"]


def test_a_missing_package_is_told_before_anything_begins(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    experiment = load_config(here / "config.yaml", ["record.loggers=[wandb]"])
    with pytest.raises(MissingExtraError, match=r"needs wandb: pip install 'nndl\[wandb\]'"):
        train(experiment, here / "run")
    assert not (here / "run").exists()


def test_only_steps_and_epochs_have_values() -> None:
    assert values_of(Interrupted(step=1, epoch=1)) == {}
    epoch = EpochDone(
        step=4,
        epoch=2,
        train_loss=1.0,
        train_accuracy=0.5,
        learning_rate=0.1,
        seconds=1.0,
        validation_loss=None,
        validation_accuracy=None,
        images_per_second=9.0,
        is_best=True,  # type: ignore[arg-type]
    )
    values = {"epoch/epoch": 2.0, "epoch/train_loss": 1.0, "epoch/train_accuracy": 0.5, "epoch/images_per_second": 9.0}
    assert values_of(epoch) == values
