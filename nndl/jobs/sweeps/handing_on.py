"""A sweep's trials for other programs: a table, and Optuna's own SQLite file."""

from pathlib import Path

from nndl.jobs.sweeps.mirror import quiet_optuna
from nndl.jobs.sweeps.standing import record
from nndl.jobs.sweeps.study import Study
from nndl.runs.atomic import write_atomically
from nndl.runs.csv_table import as_csv


def write_csv(study: Study, path: Path) -> None:
    """Write a row for each trial: number, state, objectives, the values tried, the folder."""
    rows = []
    for trial in study.trials():
        told = record(study, trial)
        values = told.pop("values")
        rows.append({**told, **{f"config.{key}": values.get(key) for key in study.sweep.space}})
    write_atomically(path, as_csv(rows))


def write_sqlite(study: Study, path: Path) -> None:
    """Write the study as a database that optuna-dashboard and its editors' extensions open."""
    optuna = quiet_optuna()
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    storage = optuna.storages.RDBStorage(f"sqlite:///{part}")
    whole = study.optuna_study()
    copy = optuna.create_study(storage=storage, study_name=whole.study_name, directions=study.sweep.directions)
    copy.add_trials([trial for trial in whole.trials[: study.total] if trial.state.is_finished()])
    storage.engine.dispose()
    part.replace(path)
