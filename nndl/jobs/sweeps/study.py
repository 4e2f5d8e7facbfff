"""A sweep's study: its trials in the storage, made once, claimed one by one, and how each of them stands."""

import contextlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nndl import __version__
from nndl.config import Experiment
from nndl.errors import UsageError
from nndl.jobs.sweeps.address import shown
from nndl.jobs.sweeps.base import Base, changed, gone_on_with, keep, kept
from nndl.jobs.sweeps.journal import JOURNAL
from nndl.jobs.sweeps.load import checked, read_sweep
from nndl.jobs.sweeps.mirror import Result, quiet_optuna
from nndl.jobs.sweeps.schema import Sweep
from nndl.jobs.sweeps.storage import open_storage
from nndl.own.source import Source
from nndl.paths import resolved
from nndl.runs.atomic import write_atomically
from nndl.runs.files import is_there
from nndl.runs.lock import is_locked, lock_run
from nndl.runs.plain import read_json

ABOUT = "sweep.json"
"""The file in the sweep's folder that says what it is."""
STALE_MINUTES = 5.0
"""The silence of a trial on another host after which it counts as given up."""
_KINDS = {"identity": dict, "text": str, "source": str, "storage": str | None, "study": str, "base": str}
"""The kinds of what ABOUT says."""
IDENTITY = "sweep"
"""The note beside a study that says which sweep it is of, as ABOUT does."""
FREE = ("trials", "time_budget", "name")
"""Keys that may change from one command to the next."""


@dataclass(frozen=True)
class Trial:
    """A trial as the storage has it."""

    number: int
    id: int | None
    """Its number in the storage, which a trial has from when it is claimed."""
    state: str
    """waiting, running, complete, pruned or failed."""
    values: tuple[float, ...]
    reports: Mapping[int, float]
    notes: Mapping[str, Any]
    """The notes beside its values: values tried, digest, host, error."""

    @property
    def finished(self) -> bool:
        return self.state in ("complete", "pruned", "failed")

    @property
    def lease(self) -> tuple[str | None, int | None, float | None]:
        """Host and process that train it, and when they last said so, in seconds since 1970."""
        host, pid, beat = self.notes.get("lease", (None, None, None))
        return host, pid, beat

    @property
    def result(self) -> Result:
        return Result(self.state, self.values, self.reports)


class Study:
    """The trials of one sweep in their storage."""

    def __init__(self, folder: Path, sweep: Sweep, storage: Any, study_id: int, threads: int) -> None:
        self.folder, self.sweep, self.threads = folder, sweep, threads
        self._storage, self._id = storage, study_id
        self._seen: dict[int, tuple[Any, float]] = {}

    @property
    def total(self) -> int:
        """The number of trials the study is to have."""
        return int(self._storage.get_study_user_attrs(self._id)["total"])

    def trials(self) -> list[Trial]:
        """Return the trials that count, by their numbers; a race may have made more."""
        total = self.total
        found = [_as_trial(each) for each in self._storage.get_all_trials(self._id, deepcopy=False)[:total]]
        return found + [Trial(number, None, "waiting", (), {}, {}) for number in range(len(found), total)]

    def is_complete(self) -> bool:
        """Tell whether every trial has come to its end."""
        return all(trial.finished for trial in self.trials())

    def path(self, number: int) -> Path:
        """Return the folder of a trial's run."""
        return self.folder / f"trial-{number:04d}"

    def claim(self, trial: Trial) -> Trial | None:
        """Make a waiting trial this process's, and return it as it then is; None where another was first.

        Until then a trial need not be in the storage, which would be read whole again and again. Two processes that
        make some at once make a few that wait, and those are claimed next.
        """
        own = self._place(trial)
        try:
            mine = self._storage.set_trial_state_values(own, quiet_optuna().trial.TrialState.RUNNING)
        except quiet_optuna().exceptions.UpdateFinishedTrialError:
            return None
        return replace(trial, id=own, state="running") if mine else None

    def _place(self, trial: Trial) -> int:
        """Return a trial's number in the storage, made there with those before it where it is not yet."""
        if trial.id is not None:
            return trial.id
        while True:
            with contextlib.suppress(KeyError):
                return int(self._storage.get_trial_id_from_study_id_trial_number(self._id, trial.number))
            waiting = quiet_optuna().trial.create_trial(state=quiet_optuna().trial.TrialState.WAITING)
            self._storage.create_new_trial(self._id, template_trial=waiting)

    def now(self, trial: Trial) -> Trial:
        """Return a trial as it is now."""
        return trial if trial.id is None else _as_trial(self._storage.get_trial(trial.id))

    def is_stale(self, trial: Trial) -> bool:
        """Tell whether a running trial is trained no more, by its folder's lock, or on other hosts by its silence."""
        if is_locked(self.path(trial.number)):
            return False
        host, _, beat = trial.lease
        if host in (None, _host()):
            return True
        now = time.monotonic()
        known, since = self._seen.setdefault(trial.number, (beat, now))
        if known != beat:
            self._seen[trial.number] = (beat, now)
            return False
        return now - since > 60 * STALE_MINUTES

    def note(self, trial: Trial, **notes: Any) -> None:
        """Write something down beside a trial; what is said of one that another process finished is let be."""
        with contextlib.suppress(quiet_optuna().exceptions.UpdateFinishedTrialError):
            for key, value in notes.items():
                self._storage.set_trial_user_attr(trial.id, key, value)

    def note_drawn(self, trial: Trial, drawn: Mapping[str, Any]) -> None:
        """Write down what the sampler drew, where dashboards look for it."""
        there = self._storage.get_trial(trial.id).params
        for key, dimension in self.sweep.space.items():
            if key not in there:
                distribution = dimension.distribution()
                internal = distribution.to_internal_repr(drawn[key])
                self._storage.set_trial_param(trial.id, key, internal, distribution)

    def report(self, trial: Trial, epoch: int, value: float) -> None:
        """Write down the objective after an epoch."""
        self._storage.set_trial_intermediate_value(trial.id, epoch, value)

    def finish(self, trial: Trial, result: Result) -> None:
        """Write down how a trial ended; where another process did so first, its word stands: both say the same."""
        optuna = quiet_optuna()
        state = {"complete": "COMPLETE", "pruned": "PRUNED", "failed": "FAIL"}[result.state]
        values = list(result.values) if result.state == "complete" else None
        try:
            self._storage.set_trial_state_values(trial.id, optuna.trial.TrialState[state], values)
        except optuna.exceptions.UpdateFinishedTrialError:
            return

    def about(self) -> dict[str, Any]:
        """Read what the sweep's folder says of it: identity, text, source, storage without its password."""
        about = _read_about(self.folder)
        if about is None:
            raise UsageError(f"there is no sweep in {self.folder} any more")
        return about

    def refuse_other_versions(self) -> None:
        """Raise UsageError where this process has other versions than the sweep was begun with, naming them."""
        _refuse_others(str(self.folder), self.about()["identity"], versions())

    def optuna_study(self) -> Any:
        """Return the study as Optuna's own functions take it."""
        name = self._storage.get_study_name_from_id(self._id)
        return quiet_optuna().load_study(study_name=name, storage=self._storage)


