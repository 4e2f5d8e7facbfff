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
from nndl.net.types import Array
from nndl.runs.checkpoint import read_checkpoint
from nndl.runs.curves import Plan
from nndl.runs.differences import differences
from nndl.runs.files import is_there
from nndl.runs.folder import RunFolder
from nndl.runs.metrics import is_count, read_metrics
from nndl.runs.states import BEST, earlier_states
from nndl.train.events import EpochDone, Event, Finished, StepDone, as_record
from nndl.train.solver import Solver
from nndl.train.state import Arrays, check_size, read_history


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
    """The first tensor that differs, or figure of how far it says it is, in the first saved state where one does."""
    uncompared: list[str] = field(default_factory=list)
    """Saved states that were not, and why: one that is not there, cannot be read, or is of a later step."""

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
    sets += [f"train.epochs={changes[0].epochs[0] if changes else state.info['epochs']}"]  # the config may be newer
    built = build_again(folder, stored_experiment(folder, sets))
    result = Reproduction(state.info["step"], _not_as_it_was(folder, made_of, built))
    plan = Plan(result.steps, built.solver.steps_per_epoch, state.info["epochs"])
    _train(built, changes, _Comparison(folder, built.solver, result, state.info), watch(built.solver, plan))
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


def _saved(folder: RunFolder, network: Network) -> tuple[dict[tuple[str, int], list[Path]], list[str]]:
    """Return the files to compare with, by the event after which they were written, and why others cannot be."""
    files: dict[tuple[str, int], list[Path]] = {}
    unread = []
    for path in filter(is_there, (folder.best, *reversed(earlier_states(folder)), folder.last)):
        try:
            info = read_checkpoint(path, partial(check_size, network=network))[1]
            scored = path == folder.best or _is_scored(info)
        except CheckpointError as error:
            unread.append(f"{path.name}: {str(error).partition(';')[0]}")
            continue
        if is_count(info.get("step")):
            files.setdefault(("epoch" if scored else "step", info["step"]), []).append(path)
    return files, unread


def _is_scored(info: Mapping[str, Any]) -> bool:
    """Tell whether a state was taken after its epoch was scored, which may compute statistics anew, not before."""
    history = read_history(info)
    return bool(history) and history[-1].step == info.get("step")


def _train(built: Built, changes: list[Change], compare: "_Comparison", watch: Callable[[Event], None]) -> None:
    solver, events, to_come = built.solver, built.solver.events(), list(changes)
    last: Event | None = None
    while (event := next(events, None)) is not None:
        last = event
        watch(event)
        if isinstance(event, StepDone | EpochDone):
            compare.see(event)
            while to_come and (to_come[0].step, to_come[0].epochs_done) == (solver.step, len(solver.history)):
                train_for(built, to_come.pop(0).epochs[1])
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
    if not compare.result.first_tensor:
        compare.end(to_come)


class _Comparison:
    """Compares events with what the run's folder says of them."""

    def __init__(self, folder: RunFolder, solver: Solver, result: Reproduction, info: Mapping[str, Any]) -> None:
        """Compare with the lines up to the newest state, which `info` is of: a run that goes on writes others anew."""
        self.folder, self.solver, self.result, self._epochs = folder, solver, result, info["epochs"]
        history = read_history(info)
        until = {"step": info["step"], "epoch": history[-1].step if history else 0}
        lines = (line for line in read_metrics(folder.metrics) if line["step"] <= until.get(line["kind"], 0))
        self._lines = {(line["kind"], line["step"]): timeless(line) for line in lines}
        self._files, result.uncompared = _saved(folder, solver.network)
        if history and not is_there(folder.best):
            result.uncompared.append(f"{folder.best.name}: it is not there")
        self._best: tuple[int, Arrays] = 0, {}

    def see(self, event: Event) -> None:
        """Compare the event's line and the state saved after it, where there are any."""
        record = timeless(as_record(event))
        key = (record["kind"], event.step)
        if isinstance(event, EpochDone) and event.is_best:
            self._best = event.step, self.solver.weights()
        if key in self._lines:
            self.result.lines += 1
            line = self._lines.pop(key)
            if "small" not in line:  # as older versions wrote it
                record.pop("small", None)
            found = next(differences(line, record), None)
            if found:
                self._differs(f"{key[0]} at step {event.step:,}: {found}")
        for path in self._files.pop(key, []):
            self._compare(path, event.step)

    def end(self, to_come: list[Change]) -> None:
        """Tell, after training, of what the run's folder says and nothing came of."""
        steps, result = self.result.steps, self.result
        for each in to_come:
            self._differs(f"step {each.step:,}: the change of epochs that the state tells of never came")
        for kind, step in self._lines:
            self._differs(f"{kind} at step {step:,}: there is none")
        if self.solver.epochs != self._epochs:
            self._differs(f"of {self._epochs:g} epochs in all, the state says, and its changes {self.solver.epochs:g}")
        for (kind, step), paths in self._files.items():
            for path in paths:
                if step > steps:
                    result.uncompared.append(f"{path.name}: it is of step {step:,}, and the newest state of {steps:,}")
                elif result.first_tensor is None:
                    result.first_tensor = f"{path.name}: there is no {kind} at step {step:,}, of which it says it is"

    def _differs(self, words: str) -> None:
        if self.result.first_step is None:
            self.result.first_step = words

    def _compare(self, path: Path, step: int) -> None:
        """Compare a saved state, unless the run goes on meanwhile, in another process, and has put another there."""
        try:
            saved, info = read_checkpoint(path, partial(check_size, network=self.solver.network))
        except CheckpointError as error:
            self.result.uncompared.append(f"{path.name}: {str(error).partition(';')[0]}")
            return
        if info.get("step") != step:
            self.result.uncompared.append(f"{path.name}: the run has gone on meanwhile, and it is of another step now")
            return
        self.result.files.append(path.name)
        tensor = self._first_tensor(path, saved, info)
        if tensor and self.result.first_tensor is None:
            self.result.first_tensor = f"{path.name} (step {step:,}): {tensor}"

    def _first_tensor(self, path: Path, saved: Mapping[str, Array], info: Mapping[str, Any]) -> str | None:
        if path == self.folder.best:
            return first_difference(saved, self.solver.weights())
        arrays, progress = self.solver.state()
        step, best = self._best
        if step != self.solver.step and any(name.startswith(BEST) for name in saved):
            arrays |= {f"{BEST}{name}": value for name, value in best.items()}
        figure = next(differences(_progress(info), _progress(progress)), None)
        return first_difference(saved, arrays) or (str(figure) if figure else None)


def _progress(info: Mapping[str, Any]) -> dict[str, Any]:
    """Return how far a state says that it is, without what no two runs have in common or older versions do not say."""
    said = {name: info.get(name) for name in ("step", "updates", "epoch_loss", "trained_at")}
    history = [{name: value for name, value in timeless(epoch).items() if name != "small"} for epoch in info["history"]]
    return said | {"history": history}
