"""Configs as carelessness, accident and malice leave them."""

import math
from copy import deepcopy
from typing import Any

import yaml
from hypothesis import strategies as st

from nndl.config.bundled import bundled, names
from nndl.config.reading.marked import read

Path = tuple[str | int, ...]

TEXTS = {name: bundled(name).read_text(encoding="utf-8") for name in names()}
TREES = {name: read(text, name).value for name, text in TEXTS.items()}


def places(tree: Any, path: Path = ()) -> list[Path]:
    """Every path in a tree but its root."""
    inside = list(tree.items()) if isinstance(tree, dict) else list(enumerate(tree)) if isinstance(tree, list) else []
    return [one for key, value in inside for one in ((*path, key), *places(value, (*path, key)))]


def keys() -> list[str]:
    """Every key of the bundled configs, and words that are none."""
    used = {str(path[-1]) for tree in TREES.values() for path in places(tree)}
    return sorted(used | {"name", "seed", "threads", "engine", "groups", "match", "average", "ema", "lr", "<<", ""})


numbers = st.one_of(
    st.integers(-3, 40),
    st.integers(-(10**40), 10**40),
    st.floats(),
    st.sampled_from([10**12, 2**31, 2**63, 1e-320, 1e308, math.inf, math.nan]),
)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, st.sampled_from(keys()), st.text(max_size=6)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(keys()) | st.text(), inner, max_size=3),
    max_leaves=6,
)


@st.composite
def trees(draw: st.DrawFn) -> Any:
    """A bundled config with up to four things dropped, renamed, retyped, doubled or put elsewhere."""
    tree = deepcopy(TREES[draw(st.sampled_from(sorted(TREES)))])
    for _ in range(draw(st.integers(1, 4))):
        there = places(tree)
        if there:
            _change(draw, tree, draw(st.sampled_from(there)))
    return tree


def _change(draw: st.DrawFn, tree: Any, path: Path) -> None:
    holder = tree
    for part in path[:-1]:
        holder = holder[part]
    part = path[-1]
    how = draw(st.sampled_from(("drop", "rename", "retype", "retype", "wrap", "double", "reorder", "add")))
    if how == "drop":
        del holder[part]
    elif how == "retype":
        holder[part] = draw(values)
    elif how == "wrap":
        holder[part] = draw(st.sampled_from([[holder[part]], {str(part): holder[part]}]))
    elif isinstance(holder, list):
        _change_list(draw, holder, part, how)
    else:
        value = holder.pop(part) if how == "rename" else holder[part]
        holder[draw(st.sampled_from(keys()) | st.text(max_size=8))] = value if how != "add" else draw(values)


def _change_list(draw: st.DrawFn, holder: list[Any], part: Any, how: str) -> None:
    if how == "reorder":
        holder[:] = draw(st.permutations(holder))
    else:
        holder.insert(draw(st.integers(0, len(holder))), deepcopy(holder[part]) if how == "double" else draw(values))


def written(tree: Any) -> str:
    """A tree as YAML."""
    return yaml.safe_dump(tree, sort_keys=False, allow_unicode=True)


@st.composite
def texts(draw: st.DrawFn) -> str:
    """A bundled config's text with lines and characters changed."""
    text = TEXTS[draw(st.sampled_from(sorted(TEXTS)))]
    for _ in range(draw(st.integers(1, 3))):
        text = _scribble(draw, text)
    return text


def _scribble(draw: st.DrawFn, text: str) -> str:
    at = draw(st.integers(0, len(text)))
    lines = text.splitlines(keepends=True) or [""]
    line = draw(st.integers(0, len(lines) - 1))
    how = draw(st.sampled_from(("insert", "cut", "join", "double", "indent", "swap", "endings")))
    if how == "insert":
        signs = st.sampled_from(["\t", "- ", ": ", "{", "}", "[", "]", "&a ", "*a ", "!!python/object:os.x ", "'", '"'])
        odd = st.sampled_from(
            ["\x00", "\ufeff", "\u2028", "\x85", "漢", "\\", '"\\ud800"', '"\\UFFFFFFFF"', "---\n", "%"]
        )
        return text[:at] + draw(signs | odd | st.text(max_size=5)) + text[at:]
    if how == "cut":
        return text[:at] + text[at + draw(st.integers(1, 20)) :]
    if how == "endings":
        return text.replace("\n", draw(st.sampled_from(["\r\n", "\r", "\x85"])))
    changed = {
        "join": [lines[line].rstrip()],
        "double": [lines[line], lines[line]],
        "indent": [" " * draw(st.integers(1, 5)) + lines[line]],
        "swap": list(reversed(lines[line : line + 2])),
    }[how]
    return "".join([*lines[:line], *changed, *lines[line + (2 if how == "swap" else 1) :]])