def _host() -> str:
    import platform

    return platform.node()


def _as_trial(frozen: Any) -> Trial:
    state = {"WAITING": "waiting", "RUNNING": "running", "COMPLETE": "complete", "PRUNED": "pruned", "FAIL": "failed"}
    values = tuple(frozen.values or ())
    return Trial(
        frozen.number, frozen._trial_id, state[frozen.state.name], values, frozen.intermediate_values, frozen.user_attrs
    )


def identity(sweep: Sweep, base: str, threads: int) -> dict[str, Any]:
    """Return all that makes two sweeps the same, and a trial of one worker the same as another's."""
    plain = {key: value for key, value in sweep.model_dump(mode="json").items() if key not in FREE}
    plain["space"] = {key: [dimension.kind, *map(str, dimension.ends())] for key, dimension in sweep.space.items()}
    return {**plain, "base": base, "threads": threads, **versions()}


def versions() -> dict[str, str]:
    """Return the versions of what a trial's numbers depend on."""
    import numpy as np

    return {"nndl": __version__, "numpy": np.__version__, "optuna": quiet_optuna().__version__}


def begin_study(
    folder: Path, sweep: Sweep, text: str, source: Path, url: str | None, threads: int
) -> tuple[Study, list[str]]:
    """Open the sweep's study in `folder`, made where there is none; returns it and what the person should know.

    Raises UsageError where the folder, or the storage under its name, holds another sweep, one that other versions
    began, or one that is kept elsewhere: the two would not compare.
    """
    from nndl.jobs.sweeps.values import digest_of, experiment_of

    folder.mkdir(parents=True, exist_ok=True)
    with lock_run(folder):
        about = _read_about(folder)
        threads = about["identity"]["threads"] if about else threads
        base = experiment_of(sweep, {})
        now = json.loads(json.dumps(identity(sweep, digest_of(base), threads)))
        if about is not None:
            _refuse_others(str(folder), about["identity"], now)
            _refuse_elsewhere(about, url)
        storage, notes = open_storage(folder, url)
        name, where = _name(folder, about), _where(folder, url)
        study_id = _find(storage, name, where) if about else _make(storage, name, where, sweep, now)
        told = {"identity": now, "text": text, "source": str(resolved(source)), "storage": shown(url) if url else None}
        kept_base = (about and about["base"]) or keep(folder, sweep.base_config, _sources(sweep, base))
        write_atomically(folder / ABOUT, json.dumps({**told, "study": name, "base": kept_base}, indent=2) + "\n")
        _set_total(storage, study_id, sweep.trials)
    return Study(folder, sweep, storage, study_id, threads), [*changed(folder), *notes]


