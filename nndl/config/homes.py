"""Which keys a config knows, and where each of them belongs."""

from dataclasses import fields

from pydantic import BaseModel

from nndl.config.messages import Path
from nndl.config.option_docs import option_names
from nndl.config.schema import ONE_OF, Checkpoint, Data, Experiment, Model, Record, Train
from nndl.train.updater import Group

SECTIONS: dict[str, type[BaseModel]] = {
    "the top level": Experiment,
    "data": Data,
    "model": Model,
    "train": Train,
    "checkpoint": Checkpoint,
    "record": Record,
}


def known_keys(path: Path) -> list[str]:
    """The keys that the section at `path` knows."""
    if path[:2] == ("train", "groups"):
        return [field.name for field in fields(Group)]
    model: type[BaseModel] = Experiment
    for part in path:
        annotation = model.model_fields[part].annotation if part in model.model_fields else None
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            return []
        model = annotation
    return list(model.model_fields)


def section(key: str) -> str | None:
    """The section that knows a key."""
    return next((place for place, section in SECTIONS.items() if key in section.model_fields), None)


def home(key: str) -> str | None:
    """Where a key belongs that stands in the wrong section."""
    known = section(key)
    if known is not None:
        return known
    for place in ("train.optimizer", "model.loss", "train.schedule", "train.average"):
        options = {option for described in ONE_OF[place][1].values() for option in option_names(described)}
        if {"lr": "learning_rate"}.get(key, key) in options:
            return place
    return None
