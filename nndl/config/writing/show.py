"""A config with every value in force, as YAML that loads into the same experiment."""

from typing import Any

import yaml
from pydantic import BaseModel

from nndl.config.reading.marked import scalar
from nndl.config.schema import Experiment
from nndl.described import Described, option_names
from nndl.train.updater import Group


class _Dumper(yaml.SafeDumper):
    """Lists indented below their key, and mappings of plain values in braces on one line."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        super().increase_indent(flow, False)


class _Flow(dict[str, Any]):
    """A mapping to write on one line."""


_Dumper.add_representer(_Flow, lambda dumper, value: dumper.represent_mapping("tag:yaml.org,2002:map", value, True))
_Dumper.add_representer(
    tuple, lambda dumper, value: dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=True)
)
_Dumper.add_representer(float, lambda dumper, value: dumper.represent_scalar("tag:yaml.org,2002:float", _number(value)))
_Dumper.add_representer(
    str, lambda dumper, value: dumper.represent_scalar("tag:yaml.org,2002:str", value, _quotes(value))
)
_Dumper.ignore_aliases = lambda self, data: True  # type: ignore[method-assign]  # noqa: ARG005


def _quotes(value: str) -> str | None:
    """Return the quotes that a text needs: where YAML 1.2 takes it for no text (1e3), and where it has line breaks."""
    if not value.isprintable():
        return '"'
    return None if isinstance(scalar(value), str) else "'"


def _number(value: float) -> str:
    """Write a number as repr() does, but 1e-05 as 1.0e-05: readers of YAML 1.1, as PyYAML, take only that for one."""
    text = repr(value)
    return text.replace("e", ".0e") if "e" in text and "." not in text else text


def dump(experiment: Experiment) -> str:
    """Write the experiment as YAML, nothing left to a default."""
    return yaml.dump(as_tree(experiment), Dumper=_Dumper, sort_keys=False, width=120, allow_unicode=True)


def as_tree(experiment: Experiment) -> dict[str, Any]:
    """Return the experiment as plain mappings, lists and values, as a config would say it."""
    return {name: as_plain(getattr(experiment, name)) for name in Experiment.model_fields}


def as_plain(value: Any) -> Any:
    """Return a value of a config as plain mappings, lists and values."""
    if isinstance(value, BaseModel):
        return {
            name: as_plain(getattr(value, name))
            for name, field in type(value).model_fields.items()
            if not field.exclude
        }
    if isinstance(value, Group):
        return _Flow(_options(value))
    if isinstance(value, Described):
        return _piece(value)
    if isinstance(value, tuple) and all(isinstance(item, Described) for item in value):
        return [as_plain(item) for item in value]
    return value


def _piece(described: Described) -> Any:
    """Return `relu`, or {conv: {filters: 32, ...}} with every option."""
    if described.named:
        lists = {name: [as_plain(item) for item in layers] for name, layers in getattr(described, described.named)}
        name = _options(described)["name"]
        return {described.kind: {**({"name": name} if name else {}), **lists}}
    unsaid = {"name", *described.one_of, *described.nested}  # those that say nothing, or that another says
    options = {name: value for name, value in _options(described).items() if not (name in unsaid and value is None)}
    return {described.kind: options if described.nested else _Flow(options)} if options else described.kind


def _options(described: Described) -> dict[str, Any]:
    return {name: as_plain(getattr(described, name)) for name in option_names(type(described))}


def plain_value(value: Any) -> str:
    """Write a default as a config would."""
    written = yaml.dump(as_plain(value), Dumper=_Dumper, default_flow_style=True, width=1000)
    return written.removesuffix("...\n").strip()
