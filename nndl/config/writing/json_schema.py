"""The schema of configs as JSON Schema (draft 2020-12), for editors that complete and check YAML as one types."""

from typing import Any

from pydantic import TypeAdapter

from nndl.config.schema import ONE_OF, Experiment, OneOf
from nndl.config.writing.blocks_schema import add_blocks
from nndl.config.writing.option_docs import option_docs
from nndl.described import Described

DRAFT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """Make a schema that accepts what `load_config` does, up to what only the whole config can tell (shapes, sizes)."""
    schema = Experiment.model_json_schema()
    for key in ONE_OF:
        properties = schema["$defs"][key.section.title()]["properties"]
        properties[key.name] = _value(key, properties[key.name])
        choices = [form for described in key.table.values() for form in _forms(key, described)]
        none: dict[str, Any] = {"not": {}}  # of observers there are one's own alone
        schema["$defs"][key.what] = {"title": key.what, **({"anyOf": choices} if choices else none)}
    add_blocks(schema)
    return {"$schema": DRAFT, **schema}


def _value(key: OneOf, own: dict[str, Any]) -> dict[str, Any]:
    """Describe what may stand at a key, with the description and the least length that its `own` schema has."""
    one = _reference(key)
    if key.many:
        one = {"type": "array", "items": one} | ({"minItems": own["minItems"]} if "minItems" in own else {})
    elif key.optional:
        one = {"anyOf": [one, {"type": "null"}]}
    return {**one, "description": own["description"]}


def _reference(key: OneOf) -> dict[str, Any]:
    return {"$ref": f"#/$defs/{key.what}"}


def _forms(key: OneOf, described: type[Described]) -> list[dict[str, Any]]:
    """List `kind`, {kind: {options}} and {kind: bare value}, as far as each says all that is required."""
    kind, options, about = described.kind, _options(key, described), _first_line(described)
    optional = not (options["required"] or described.one_of or described.named)
    forms = [_named(kind, {"anyOf": [options, {"type": "null"}], "description": about} if optional else options)]
    if optional:
        forms.append({"const": kind, "description": about})
    shorthand = described.shorthand
    if shorthand and set(options["required"]) <= {shorthand}:
        forms.append(_named(kind, options["properties"][shorthand]))
    return forms


def _named(kind: str, value: dict[str, Any]) -> dict[str, Any]:
    """Describe the mapping {kind: value}."""
    return {"type": "object", "properties": {kind: value}, "required": [kind], "additionalProperties": False}


def _first_line(described: type[Described]) -> str:
    """Return the first line of a description's documentation."""
    return (described.__doc__ or described.__name__).partition("\n")[0]


def bare_schema(described: type[Described]) -> dict[str, Any]:
    """Make the schema of a description's options, of their types alone."""
    schema = TypeAdapter(described).json_schema()
    if described.named:
        schema["properties"][described.named] = {"type": "object"}
    if described.counts_classes:
        number = schema["properties"][described.counts_classes]
        schema["properties"][described.counts_classes] = {"anyOf": [number, {"const": "classes"}]}
    return schema


def _options(key: OneOf, described: type[Described]) -> dict[str, Any]:
    """Make the schema of the mapping of options, with the text under each as its description."""
    schema: dict[str, Any] = {
        "required": [],
        **bare_schema(described),
        "description": _first_line(described),
    }
    schema.pop("$defs", None)
    if described.one_of:
        schema["oneOf"] = [{"required": [name]} for name in described.one_of]
    docs = option_docs(described)  # type: ignore[arg-type]  # to mypy no type of a dataclass is hashable
    for name, text in docs.items():
        if name in schema["properties"]:
            schema["properties"][name]["description"] = text
    if described.named:
        by_name = schema["properties"].pop(described.named)["description"]
        lists = {"type": "array", "items": _reference(key), "description": by_name}
        schema |= {"required": [], "minProperties": 2, "additionalProperties": lists}
    for name in described.nested:
        items = {"type": "array", "items": _reference(key), **({"minItems": 1} if name in schema["required"] else {})}
        schema["properties"][name] = {**items, "description": docs[name]}
    return schema
