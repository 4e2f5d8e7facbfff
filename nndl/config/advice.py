"""Guesses at what somebody meant: the word they were near, the section of a key, the name that nndl has for it."""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from difflib import get_close_matches
from functools import cache
from typing import Any, NamedTuple, get_args

from pydantic import BaseModel

from nndl.config.brought import foreign, instead
from nndl.config.reading.messages import Path
from nndl.config.schema import ONE_OF, SECTIONS, TOP, Experiment, OneOf, Table
from nndl.described import option_names
from nndl.train.updater import Group

TYPE_KEYS = ("type", "name", "kind")
"""Keys under which other programs put the kind: {type: adam, lr: 1e-3}."""

OF_ANY_LAYER = ("seed", "dtype", "engine", "threads", "batch_size", "l2", "weight_decay", "clip_norm")
"""Keys of sections that other programs set layer by layer. Those left out are namesakes: a convolution's groups."""

TELLING = {
    "layer": ("negative_slope", "ghost_batch_size", "unbiased", "whitening_eps"),
    "loss": ("label_smoothing",),
    "optimizer": ("learning_rate", "momentum", "beta1", "beta2", "epsilon", "decay_rate", "rounds"),
}
"""Options that tell what they belong to wherever they stand, as `size` does not."""

POOLS = ("max_pool", "avg_pool")
ABSENT = {
    ("conv", "padding_mode"): "there is none: images are padded with zeros",
    ("avg_pool", "count_include_pad"): "there is none: the mean is over the pixels of the image, as with false",
    **{(pool, "ceil_mode"): "there is none: windows that do not fit are left out" for pool in POOLS},
    **{
        (kind, word): "keep is the share that stays, drop the share that goes"
        for kind in ("dropout", "stochastic_depth")
        for word in ("p", "rate", "drop_prob", "survival_prob")
    },
    ("stochastic_depth", "mode"): "there is none: each image is kept or dropped by itself, as by torchvision's row",
}
"""Options that other programs have and nndl does not, and how it is instead."""


class Hint(NamedTuple):
    """Words on an unknown key, and the key that was meant by it, so that it is not also told to be missing."""

    words: str
    meant: Path | None = None


def nearest(word: str, choices: Iterable[str]) -> str | None:
    """Find what `word` most likely stands for among the choices: its name here, or one spelt nearly so, in any case."""
    known = list(choices)
    translated = next((name for name in foreign(word) if name in known), None)
    return translated or next(iter(get_close_matches(word.lower(), known, n=1, cutoff=0.6)), None)


def suggest(word: str, choices: Iterable[str]) -> str:
    """Ask "did you mean ...?", or list what there is."""
    known = list(choices)
    near = nearest(word, known)
    if near:
        return f"did you mean {near!r}?"
    return f"there are {', '.join(known)}" if known else "it takes none"


def _guess(word: str, choices: Iterable[str]) -> str | None:
    """Find the choice that `word` is foreign for, or is spelt like unless it is a word of its own here."""
    near = nearest(word, choices)
    return near if near in foreign(word) or word not in _words() else None


@cache
def _words() -> frozenset[str]:
    """Collect every key, name and option of configs but the sections' own."""
    tables = [key.table for key in ONE_OF]
    options = (option for table in tables for described in table.values() for option in option_names(described))
    keys = (key for section in SECTIONS.values() for key in section.model_fields if key not in SECTIONS)
    return frozenset([*options, *keys, *(kind for table in tables for kind in table)])


def _names(word: str) -> tuple[str, ...]:
    """Return the word, and what it may be called here."""
    return (word, *foreign(word))


def known_keys(path: Path) -> list[str]:
    """List the keys that the section at `path` knows."""
    if path[:2] == ("train", "groups"):
        return [field.name for field in fields(Group)]
    model: type[BaseModel] = Experiment
    for part in path:
        annotation = model.model_fields[part].annotation if part in model.model_fields else None
        annotation = next((each for each in get_args(annotation) if each is not type(None)), annotation)
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            return []
        model = annotation
    return list(model.model_fields)


