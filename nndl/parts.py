"""The names that a file of one's own parts is written with: its bases and `register` (docs/extending.md)."""

from annotated_types import Ge, Gt, Le, Lt

from nndl.config.own.registering import register
from nndl.data.augment import Transform
from nndl.data.counter import integers, uniform
from nndl.errors import ShapeError
from nndl.net.layer import Layer, Pair, images, vectors
from nndl.train.events import EpochDone, Event, Finished, StepDone
from nndl.train.observer import Observer
from nndl.train.optimizers import Rule
from nndl.train.schedules import Schedule
from nndl.train.solver import Solver

__all__ = [
    "EpochDone",
    "Event",
    "Finished",
    "Ge",
    "Gt",
    "Layer",
    "Le",
    "Lt",
    "Observer",
    "Pair",
    "Rule",
    "Schedule",
    "ShapeError",
    "Solver",
    "StepDone",
    "Transform",
    "images",
    "integers",
    "register",
    "uniform",
    "vectors",
]
