"""The config reference, docs/config.md, written out of the schema itself."""

import inspect
from dataclasses import MISSING, fields
from typing import Any

from pydantic import BaseModel

from nndl.config.schema import ONE_OF, SECTIONS, TOP, Experiment, OneOf, StartFrom, Train
from nndl.config.writing.json_schema import bare_schema, json_schema
from nndl.config.writing.option_docs import option_docs
from nndl.config.writing.show import plain_value
from nndl.described import Described
from nndl.train.updater import Group

TYPES = {
    "array": "list",
    "boolean": "`true` or `false`",
    "integer": "whole number",
    "null": "nothing",
    "number": "number",
    "object": "mapping",
    "string": "text",
}

HEAD = """# Config reference

Every key of a config, its type and its default. This page is generated from the schema (`nndl config reference`), and a
test holds it to that. `nndl config show FILE` prints every value in force, `nndl config schema` a JSON Schema for
editors.

Layers, rules and all else that has options are written `kind` or `kind: {option: value, ...}`; where the first option
below them says so, also `kind: value`. Every layer takes a `name` too, which its parameters then bear instead of its
kind and number.

Numbers and words are YAML 1.2's: `1e-3` is a number, `on` is a word. A key set twice, or one that nndl does not know,
is an error.
"""


def reference() -> str:
    """Write the page, in Markdown."""
    schema = json_schema()
    parts = [HEAD, "## Top level\n", _keys(Experiment, schema)]
    for title, section in SECTIONS.items():
        if title == TOP:
            continue
        parts += [
            f"## {title}\n",
            f"{section.__doc__}\n",
            _keys(section, schema["$defs"][section.__name__], f"{title}."),
        ]
        parts += [_pieces(key) for key in ONE_OF if key.section == title]
        if section is Train:
            parts += [
                "### train.start_from\n",
                f"{StartFrom.__doc__}\n",
                _keys(StartFrom, schema["$defs"]["StartFrom"]),
            ]
            parts += ["### train.groups: a list of\n", f"{inspect.getdoc(Group)}\n", _options(Group)]
    return "\n".join(parts)


def _keys(section: type[BaseModel], schema: dict[str, Any], prefix: str = "") -> str:
    docs = option_docs(section)
    lines = ["| key | type | default | |", "|-|-|-|-|"]
    for key, field in section.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            continue
        default = "required" if field.is_required() else f"`{plain_value(field.default)}`"
        kind = _kind(f"{prefix}{key}", schema["properties"][key])
        lines.append(f"| `{key}` | {kind} | {default} | {docs[key]} |")
    return "\n".join(lines) + "\n"


def _pieces(key: OneOf) -> str:
    lines = [f"### {key.key}: {'a list of' if key.many else 'one of'}\n"]
    for kind, described in key.table.items():
        lines += [f"**`{kind}`** — {(described.__doc__ or '').split(chr(10))[0]}\n", _options(described, kind)]
    return "\n".join(lines)


def _options(described: type[Described], kind: str = "") -> str:
    """Write a table of options, the one that a bare value sets first."""
    shorthand = described.shorthand
    options = sorted((f for f in fields(described) if f.name != "name"), key=lambda field: field.name != shorthand)
    if not options:
        return ""
    docs = option_docs(described)  # type: ignore[arg-type]  # to mypy no type of a dataclass is hashable
    properties = bare_schema(described)["properties"]
    lines = ["| option | type | default | |", "|-|-|-|-|"]
    for field in options:
        default = "required" if field.default is MISSING else f"`{plain_value(field.default)}`"
        bare = f" `{kind}: VALUE` sets it." if field.name == shorthand else ""
        own = f"`{field.name}` | {_kind('', properties[field.name])}"
        if field.name == described.named:
            own = "*any name* | list"
        lines.append(f"| {own} | {default} | {docs.get(field.name, '')}{bare} |")
    return "\n".join(lines) + "\n"


def _kind(key: str, schema: dict[str, Any]) -> str:
    for one in ONE_OF:
        if one.key == key:
            a_list, one_of = ("list of ", "a-list-of") if one.many else ("", "one-of")
            return f"{a_list}[{one.what}](#{key.replace('.', '')}-{one_of})"
    if schema.get("$ref") == "#/$defs/StartFrom":
        return "[weights](#trainstart_from)"
    if "anyOf" in schema:
        return " or ".join(_kind("", choice) for choice in schema["anyOf"])
    if "enum" in schema:
        return ", ".join(f"`{choice}`" for choice in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    bounds = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    limits = [f"{sign} {schema[name]:,.15g}" for name, sign in bounds.items() if name in schema]
    return f"{TYPES.get(schema.get('type', ''), '')} {', '.join(limits)}".strip()