def for_key(path: Path, value: Any) -> Hint:
    """Advise on a key that its section does not know, where `value` is what it is set to."""
    key, within, known = str(path[-1]), path[:-1], known_keys(path[:-1])
    near = _guess(key, known)
    if near:
        return Hint(f"did you mean {near!r}?", (*within, near))
    for name in _names(key):
        places = _places_of_key(name, value, within)
        if places:
            return Hint(_goes(key, name, places), (places[0],))
    for section in SECTIONS.values():
        for name in get_close_matches(key.lower(), section.model_fields, cutoff=0.85):
            if place := _section(name, value):
                return Hint(_goes(key, name, [place]))
    return Hint(f"there are {', '.join(known)}")


def _goes(word: str, name: str, places: Sequence[str]) -> str:
    """Say that it goes under train, and its name there if that is another."""
    meant = "" if word == name else f"did you mean {name!r}? "
    return f"{meant}it goes {'to' if places[0] == TOP else 'under'} {' or '.join(places)}"


def _section(key: str, value: Any = None) -> str | None:
    """Find the section that knows a key; sections themselves are known by their being mappings."""
    if key in SECTIONS and not isinstance(value, dict):
        return None
    return next((place for place, section in SECTIONS.items() if key in section.model_fields), None)


def _places_of_key(name: str, value: Any, within: Path) -> list[str]:
    """List the section that knows a key, and a key of its own section with a kind or an option of that name."""
    section = _section(name, value)
    keys = [key.key for key in ONE_OF if _has(key, name, within)]
    own = [place for place in keys if len(within) == 1 and place.startswith(f"{within[0]}.")]
    return [section, *own[:1]] if section else keys[:1]


def _has(key: OneOf, name: str, within: Path) -> bool:
    """Tell whether a key's table has something of this name, or something that has it for an option."""
    here = not within or within[0] == key.section
    options = {option for described in key.table.values() for option in option_names(described)}
    telling = name in options and (here or name in TELLING.get(key.what, ()))
    return (here and name in key.table) or (telling and not key.many)


def for_option(key: OneOf, kind: str, option: str) -> Hint:
    """Advise on an option that a kind out of a key's table does not take."""
    known = option_names(key.table[kind])
    if (kind, option) in ABSENT:
        return Hint(ABSENT[kind, option])
    near = _guess(option, known)
    if near:
        return Hint(f"did you mean {near!r}?", (near,))
    for name in _names(option):
        places = _places_of_option(key, name)
        if places:
            return Hint(_goes(option, name, places))
    return Hint(f"there are {', '.join(known)}" if known else "it takes none")


def _places_of_option(key: OneOf, name: str) -> list[str]:
    """List the section that has it for a key, and the first kind in the table that takes it.

    A layer, or an augmentation, stands among others: that one of them has an option of this name says little.
    """
    sections = [
        place
        for place, section in SECTIONS.items()
        if name in section.model_fields and (name in OF_ANY_LAYER or (place == key.section and not key.many))
    ]
    telling = not key.many or name in TELLING.get(key.what, ())
    owners = [kind for kind, described in key.table.items() if telling and name in option_names(described)]
    return [*sections[:1], *owners[:1]]


def for_several(what: str, value: dict[str, Any], table: Table, in_list: bool) -> str:
    """Advise where several keys stand for one: each is a name of its own, or they are options of one; "" if neither."""
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


def for_unknown(key: OneOf, kind: str) -> str:
    """Advise on a name that is none: misspelt, stuck to its value, of another table, or an option without its owner."""
    name, colon, _ = kind.partition(":")
    if colon and name in key.table:
        return f"write a space after the colon: '{name}: '"
    other = next((other for other in ONE_OF if kind in other.table), None)
    if other:
        return f"it is {a(other.what)}, and goes under {other.key}"
    if words := instead(key.what, kind):
        return words
    owner = "" if nearest(kind, key.table) else _with_owner(key.what, [kind], key.table)
    return owner or suggest(kind, key.table)


def a(what: str) -> str:
    """Put the article before a word: a layer, an optimizer."""
    return f"{'an' if what[0] in 'aeiou' else 'a'} {what}"


def _with_owner(what: str, options: list[str], table: Table) -> str:
    """Name the first kind that takes these options, if any does."""
    for kind, described in table.items():
        known = option_names(described)
        meant = [nearest(option, known) for option in options]
        if meant[0] and all(meant):
            return f"name the {what} first, such as {_braced(kind, meant[0])}"
    return ""


def _braced(kind: str, option: str) -> str:
    return f"{kind}: {{{option}: ...}}"
