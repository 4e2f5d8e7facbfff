"""What can be named in a config and has options: layers, losses, update rules, schedules, augmentations."""

from dataclasses import fields
from typing import Any


def option_names(described: type[Any]) -> list[str]:
    """The options that a description takes."""
    return [field.name for field in fields(described)]
