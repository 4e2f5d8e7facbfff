"""A config as an older nndl wrote it out, with the options that it could not know."""

import json
from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any

from nndl.config.schema import ONE_OF, SECTIONS, TOP
from nndl.config.writing.show import as_plain
from nndl.train.updater import Group


def completed(old: Any, now: Any, owner: str = TOP) -> Any:
    """Return the tree `old` with what it lacks beside the tree `now` at its default, which is how it was meant.

    Trees are written out whole, so what one lacks came later. What has no default stays away. `owner` is the section,
    or the kind, whose options the two are.
    """
    if isinstance(old, str) and isinstance(now, Mapping) and list(now) == [old]:
        old = {old: {}}  # it had no options then
    if isinstance(old, Mapping) and isinstance(now, Mapping):
        known = {name: completed(value, now[name], name) if name in now else value for name, value in old.items()}
        lacking = {name: _default(owner, name) for name in now if name not in old}
        return known | {name: value for name, value in lacking.items() if value is not MISSING}
    if isinstance(old, list) and isinstance(now, list) and len(old) == len(now):
        return [completed(*pair, owner) for pair in zip(old, now, strict=True)]
    return old


def _default(owner: str, name: str) -> Any:
    """Return the default of an option of a section or a kind, as JSON has it; MISSING where there is none."""
    if owner in SECTIONS and name in SECTIONS[owner].model_fields:
        field = SECTIONS[owner].model_fields[name]
        return MISSING if field.is_required() else _as_json(field.default)
    kinds = [key.table[owner] for key in ONE_OF if owner in key.table] + ([Group] if owner == "groups" else [])
    found = [option.default for kind in kinds for option in fields(kind) if option.name == name]
    return _as_json(found[0]) if found and found[0] is not MISSING else MISSING


def _as_json(value: Any) -> Any:
    return json.loads(json.dumps(as_plain(value)))
