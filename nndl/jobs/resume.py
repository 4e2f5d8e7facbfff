"""Going on with a run: from which state, whether all is as it was, and what becomes of it if not."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

from nndl.config import Experiment, load_config
from nndl.config.build import Build, Built
from nndl.config.own.using import with_copies
from nndl.config.reading.overrides import NO_BUDGET, of_epochs
from nndl.config.writing.show import as_tree, dump
from nndl.engines import describe_engine
from nndl.errors import UsageError
from nndl.jobs.build import build, build_again
from nndl.jobs.images import as_kept, found_at
from nndl.jobs.sameness import Change, as_told, changes_between, provenance, recorded
from nndl.jobs.stored import stored_experiment, stored_state
from nndl.runs.atomic import write_atomically
from nndl.runs.differences import Difference
from nndl.runs.folder import RunFolder
from nndl.runs.log import write_log
from nndl.runs.metrics import unreadable_lines
from nndl.runs.own import changed_since, write_sources
from nndl.runs.recorder import Keeping
from nndl.runs.states import State, States, clear_leftovers, restore_best, set_damaged_aside
from nndl.runs.statistics import Statistics
from nndl.train.solver import Solver, steps_in
from nndl.train.state import check_weights, read_history

MOST_NAMED = 8
"""Parameters listed in a note."""


@dataclass(frozen=True)
class Wanted:
    """The way a run is to go on."""

    sets: Sequence[str] = ()
    """Changes of the config, "train.l2=1e-4"."""
    config: str | None = None
    """Another config instead of the run's own."""
    epochs: float | None = None
    """The epochs it shall have in all."""
    accept_changes: bool = False
    """Go on although something is not as it was."""


@dataclass(frozen=True)
class Resumed:
    """All of a run as it stood, ready to go on."""

    built: Built
    keeping: Keeping
    notes: list[str] = field(default_factory=list)
    """Remarks for the person."""


def keeping(built: Built, changes: Sequence[Change] = (), info: Mapping[str, Any] | None = None) -> Keeping:
    """Return the experiment's way of keeping its run; `info` is that of the state which the solver goes on from."""
    checkpoint, record = built.experiment.checkpoint, built.experiment.record
    statistics = None if record.statistics is None else Statistics(built.solver, record.statistics)
    if statistics is not None and info is not None:
        statistics.restore(info)
    return Keeping(
        checkpoint.every,
        checkpoint.keep,
        {**provenance(built), "changes": list(map(asdict, changes))},
        statistics,
        record.loggers,
        record.observers,
    )


def resume(folder: RunFolder, wanted: Wanted | None = None, make: Build | None = None) -> Resumed:
    """Return the run in `folder` as its newest whole state has it; call it within `lock_run(folder.path)`.

    Raises CheckpointError where there is no such state, and UsageError, with every difference, where data, config,
    version, engine or threads are not what they were and `accept_changes` does not say that this is meant.
    """
    wanted = wanted or Wanted()
    folder.refuse_imported()
    clear_leftovers(folder)
    experiment = _experiment(folder, wanted)
    _refuse_budget(folder, experiment)
    built = build_again(folder, experiment, make or build)
    state = stored_state(folder, built.network)
    if state is None:
        return _from_the_start(folder, built)
    before, history = recorded(state.info)
    changed = _accepted(before, provenance(built), wanted)
    _check_epochs(folder, state, built.solver)
    built.solver.restore(state.arrays, state.info)
    restore_best(folder, state, partial(check_weights, network=built.network))
    set_damaged_aside(folder, state)
    notes = [
        *_skipped(folder, state),
        *_schedule(built, state.info["epochs"]),
        *_shares(built, state.info["epochs"]),
        *_freezing(built, state.info["epochs"]),
        *(changed_since(folder) if wanted.config is None else ()),
        *(f"changed: {change}" for change in changed),
    ]
    is_other = bool(changed) or built.solver.epochs != state.info["epochs"]
    if is_other:
        epochs = (state.info["epochs"], built.solver.epochs)
        what = tuple(map(str, changed))
        history.append(Change(built.solver.step, len(built.solver.history), epochs, what))
    resumed = Resumed(built, keeping(built, history, state.info), notes)
    if is_other:
        _write_down(folder, resumed, state)
    for note in notes:
        write_log(folder, note)
    return resumed


def _experiment(folder: RunFolder, wanted: Wanted) -> Experiment:
    """Return the experiment that the run is to be from now on."""
    sets = list(wanted.sets) if wanted.epochs is None else [NO_BUDGET, *wanted.sets, of_epochs(wanted.epochs)]
    return stored_experiment(folder, sets) if wanted.config is None else load_config(wanted.config, sets)


def _refuse_budget(folder: RunFolder, experiment: Experiment) -> None:
    """Refuse another budget: the first became epochs when the run began, and this one would do nothing."""
    if experiment.train.time_budget is not None:
        words = (
            f"train.time_budget ({experiment.train.time_budget}) counts when a run begins, and {folder.path} has begun"
        )
        raise UsageError(f"{words}; leave it out, or say with --epochs how many epochs the run shall have in all")


def _from_the_start(folder: RunFolder, built: Built) -> Resumed:
    now, written = as_tree(built.experiment), as_tree(stored_experiment(folder))
    changed = list(map(str, changes_between({"config": written}, {"config": now})))
    if changed:
        words = f"no state of {folder.path} was saved yet, so there is nothing to change"
        raise UsageError(f"{words} ({'; '.join(changed)}); train anew instead")
    folder.metrics.unlink(missing_ok=True)
    return Resumed(built, keeping(built), ["no state was saved yet: training begins again with step 1"])


