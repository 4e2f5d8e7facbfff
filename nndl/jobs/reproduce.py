"""Training a run again from its own folder, and where the two first part."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from nndl.config.build import Built, train_for
from nndl.config.reading.overrides import settings
from nndl.errors import CheckpointError, UsageError
from nndl.jobs.build import build_again
from nndl.jobs.replay import first_difference, timeless
from nndl.jobs.sameness import Change, changes_between, provenance, recorded
from nndl.jobs.stored import stored_experiment, stored_state
from nndl.net.network import Network
from nndl.runs.checkpoint import read_checkpoint
from nndl.runs.curves import Plan
from nndl.runs.differences import differences
from nndl.runs.folder import RunFolder
from nndl.runs.metrics import is_count, read_metrics
from nndl.runs.states import BEST, earlier_states
from nndl.train.events import EpochDone, Event, Finished, StepDone, as_record
from nndl.train.solver import Solver
from nndl.train.state import check_size, read_history


@dataclass
class Reproduction:
    """A run trained again, and what came of it."""

    steps: int
    """Trained again: as many as the newest state has."""
    differs: list[str]
    """Differences from when the run was trained: versions, the processor's instructions."""
    lines: int = 0
    """Of metrics.jsonl, compared."""
    files: list[str] = field(default_factory=list)
    """Saved states compared, each to the last bit."""
    first_step: str | None = None
    """The first line of metrics.jsonl that differs."""
    first_tensor: str | None = None
    """The first tensor that differs, in the first saved state where one does."""

    @property
    def identical(self) -> bool:
        """True where nothing differs."""
        return self.first_step is None and self.first_tensor is None


def reproduce(
    folder: RunFolder, watch: Callable[[Solver, Plan], Callable[[Event], None]], data: Path | None = None
) -> Reproduction:
    """Train the run in `folder` again, on its engine and threads, comparing as it goes; nothing is written.

    `watch(solver, plan)` makes the observer of events; the plan is of all that is trained again, in as many epochs as
    the run came to have. data: the folder of its images, if they are not where the run found them. Raises
    CheckpointError where config or images are no longer those of the run, and UsageError for a run that was changed on
    its way, which its folder cannot repeat.
    """
    state = stored_state(folder)
    if state is None:
        raise UsageError(f"no state of {folder.path} was saved, so there is nothing to compare with")
    made_of, changes = recorded(state.info)
    _refuse_changes(folder, changes)
    sets = [*settings(data=data), *(f"{key}={made_of.get(key)}" for key in ("engine", "threads"))]
    sets += [f"train.epochs={changes[0].epochs[0]}"] if changes else []
    built = build_again(folder, stored_experiment(folder, sets))
    result = Reproduction(state.info["step"], _not_as_it_was(folder, made_of, built))
    plan = Plan(result.steps, built.solver.steps_per_epoch, state.info["epochs"])
    _train(built, changes, _Comparison(folder, built.solver, result), watch(built.solver, plan))
    return result


def _refuse_changes(folder: RunFolder, changes: list[Change]) -> None:
    """Raise UsageError where more was changed than the epochs."""
    for each in changes:
        if each.what:
            words = "; ".join(each.what)
            raise UsageError(f"{folder.path} was changed after step {each.step:,} ({words}): it cannot be repeated")


def _not_as_it_was(folder: RunFolder, made_of: Mapping[str, Any], built: Built) -> list[str]:
    """List versions and the like that differ; raises CheckpointError where config or images do."""
    differ = changes_between(made_of, provenance(built), extended=True)
    lost = [str(each) for each in differ if each.key.partition(".")[0] in ("config", "data", "start")]
    if lost:
        raise CheckpointError(f"{folder.path} was trained on other things than there are now:\n  " + "\n  ".join(lost))
    return [str(each) for each in differ]


def _saved(folder: RunFolder, network: Network) -> dict[tuple[str, int], list[Path]]:
    """Return the files to compare with, by the event after which they were written."""
    files: dict[tuple[str, int], list[Path]] = {}
    for path in (folder.best, *reversed(earlier_states(folder)), folder.last):
        try:
            info = read_checkpoint(path, partial(check_size, network=network))[1]
            scored = path == folder.best or _is_scored(info)
        except CheckpointError:
            continue
        if is_count(info.get("step")):
            files.setdefault(("epoch" if scored else "step", info["step"]), []).append(path)
    return files


def _is_scored(info: Mapping[str, Any]) -> bool:
    """Tell whether a state was taken after its epoch was scored, which may compute statistics anew, not before."""
    history = read_history(info)
    return bool(history) and history[-1].step == info.get("step")


def _train(built: Built, changes: list[Change], compare: "_Comparison", watch: Callable[[Event], None]) -> None:
    solver, events = built.solver, built.solver.events()
    last: Event | None = None
    while (event := next(events, None)) is not None:
        last = event
        watch(event)
        if isinstance(event, StepDone | EpochDone):
            compare.see(event)
            for each in changes:
                if (each.step, each.epochs_done) == (solver.step, len(solver.history)):
                    train_for(built, each.epochs[1])
                    events = solver.events()  # as when the run went on: images made ahead are of the old plan
            ends_epoch = event.step % solver.steps_per_epoch == 0 or event.step == solver.steps
            epoch_follows = isinstance(event, StepDone) and ends_epoch
            if compare.result.first_tensor or (event.step >= compare.result.steps and not epoch_follows):
                solver.stop()
    if solver.step < compare.result.steps and not compare.result.first_tensor:
        if isinstance(last, Finished):
            words = f"says that it is at step {compare.result.steps:,}, and its config trains {solver.steps:,}"
            raise CheckpointError(f"{compare.folder.path} {words}")
        raise KeyboardInterrupt


class _Comparison:
    """Compares events with what the run's folder says of them."""

    def __init__(self, folder: RunFolder, solver: Solver, result: Reproduction) -> None:
        self.folder, self.solver, self.result = folder, solver, result
        self._lines = {(line["kind"], line["step"]): timeless(line) for line in read_metrics(folder.metrics)}
        self._files = _saved(folder, solver.network)

    def see(self, event: Event) -> None:
        """Compare the event's line and the state saved after it, where there are any."""
        record = timeless(as_record(event))
        key = (record["kind"], event.step)
        if key in self._lines:
            self.result.lines += 1
            found = next(differences(self._lines[key], record), None)
            if found and self.result.first_step is None:
                self.result.first_step = f"{key[0]} at step {event.step:,}: {found}"
        for path in self._files.get(key, []):
            self.result.files.append(path.name)
            tensor = self._first_tensor(path)
            if tensor and self.result.first_tensor is None:
                self.result.first_tensor = f"{path.name} (step {event.step:,}): {tensor}"

    def _first_tensor(self, path: Path) -> str | None:
        saved = read_checkpoint(path, partial(check_size, network=self.solver.network))[0]
        now = self.solver.weights() if path == self.folder.best else self.solver.state()[0]
        return first_difference({name: saved[name] for name in saved if not name.startswith(BEST)}, now)
