"""A config with every value in force, as YAML that loads into the same experiment."""

from dataclasses import fields, is_dataclass
from typing import Any

import yaml
from pydantic import BaseModel

from nndl.config.reading.marked import scalar
from nndl.config.schema import ONE_OF, Experiment, Table
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
    str, lambda dumper, value: dumper.represent_scalar("tag:yaml.org,2002:str", value, None if _is_text(value) else "'")
)
_Dumper.ignore_aliases = lambda self, data: True  # type: ignore[method-assign]  # noqa: ARG005


def _is_text(value: str) -> bool:
    """Whether YAML 1.2 too takes it for a text without quotes: 1e3 is one to YAML 1.1 only."""
    return isinstance(scalar(value), str)


def _number(value: float) -> str:
    """repr(), but 1e-05 as 1.0e-05: PyYAML and other readers of YAML 1.1 take only that for a number."""
    text = repr(value)
    return text.replace("e", ".0e") if "e" in text and "." not in text else text


def dump(experiment: Experiment) -> str:
    """The experiment as YAML, nothing left to a default."""
    return yaml.dump(as_tree(experiment), Dumper=_Dumper, sort_keys=False, width=120, allow_unicode=True)


def as_tree(experiment: Experiment) -> dict[str, Any]:
    """The experiment as plain mappings, lists and values, as a config would say it."""
    tree = _section(experiment)
    for key, (_, table) in ONE_OF.items():
        section, name = key.split(".")
        value = tree[section][name]
        if isinstance(value, tuple):
            tree[section][name] = [_piece(table, item) for item in value]
        elif value is not None:
            tree[section][name] = _piece(table, value)
    return tree


def _section(model: BaseModel) -> dict[str, Any]:
    values = {name: getattr(model, name) for name in type(model).model_fields}
    return {name: _section(value) if isinstance(value, BaseModel) else _plain(value) for name, value in values.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple) and value and isinstance(value[0], Group):
        return [_Flow({field.name: getattr(group, field.name) for field in fields(group)}) for group in value]
    return value


def _piece(table: Table, thing: Any) -> Any:
    """`relu`, or {conv: {filters: 32, ...}} with every option."""
    kind = next(name for name, described in table.items() if type(thing) is described)
    assert is_dataclass(thing)
    options = {field.name: getattr(thing, field.name) for field in fields(thing)}
    if options.get("name", "") is None:
        del options["name"]
    if kind == "residual":
        return {kind: {**options, "layers": [_piece(table, layer) for layer in options["layers"]]}}
    return {kind: _Flow(options)} if options else kind


def plain_value(value: Any) -> str:
    """A default as a config would write it."""
    for _, table in ONE_OF.values():
        if type(value) in table.values():
            value = _piece(table, value)
    value = [] if value == () else value
    return yaml.dump(value, Dumper=_Dumper, default_flow_style=True, width=1000).removesuffix("...\n").strip()
