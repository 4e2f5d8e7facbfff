"""A sweep's trials for other programs: a table, and Optuna's own SQLite file."""

import csv
import io
from pathlib import Path

from nndl.jobs.sweeps.mirror import quiet_optuna
from nndl.jobs.sweeps.standing import record
from nndl.jobs.sweeps.study import Study
from nndl.runs.atomic import write_atomically
from nndl.visible import visible


def write_csv(study: Study, path: Path) -> None:
    """Write a row for each trial: number, state, objectives, the values tried, the folder."""
    rows = []
    for trial in study.trials():
        told = record(study, trial)
        values = told.pop("values")
        rows.append({**told, **{f"config.{key}": values.get(key) for key in study.sweep.space}})
    text = io.StringIO()
    writer = csv.DictWriter(text, dict.fromkeys(key for row in rows for key in row), lineterminator="\n")
    writer.writeheader()
    writer.writerows(
        {key: visible(value) if isinstance(value, str) else value for key, value in row.items()} for row in rows
    )
    write_atomically(path, text.getvalue())


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
