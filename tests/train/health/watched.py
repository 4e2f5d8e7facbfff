"""Trainings of a few steps on generated images, watched for their health."""

from collections.abc import Sequence

from nndl.config import Experiment, parse_config
from nndl.config.build import build
from nndl.train.events import Event, Noticed
from nndl.train.health.health import Health
from nndl.train.solver import Solver

DATA = "data: {dataset: synthetic, train_size: 585, validation_size: 60, test_size: 20}\n"


def experiment(layers: str, optimizer: str = "sgd: {learning_rate: 0.05}", sets: Sequence[str] = ()) -> Experiment:
    """An experiment on small images with these layers behind the pooling, for 6 epochs of 21 steps."""
    text = DATA + f"model: {{layers: [avg_pool: 4, {layers}]}}\n"
    text += f"train: {{epochs: 6, batch_size: 25, optimizer: {{{optimizer}}}}}\nengine: vectorized\nthreads: 1\n"
    return parse_config(text, "planted.yaml", list(sets))


def watched(solver: Solver, health: Health | None = None) -> list[Event]:
    """Train to the end; the events with what is noticed among them."""
    health = health or Health(solver)
    seen: list[Event] = list(health.begin())
    for event in solver.events():
        seen.append(event)
        seen.extend(health.see(event))
    return seen


def noticed(experiment: Experiment) -> list[Noticed]:
    """All that is noticed in a training."""
    return [event for event in watched(build(experiment).solver) if isinstance(event, Noticed)]
