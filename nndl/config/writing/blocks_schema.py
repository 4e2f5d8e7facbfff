"""The schema of repeats and of blocks: a layer may be one where the model defines any."""

import json
from typing import Any

from nndl.config.expanding import MOST_LAYERS, NAME, REPEAT
from nndl.net.catalog import LAYERS

LAYER, OR_BLOCK = "#/$defs/layer", "#/$defs/layer_or_block"


def add_blocks(schema: dict[str, Any]) -> None:
    """Add to a schema of configs what is written out before layers are built."""
    definitions = schema["$defs"]
    definitions["layer"]["anyOf"] += _repeats()
    text = json.dumps({"title": "layer or block", "anyOf": [*definitions["layer"]["anyOf"], *_uses()]})
    definitions["layer_or_block"] = json.loads(text.replace(f'"{LAYER}"', f'"{OR_BLOCK}"'))
    model = definitions["Model"]
    layers = model["properties"]["layers"]
    del layers["items"]
    model |= {"if": {"required": ["define"]}, "then": _layers(layers, OR_BLOCK), "else": _layers(layers, LAYER)}
    # In a block any value may be a parameter, $filters: an editor completes layers there, and leaves the rest to nndl.
    row = {"type": "array", "minItems": 1, "items": {"anyOf": [{"$ref": OR_BLOCK}, {"type": ["object", "string"]}]}}
    names = {"pattern": f"^{NAME.pattern}$", "not": {"enum": [*LAYERS, REPEAT]}}
    blocks = {"type": "object", "propertyNames": names, "additionalProperties": row}
    about = model["properties"]["define"]["description"]
    model["properties"]["define"] = {"anyOf": [blocks, {"type": "null"}], "default": None, "description": about}


def _layers(layers: dict[str, Any], entry: str) -> dict[str, Any]:
    return {"properties": {"layers": {**layers, "items": {"$ref": entry}}}}


def _repeats() -> list[dict[str, Any]]:
    """Return both ways to write a repeat: {repeat: 3, layers: [...]} and {repeat: {times: 3, layers: [...]}}."""
    times = {"type": "integer", "minimum": 1, "maximum": MOST_LAYERS, "description": "How often."}
    row = {"type": "array", "minItems": 1, "items": {"$ref": LAYER}, "description": "The layers, in order."}
    about = "Repeat: a row of layers, as often as it says."
    inside = {**_closed({"times": times, "layers": row}), "description": about}
    return [
        {**_closed({REPEAT: {**times, "description": about}, "layers": row}), "description": about},
        {**_closed({REPEAT: inside}), "description": about},
    ]


def _closed(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": [*properties], "additionalProperties": False}


def _uses() -> list[dict[str, Any]]:
    """Return the ways to use a block: its name, with values or without."""
    name = {"not": {"enum": [*LAYERS, REPEAT]}}
    return [
        {"type": "string", **name},
        {"type": "object", "minProperties": 1, "maxProperties": 1, "propertyNames": name},
    ]
