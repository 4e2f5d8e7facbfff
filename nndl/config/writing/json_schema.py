"""The schema of configs as JSON Schema (draft 2020-12), for editors that complete and check YAML as one types."""

from typing import Any

from pydantic import TypeAdapter

from nndl.config.schema import LISTS, ONE_OF, Experiment, Table
from nndl.config.writing.option_docs import option_docs

DRAFT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """A schema that accepts what `load_config` accepts, up to what only the whole config can tell (shapes, sizes)."""
    schema = Experiment.model_json_schema()
    for key, (what, table) in ONE_OF.items():
        section, name = key.split(".")
        properties = schema["$defs"][section.title()]["properties"]
        properties[name] = _reference(key, what, properties[name].get("description"))
        schema["$defs"][what] = {"title": what, "anyOf": _choices(table)}
    return {"$schema": DRAFT, **schema}


def _reference(key: str, what: str, description: str | None) -> dict[str, Any]:
    one: dict[str, Any] = {"$ref": f"#/$defs/{what}"}
    if key in LISTS:
        one = {"type": "array", "items": one}
        one |= {"minItems": 1} if key == "model.layers" else {}
    elif key == "train.average":
        one = {"anyOf": [one, {"type": "null"}]}
    return {**one, "description": description or what}


def _choices(table: Table) -> list[dict[str, Any]]:
    """`kind`, {kind: bare value} and {kind: {options}} for everything in a table."""
    return [form for kind, described in table.items() for form in _forms(kind, described)]


def _forms(kind: str, described: type[Any]) -> list[dict[str, Any]]:
    options, about = _options(described), _about(described)
    optional = not options["required"]
    forms = [_named(kind, {"anyOf": [options, {"type": "null"}], "description": about} if optional else options)]
    if optional:
        forms.append({"const": kind, "description": about})
    shorthand = described.shorthand
    if shorthand and set(options["required"]) <= {shorthand}:
        forms.append(_named(kind, options["properties"][shorthand]))
    return forms


def _named(kind: str, value: dict[str, Any]) -> dict[str, Any]:
    """The mapping {kind: value}."""
    return {"type": "object", "properties": {kind: value}, "required": [kind], "additionalProperties": False}


def _about(described: type[Any]) -> str:
    """What a thing is, in one line."""
    return (described.__doc__ or described.__name__).partition("\n")[0]


def _options(described: type[Any]) -> dict[str, Any]:
    """The schema of the mapping of options, with the text under each as its description."""
    schema: dict[str, Any] = {"required": [], **TypeAdapter(described).json_schema(), "description": _about(described)}
    schema.pop("$defs", None)
    docs = option_docs(described)  # type: ignore[arg-type]  # to mypy type[Any] is not hashable
    for name, text in docs.items():
        if name in schema["properties"]:
            schema["properties"][name]["description"] = text
    if "layers" in schema["properties"]:
        items = {"type": "array", "items": {"$ref": "#/$defs/layer"}, "minItems": 1}
        schema["properties"]["layers"] = {**items, "description": docs["layers"]}
    return schema
