"""A sign noticed in a training is told once and kept: metrics.jsonl, log.txt, summary.json, also across a resume."""

from pathlib import Path

import pytest

from nndl.config.build import build
from nndl.jobs.resume import keeping, resume
from nndl.jobs.start import start_run
from nndl.runs.folder import RunFolder
from nndl.runs.listing import read_summary
from nndl.runs.metrics import read_metrics
from nndl.runs.training import keep_run
from nndl.train.events import Event, Noticed, StepDone
from tests.train.health.watched import experiment

ILL = experiment("affine: {out_features: 20, init: zeros}, relu, affine: {out_features: 10, init: zeros}")
WELL = experiment("affine: 20, relu, affine: 10", sets=["train.epochs=1"])
WANTED = [("vanishing", 0), ("chance", 126)]


def kept(folder: RunFolder) -> list[tuple[str, int]]:
    return [(line["sign"], line["step"]) for line in read_metrics(folder.metrics) if line["kind"] == "noticed"]


@pytest.mark.parametrize(("stop", "shards"), [(None, None), (1, None), (63, None), (110, None), (None, 5), (110, 5)])
def test_it_is_told_once_and_kept(tmp_path: Path, stop: int | None, shards: int | None) -> None:
    train = ILL.train.model_copy(update={"shards": shards})
    built = build(ILL.model_copy(update={"train": train}))
    folder = start_run(built, tmp_path / "run")
    seen: list[Event] = []

    def watch(event: Event) -> None:
        seen.append(event)
        if isinstance(event, StepDone) and event.step == stop:
            built.solver.stop()

    classes = built.split.dataset.classes
    summary = keep_run(folder, built.solver, built.test, classes, watch, keeping(built))
    if stop is not None:
        assert kept(folder) == WANTED[:1]
        resumed = resume(folder)
        summary = keep_run(folder, resumed.built.solver, resumed.built.test, classes, seen.append, resumed.keeping)
    assert [(each.sign, each.step) for each in seen if isinstance(each, Noticed)] == WANTED
    assert kept(folder) == WANTED
    assert summary["noticed"] == [sign for sign, _ in WANTED]
    assert (read_summary(folder) or {})["noticed"] == summary["noticed"]
    log = folder.log.read_text(encoding="utf-8")
    for each in seen:
        if isinstance(each, Noticed):
            assert log.count(each.says) == 1
            assert f"what to try: {each.cure}" in log


def test_of_a_run_that_is_well_nothing_is_kept(tmp_path: Path) -> None:
    built = build(WELL)
    folder = start_run(built, tmp_path / "run")
    summary = keep_run(folder, built.solver, built.test, built.split.dataset.classes, lambda _: None, keeping(built))
    assert kept(folder) == []
    assert "noticed" not in summary
    assert "warning" not in folder.log.read_text(encoding="utf-8")
