"""The JSON Schema that editors check with says of a config what nndl says, as far as a schema can."""

from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings

from nndl.config import parse_config
from nndl.config.bundled import names
from nndl.config.reading.marked import read
from nndl.config.writing.json_schema import json_schema
from nndl.config.writing.show import as_tree, dump
from nndl.errors import ConfigError
from tests.config.mangle import TEXTS, TREES, trees, written
from tests.config.regenerate import WRONG

VALIDATOR = jsonschema.Draft202012Validator(json_schema())
MODEL = {"layers": [{"affine": 10}]}


def accepts(tree: Any) -> bool:
    return bool(VALIDATOR.is_valid(tree))


def test_it_is_a_schema_of_the_draft_it_names() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())
    assert json_schema()["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize("name", names())
def test_it_accepts_the_bundled_configs_as_written_and_as_shown(name: str) -> None:
    assert list(VALIDATOR.iter_errors(TREES[name])) == []
    shown = read(dump(parse_config(TEXTS[name], name)), name).value
    assert list(VALIDATOR.iter_errors(shown)) == []


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(trees())
def test_whatever_nndl_takes_it_accepts(tree: Any) -> None:
    text = written(tree)
    try:
        experiment = parse_config(text, "mangled.yaml")
    except ConfigError:
        return
    read_back = read(text, "mangled.yaml").value
    assert list(VALIDATOR.iter_errors(read_back)) == []
    assert list(VALIDATOR.iter_errors(_listed(as_tree(experiment)))) == []


def _listed(value: Any) -> Any:
    """Tuples as lists, which is what a YAML file holds."""
    if isinstance(value, dict):
        return {key: _listed(item) for key, item in value.items()}
    return [_listed(item) for item in value] if isinstance(value, list | tuple) else value


ONLY_AS_A_WHOLE = {6, 7, 10, 12, 13, 20, 21, 22, 24, 25, 29, 30, 37, 42, 43, 44, 63, 71, 72, 74, 81, 82}
"""Wrong configs of which each value by itself may stand, or (21) is no JSON: no schema can tell."""


@pytest.mark.parametrize("path", sorted(WRONG.glob("*.yaml")), ids=lambda path: path.stem)
def test_it_refuses_wrong_configs_unless_only_the_whole_is_wrong(path: Any) -> None:
    try:
        tree = read(path.read_text(encoding="utf-8"), path.name).value
    except ConfigError:
        return  # no YAML: an editor says so by itself
    assert accepts(tree) == (int(path.stem[:2]) in ONLY_AS_A_WHOLE)


@pytest.mark.parametrize(
    "layer",
    [
        "relu",
        {"relu": None},
        {"max_pool": 2},
        {"conv": 3},
        {"conv": {"filters": 3, "pad": 1}},
        {"group_norm": 2},
        {"residual": ["relu", {"residual": [{"conv": 3}]}]},
        {"residual": {"name": "a", "layers": ["relu"]}},
        {"residual": {"layers": ["relu"], "shortcut": [{"conv": 3}, "spatial_bn"]}},
        {"residual": {"layers": ["relu"], "shortcut": []}},
        {"concat": {"x": [], "new": ["relu", {"conv": 3}]}},
        {"sum": {"name": "both", "a": ["relu"], "b": []}},
    ],
)
def test_a_layer_may_be_written_in_each_of_its_forms(layer: Any) -> None:
    assert accepts({"model": {"layers": [layer]}})


@pytest.mark.parametrize(
    ("layer", "fits"),
    [
        ("block", True),
        ({"block": {"filters": 3}}, True),
        ({"block": 3}, True),
        ({"repeat": 2, "layers": ["relu", "block"]}, True),
        ({"repeat": {"times": 2, "layers": [{"residual": ["block"]}]}}, True),
        ({"repeat": 0, "layers": ["relu"]}, False),
        ({"repeat": 2, "layers": []}, False),
        ({"repeat": 2}, False),
        ({"conv": {"filter": 3}}, False),
        ({"repeat": 2, "layers": [{"conv": {"filter": 3}}]}, False),
    ],
)
def test_blocks_and_repeats(layer: Any, fits: bool) -> None:
    define = {"block": ["relu", {"conv": {"filters": "$filters", "bias": "$bias"}}]}
    assert accepts({"model": {"define": define, "layers": [layer]}}) is fits
    without = {"model": {"layers": [layer]}}
    assert accepts(without) is (fits and "block" not in str(layer))
    assert not accepts({"model": {"define": {"relu": ["relu"]}, "layers": ["relu"]}})


@pytest.mark.parametrize(
    "layer",
    [
        "rellu",
        "conv",
        {"conv": None},
        {"conv": {"filter": 3}},
        {"conv": {"filters": 0}},
        {"relu": None, "conv": 3},
        {"residual": ["rellu"]},
        {"residual": []},
        {"residual": {"layers": ["relu"], "shortcut": ["rellu"]}},
        {"residual": {"shortcut": ["relu"]}},
        "concat",
        {"concat": None},
        {"concat": {"a": ["relu"]}},
        {"sum": {"a": ["rellu"], "b": []}},
        {"sum": {"a": [], "b": "relu"}},
        {"max_pool": "2"},
        {"dropout": 0.5},
        {"dropout": {"keep": 0.9, "drop": 0.1}},
        "dropout",
        3,
        None,
    ],
)
def test_a_layer_that_is_none_is_refused(layer: Any) -> None:
    assert not accepts({"model": {"layers": [layer]}})


def test_every_key_and_option_is_described_for_the_editor() -> None:
    undescribed = [where for where, schema in _properties(json_schema()) if not described(schema)]
    assert undescribed == []


def described(schema: dict[str, Any]) -> bool:
    return "description" in schema or "$ref" in schema


def _properties(schema: Any, where: str = "") -> list[tuple[str, dict[str, Any]]]:
    """Every property that stands for an option or key, with where it is."""
    if isinstance(schema, list):
        return [found for index, item in enumerate(schema) for found in _properties(item, f"{where}/{index}")]
    if not isinstance(schema, dict):
        return []
    own = [(f"{where}/{name}", value) for name, value in schema.get("properties", {}).items()]
    return own + [found for name, item in schema.items() for found in _properties(item, f"{where}/{name}")]
