"""A run goes on as it stood, or says why not and in what it would differ."""

import re
from pathlib import Path
from typing import Any

import pytest

from nndl.config import load_config, parse_config
from nndl.config.build import build
from nndl.errors import CheckpointError, UsageError
from nndl.jobs import resume as resuming
from nndl.jobs.replay import compare_states, train_until
from nndl.jobs.resume import Wanted, keeping, resume
from nndl.jobs.start import start_run
from nndl.runs.checkpoint import read_checkpoint
from nndl.runs.folder import RunFolder
from nndl.runs.metrics import read_metrics
from tests.small_run import STEPS, config, trained


def finish(folder: RunFolder, wanted: Wanted | None = None) -> list[str]:
    """Go on to the end; returns what was said."""
    resumed = resume(folder, wanted)
    train_until(folder, resumed.built.solver, resumed.keeping, resumed.built.solver.steps)
    return resumed.notes


def same(one: RunFolder, other: RunFolder) -> bool:
    return all(part.first is None for part in compare_states(one.last, other.last))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return trained(tmp_path_factory.mktemp("whole") / "run")


@pytest.mark.parametrize("stopped", [1, 4, 6, 11])
def test_it_goes_on_to_the_same_bits(tmp_path: Path, whole: RunFolder, stopped: int) -> None:
    run = trained(tmp_path / "run", stopped)
    assert finish(run) == []
    assert same(whole, run)


def test_a_damaged_state_is_skipped_with_a_line_and_the_end_is_the_same(tmp_path: Path, whole: RunFolder) -> None:
    run = trained(tmp_path / "run", 8)
    run.last.write_bytes(run.last.read_bytes()[:-9])
    with run.metrics.open("a", encoding="utf-8") as file:
        file.write('{"kind": "step", "st')
    assert resume(run).built.solver.step == 6
    (note,) = [
        line.partition("  ")[2] for line in run.log.read_text(encoding="utf-8").splitlines() if "skipped" in line
    ]
    assert note.startswith("skipped: ")
    assert note.endswith("going on from step-6.safetensors")
    assert finish(run) == []
    assert same(whole, run)
    kinds = [(line["kind"], line["step"]) for line in read_metrics(run.metrics) if line["kind"] != "interrupted"]
    assert kinds == [
        (line["kind"], line["step"]) for line in read_metrics(whole.metrics) if line["kind"] != "interrupted"
    ]


def test_a_run_killed_before_its_first_state_begins_again(tmp_path: Path, whole: RunFolder) -> None:
    run = trained(tmp_path / "run", 2)
    run.last.unlink()
    with pytest.raises(UsageError, match="nothing to change"):
        resume(run, Wanted(epochs=9))
    assert finish(run, Wanted(["data.root=elsewhere"])) == ["no state was saved yet: training begins again with step 1"]
    differ = [part.first for part in compare_states(whole.last, run.last) if part.first]
    assert differ == ["at 12: about.config.data.root: data -> elsewhere"]


def test_a_changed_config_is_told_and_needs_a_word(tmp_path: Path) -> None:
    run = trained(tmp_path / "run", 5)
    sets = ["train.l2=1e-3", "model.layers[4].dropout.drop=0.5", "checkpoint.keep=1"]
    sets += ["data.root=elsewhere", "name=other"]
    with pytest.raises(UsageError) as refused:
        resume(run, Wanted(sets))
    assert str(refused.value).splitlines() == [
        "the run would not go on as it began:",
        "  model.layers[4].dropout.keep: 0.8 -> 0.5",
        "  train.l2: 0.0 -> 0.001",
        "put that back as it was, or go on nevertheless with --accept-changes",
    ]
    notes = resume(run, Wanted(sets, accept_changes=True)).notes
    assert notes == ["changed: model.layers[4].dropout.keep: 0.8 -> 0.5", "changed: train.l2: 0.0 -> 0.001"]
    assert load_config(run.config).train.l2 == 1e-3
    assert resume(run).notes == []  # accepted once
    changes = read_checkpoint(run.last)[1]["about"]["changes"]
    assert [(change["step"], len(change["what"])) for change in changes] == [(5, 2)]


def test_a_time_budget_is_refused_for_a_run_that_has_begun(tmp_path: Path) -> None:
    run = trained(tmp_path / "run", 5)
    before = run.config.read_bytes()
    for wanted in (Wanted(["train.time_budget=5s"], accept_changes=True), Wanted(["train.time_budget=5s"], epochs=4)):
        with pytest.raises(UsageError, match=r"time_budget \(5s\) counts when a run begins.*or say with --epochs"):
            resume(run, wanted)
    assert run.config.read_bytes() == before
    assert resume(run, Wanted(epochs=4)).built.solver.epochs == 4


