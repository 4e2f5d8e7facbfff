"""MLflow: an experiment "nndl" where MLFLOW_TRACKING_URI says, by default in mlflow.db here (`mlflow ui` shows it)."""

import contextlib
import logging
import os
import time
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

from nndl.paths import resolved
from nndl.runs.loggers.logger import About

EXPERIMENT = "nndl"
LONGEST = 500
"""Characters of a parameter's value: what every store takes."""
SECONDS, MOST = 2.0, 500
"""Values are sent together, every so often and so many at most."""
PATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2", "MLFLOW_HTTP_REQUEST_TIMEOUT": "10"}
"""Limits of waiting for a server; MLflow's own seven tries would hold the training up for minutes."""
STATUS = {"finished": "FINISHED", "interrupted": "KILLED", "failed": "FAILED"}


class MLflow:
    """Uses the client alone, so that a notebook's own active run is left alone."""

    def __init__(self, about: About) -> None:
        with _with_mlflow():
            from mlflow import entities
            from mlflow.tracking import MlflowClient

            for name in ("mlflow", "alembic"):  # which tell at length how they make their tables
                logging.getLogger(name).setLevel(logging.WARNING)
            self._entities: Any = entities
            self._client: Any = MlflowClient()
            self._run, self.logged = self._begin(about)
        self._waiting: list[Any] = []
        self._sent, self._last = time.monotonic(), about.step

    def _begin(self, about: About) -> tuple[str, int]:
        """Return the run's id, and the step up to which it has values; a run that goes on is found by its folder."""
        client, folder = self._client, str(resolved(about.folder.path))
        experiment = client.get_experiment_by_name(EXPERIMENT)
        where = experiment.experiment_id if experiment else client.create_experiment(EXPERIMENT)
        if about.step:
            quoted = folder.replace("'", "''")
            for found in client.search_runs([where], f"tags.folder = '{quoted}'", max_results=1):
                history = client.get_metric_history(found.info.run_id, "step/loss")
                client.update_run(found.info.run_id, status="RUNNING")
                return found.info.run_id, max((metric.step for metric in history), default=0)
        run = client.create_run(where, run_name=about.name, tags={"folder": folder})
        params = [self._entities.Param(key, str(value)[:LONGEST]) for key, value in about.config.items()]
        for start in range(0, len(params), 100):
            client.log_batch(run.info.run_id, params=params[start : start + 100])
        return run.info.run_id, 0

    def log(self, step: int, values: Mapping[str, float]) -> None:
        now = int(time.time() * 1000)
        self._waiting += [self._entities.Metric(name, value, now, step) for name, value in values.items()]
        self._last = step
        if time.monotonic() - self._sent > SECONDS or len(self._waiting) > MOST:
            self._send()

    def finish(self, status: str, values: Mapping[str, float]) -> None:
        self.log(self._last, values)
        self._send()
        with _with_mlflow():
            self._client.set_terminated(self._run, STATUS.get(status, "FINISHED"))

    def _send(self) -> None:
        with _with_mlflow():
            for start in range(0, len(self._waiting), MOST):
                self._client.log_batch(self._run, metrics=self._waiting[start : start + MOST])
        self._waiting.clear()
        self._sent = time.monotonic()


@contextlib.contextmanager
def _with_mlflow() -> Iterator[None]:
    """Give MLflow little patience, unless the user's environment says how long to wait, and keep it silent."""
    ours = {name: value for name, value in PATIENCE.items() if name not in os.environ}
    os.environ.update(ours)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for name in ours:
            del os.environ[name]
