"""What to write where one thing should be named, `adam: {learning_rate: 1e-3}`, and something else stands."""

from typing import Any

from nndl.config.homes import section
from nndl.config.option_docs import option_names
from nndl.config.schema import Table
from nndl.config.suggest import nearest, suggest

TYPE_KEYS = ("type", "name", "kind")
"""Where other programs put what a thing is: {type: adam, lr: 1e-3}."""


def for_several(what: str, value: dict[str, Any], table: Table, in_list: bool) -> str:
    """Several keys stand where one name should: each is one of its own, or they are options of one; "" if neither."""
    named = [key for key in value if key in table]
    others = [key for key in value if key not in table]
    if not others:
        return "begin each with '- ' on a line of its own" if in_list else "keep one of them"
    if len(named) == 1 and set(others) <= set(option_names(table[named[0]])):
        return f"options of {named[0]} go two spaces deeper, or in braces: {_braced(named[0], others[0])}"
    for key in TYPE_KEYS:
        kind = value.get(key)
        if isinstance(kind, str) and kind in table:
            first = next(other for other in value if other != key)
            return f"write {_braced(kind, nearest(first, option_names(table[kind])) or first)}"
    return "" if named else _with_owner(what, others, table)


def for_unknown(what: str, kind: str, table: Table) -> str:
    """A name that is none: misspelt, stuck to its value, or an option whose owner is left out."""
    name, colon, _ = kind.partition(":")
    if colon and name in table:
        return f"write a space after the colon: '{name}: '"
    owner = "" if nearest(kind, table) else _with_owner(what, [kind], table)
    return owner or suggest(kind, table)


def _with_owner(what: str, options: list[str], table: Table) -> str:
    """The first thing that takes these options, if any does."""
    for kind, described in table.items():
        known = option_names(described)
        meant = [nearest(option, known) for option in options]
        if meant[0] and all(meant):
            return f"name the {what} first, such as {_braced(kind, meant[0])}"
    return ""


def elsewhere(option: str, table: Table) -> str | None:
    """Where an option belongs that its thing does not take: in a section of the config, or to another thing."""
    owners = (kind for kind, described in table.items() if option in option_names(described))
    return section(option) or next(owners, None)


def _braced(kind: str, option: str) -> str:
    return f"{kind}: {{{option}: ...}}"