def test_an_edited_config_is_noticed(tmp_path: Path) -> None:
    run = trained(tmp_path / "run", 5)
    text = run.config.read_text(encoding="utf-8")
    run.config.write_text(text.replace("batch_size: 10", "batch_size: 20", 1), encoding="utf-8")
    with pytest.raises(UsageError, match=r"train\.batch_size: 10 -> 20"):
        resume(run)
    with pytest.raises(CheckpointError, match="4 steps in an epoch, this one 2"):
        resume(run, Wanted(accept_changes=True))
    assert read_checkpoint(run.last)[1]["step"] == 5


@pytest.mark.parametrize(
    ("key", "value"), [("nndl", "0.0.1"), ("numpy", "1.0"), ("data", "abc"), ("engine", "abacus"), ("threads", 7)]
)
def test_other_versions_images_engines_and_threads_are_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str, value: Any
) -> None:
    real = resuming.provenance
    with monkeypatch.context() as patch:
        patch.setattr(resuming, "provenance", lambda built: real(built) | {key: value})
        run = trained(tmp_path / "run", 5)
    told = r"the images \(their checksum\)" if key == "data" else key
    with pytest.raises(UsageError, match=rf"\n  {told}: {value} -> \S{{1,16}}\n"):
        resume(run)
    (note,) = resume(run, Wanted(accept_changes=True)).notes
    assert re.match(rf"changed: {told}: {value} -> ", note)


@pytest.mark.parametrize(
    ("schedule", "said"),
    [
        ("cosine", r"\(cosine\) now ends with epoch 5: the learning rate was .* at step 12, goes on with .* the last"),
        ("constant", r"\(constant\) does not depend on it"),
    ],
)
def test_more_epochs_extend_a_run_and_the_schedule_is_told(tmp_path: Path, schedule: str, said: str) -> None:
    run = trained(tmp_path / "run", STEPS, schedule)
    run.write_status("finished")
    with pytest.raises(UsageError, match="is finished; --epochs 8 would"):
        resume(run)
    (note,) = finish(run, Wanted(epochs=5))
    assert note.startswith("train.epochs: 3 -> 5; the schedule ")
    assert re.search(said, note)
    assert read_checkpoint(run.last)[1]["step"] == 20
    assert load_config(run.config).train.epochs == 5
    assert max(line["epoch"] for line in read_metrics(run.metrics)) == 5


RESOLUTION = "  resolution: {schedule: [[0, 16], [0.6, 32]]}\n"
GROUPS = "  groups: [{match: '*.gamma', freeze_last: 0.4}, {match: conv1.w, freeze_after: 2}]\n"
NEVER = "freezing of 'conv1.w' after epoch 2 never comes"
AGAIN = "train.groups: from step 13 on spatial_bn1.gamma trained again"


@pytest.mark.parametrize(
    ("more", "stopped", "epochs", "said"),
    [
        (RESOLUTION, STEPS, 6, ["train.resolution: step 13 has images 16 pixels high, not 32 as before"]),
        (RESOLUTION, 6, 2, ["train.resolution: step 7 has images 32 pixels high, not 16 as before"]),
        (RESOLUTION, STEPS, 4, []),
        (GROUPS, STEPS, 6, [AGAIN]),
        (GROUPS, 6, 2, ["train.groups: from step 7 on spatial_bn1.gamma frozen", f"train.groups: the {NEVER}"]),
        (GROUPS, 6, 4, ["train.groups: 'conv1.w' is frozen after epoch 2 as before"]),
        (RESOLUTION + GROUPS, 6, 3, []),
        (
            RESOLUTION,
            6,
            1.5,
            ["train.resolution: training ends here, with running statistics of images 16 pixels high"],
        ),
        (RESOLUTION, 10, 2.5, []),
    ],
)
def test_what_counts_in_shares_of_training_is_told_where_other_epochs_move_it(
    tmp_path: Path, more: str, stopped: int, epochs: float, said: list[str]
) -> None:
    text = config(schedule="constant").replace("dropout: {keep: 0.8}", "global_avg_pool")
    built = build(parse_config(text.replace("checkpoint:", f"{more}checkpoint:"), "small.yaml"))
    run = start_run(built, tmp_path / "run")
    train_until(run, built.solver, keeping(built), stopped)
    assert resume(run, Wanted(epochs=epochs)).notes[1:] == said


def test_without_a_schedule_extending_equals_having_asked_for_more_at_once(tmp_path: Path) -> None:
    short, long = trained(tmp_path / "short", 4, "constant"), trained(tmp_path / "long", STEPS, "constant")
    finish(short, Wanted(epochs=2))
    finish(short, Wanted(epochs=3))
    parts = {part.name: part.first for part in compare_states(short.last, long.last)}
    assert parts.pop("progress") is not None  # the changes are written down
    assert set(parts.values()) == {None}


def test_fewer_epochs_shorten_a_run_but_not_below_what_is_done(tmp_path: Path) -> None:
    run = trained(tmp_path / "run", 6)
    with pytest.raises(UsageError, match="in epoch 2 already"):
        resume(run, Wanted(epochs=1))
    finish(run, Wanted(epochs=2))
    assert read_checkpoint(run.last)[1]["step"] == 8