def _sources(sweep: Sweep, base: Experiment) -> Sequence[Source]:
    """List the code that the trials use; a space may try several files of it."""
    from nndl.jobs.sweeps.values import experiment_of

    tried = [experiment_of(sweep, {"use": each}) for each in sweep.space["use"].ends()] if "use" in sweep.space else []
    return list({source.name: source for each in (base, *tried) for source in each.sources}.values())


def base_in(folder: Path, sweep: Sweep) -> Base | None:
    """Return the base config of a sweep that was begun in `folder`, as its file's command goes on; None without one."""
    about = _read_about(folder)
    return gone_on_with(folder, about["base"], sweep.base) if about and about["base"] else None


def open_study(folder: Path, url: str | None, *, look: bool = False) -> tuple[Study, list[str]]:
    """Open the study that `begin_study` made in `folder`; raises UsageError where there is none.

    look: only to see how it stands, for which neither the base config nor the code that it uses is needed.
    """
    about = _read_about(folder)
    if about is None:
        raise UsageError(f"there is no sweep in {folder}; nndl sweep FILE begins one")
    _refuse_elsewhere(about, url)
    source = str(folder / ABOUT)
    sweep = read_sweep(about["text"], source, Path(about["source"]))
    if not look:
        sweep = sweep.with_base(kept(folder, about["base"]) if about["base"] else None)
        checked(sweep, about["text"], source)
    storage, notes = open_storage(folder, url, begun=True)
    study_id = _find(storage, _name(folder, about), _where(folder, url))
    notes = notes if look else [*changed(folder), *notes]
    return Study(folder, sweep, storage, study_id, about["identity"]["threads"]), notes


def _refuse_elsewhere(about: Mapping[str, Any], url: str | None) -> None:
    """Raise UsageError where a sweep that is kept in a database is looked for in its folder, or the other way round."""
    if about["storage"] and url is None:
        where = about["storage"]
        raise UsageError(f"the sweep's trials are kept in {where}; say so with --storage, or in NNDL_STORAGE")
    if url is not None and not about["storage"]:
        raise UsageError(f"the sweep's trials are kept in its folder, not in {shown(url)}; leave --storage out")


def _where(folder: Path, url: str | None) -> str:
    return shown(url) if url else str(folder / JOURNAL)


def _find(storage: Any, name: str, where: str) -> int:
    """Return the number in the storage of a study that is to be there; raises UsageError where it is not."""
    try:
        return int(storage.get_study_id_from_name(name))
    except KeyError:
        raise UsageError(f"{where} has nothing of the sweep {name}; is it the storage it was begun with?") from None


def _read_about(folder: Path) -> dict[str, Any] | None:
    path = folder / ABOUT
    if not is_there(path):
        return None
    try:
        read: dict[str, Any] = read_json(path)
        about = {key: read[key] for key in ("identity", "text", "source", "storage")}
        about["study"] = read.get("study", f"nndl-{resolved(folder).name}")  # sweeps begun before do not say
        about["base"] = read.get("base", "")
        if not (all(isinstance(about[key], kind) for key, kind in _KINDS.items()) and _threads(about["identity"]) > 0):
            raise ValueError("what it says cannot be")
        return about
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{path} cannot be read ({error}); choose another --sweep-dir") from None


def _threads(identity: Mapping[str, Any]) -> int:
    return identity["threads"] if type(identity["threads"]) is int else 0


def _refuse_others(where: str, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    changed = [f"  {key}: {before.get(key)} -> {now[key]}" for key in now if before.get(key) != now[key]]
    if changed:
        raise UsageError(
            f"{where} holds a sweep that is not this one:\n" + "\n".join(changed) + "\n"
            "put that back as it was, or begin another with --sweep-dir"
        )


def _name(folder: Path, about: Mapping[str, Any] | None) -> str:
    """Return the study's name in the storage, which may hold several: that of the folder where it was begun."""
    return str(about["study"]) if about else f"nndl-{resolved(folder).name}"


def _make(storage: Any, name: str, where: str, sweep: Sweep, identity: Mapping[str, Any]) -> int:
    """Return the number in the storage of a study that is made there, or is there already and is of this sweep."""
    quiet_optuna().create_study(storage=storage, study_name=name, directions=sweep.directions, load_if_exists=True)
    study_id = int(storage.get_study_id_from_name(name))
    there = storage.get_study_user_attrs(study_id).get(IDENTITY)
    if there is None:
        storage.set_study_user_attr(study_id, IDENTITY, dict(identity))
    else:
        _refuse_others(f"{where}, under the name {name},", there, identity)
    return study_id


def _set_total(storage: Any, study_id: int, total: int) -> None:
    """Say how many trials there are to be; a total that was more stays."""
    if total > int(storage.get_study_user_attrs(study_id).get("total", 0)):
        storage.set_study_user_attr(study_id, "total", total)