def _accepted(before: Mapping[str, Any], now: Mapping[str, Any], wanted: Wanted) -> list[Difference]:
    """Return the differences from before; raises UsageError where they were not meant."""
    shown = [as_told(change) for change in changes_between(before, now, extended=wanted.epochs is not None)]
    if shown and not wanted.accept_changes:
        lines = "\n".join(f"  {change}" for change in shown)
        raise UsageError(
            f"the run would not go on as it began:\n{lines}\n"
            "put that back as it was, or go on nevertheless with --accept-changes"
        )
    return shown


def _check_epochs(folder: RunFolder, state: State, solver: Solver) -> None:
    step, per_epoch = state.info["step"], state.info["steps_per_epoch"]
    if step > solver.steps:
        raise UsageError(f"{folder.path} is in epoch {-(-step // per_epoch)} already: --epochs takes that or more")
    if folder.status() != "finished":
        return
    if solver.choice.gives_up(read_history(state.info)):
        words = f"{folder.path} stopped early: none of {solver.choice.patience} epochs was better"
        raise UsageError(f"{words}; --set train.patience=null --accept-changes would train it to its last epoch")
    if solver.steps == step:
        raise UsageError(f"{folder.path} is finished; --epochs {solver.epochs + 5} would train it for 5 epochs more")


def _skipped(folder: RunFolder, state: State) -> list[str]:
    """Report the states and lines that cannot be read any more."""
    skipped = [f"skipped: {reason}; going on from {state.path.name}" for reason in state.skipped.values()]
    lost = unreadable_lines(folder.metrics)
    return [*skipped, *([f"{folder.metrics}: {lost} lines cannot be read; the curves will lack them"] if lost else [])]


def _schedule(built: Built, before: float) -> list[str]:
    """Report what becomes of the learning rate when there are other epochs than before."""
    solver, kind = built.solver, built.experiment.train.schedule.kind
    epochs, per_epoch, last = solver.epochs, solver.steps_per_epoch, max(0, solver.step - 1)
    if epochs == before:
        return []

    def rate(step: int, of: float) -> float:
        return solver.learner.rule.learning_rate * solver.multiplier(step, of)

    head = f"train.epochs: {before} -> {epochs}; the schedule ({kind})"
    to_come = range(solver.step, int(min(before, epochs) * per_epoch))
    probes = {*to_come[:: max(1, len(to_come) // 100)], last}
    if all(rate(step, before) == rate(step, epochs) for step in probes):
        return [f"{head} does not depend on it and goes on as it was"]
    following, final = min(solver.step, solver.steps - 1), solver.steps - 1
    was = f"the learning rate was {rate(last, before):.3g} at step {last + 1:,}"
    becomes = f"goes on with {rate(following, epochs):.3g} and comes to {rate(final, epochs):.3g} at the last"
    return [f"{head} now ends with epoch {epochs}: {was}, {becomes}"]


def _shares(built: Built, before: float) -> list[str]:
    """Report what counts in shares of training, and is another at the next step for other epochs than before."""
    solver, resolution = built.solver, built.experiment.train.resolution
    step, steps, per_epoch = solver.step, solver.steps, solver.steps_per_epoch
    if solver.epochs == before:
        return []
    if step == steps:
        height = solver.network.trained_at[1]
        words = f"train.resolution: training ends here, with running statistics of images {height} pixels high"
        return [] if height == solver.network.input_shape[1] else [words]
    notes, steps_before = [], steps_in(before, per_epoch)
    last = min(step, steps_before - 1)
    if resolution and (size := resolution.size(step, steps)) != (old := resolution.size(last, steps_before)):
        notes.append(f"train.resolution: step {step + 1:,} has images {size} pixels high, not {old} as before")
    frozen = solver.learner.updater.frozen
    was, becomes = frozen(last / per_epoch, before), frozen(step / per_epoch, solver.epochs)
    for names, words in ((was - becomes, "trained again"), (becomes - was, "frozen")):
        if names:
            told = ", ".join(sorted(names)[:MOST_NAMED]) + (", ..." if len(names) > MOST_NAMED else "")
            notes.append(f"train.groups: from step {step + 1:,} on {told} {words}")
    return notes


def _freezing(built: Built, before: float) -> list[str]:
    """Report what becomes of freezing to come, which counts in epochs, where there are others than before."""
    epochs, now = built.solver.epochs, built.solver.step / built.solver.steps_per_epoch
    notes = []
    for group in built.experiment.train.groups if epochs != before else ():
        if group.freeze_after and group.freeze_after > now:
            kept = f"{group.match!r} is frozen after epoch {group.freeze_after:g} as before"
            beyond = group.beyond(epochs)
            notes.append(f"train.groups: {beyond.words if beyond else kept}")
    return notes


def _write_down(folder: RunFolder, resumed: Resumed, state: State) -> None:
    """Make the folder say what holds from now on, so that it is accepted once and not at every start."""
    if resumed.built.experiment.sources:
        write_sources(folder, resumed.built.experiment.sources)
    write_atomically(folder.config, dump(with_copies(as_kept(resumed.built.experiment, folder))))
    now = describe_engine(resumed.built.network.engine)
    if root := found_at(resumed.built.experiment.data):
        now["root"] = root
    folder.write_environment({**folder.read_environment(), **now, "data_digest": resumed.keeping.about["data"]})
    solver_info = {**state.info, "epochs": resumed.built.solver.epochs, "about": dict(resumed.keeping.about)}
    States(folder, resumed.keeping.keep).write(state.arrays, solver_info)
