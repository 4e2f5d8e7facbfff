"""What somebody may have meant: the word they were near, where a key belongs, how one thing is named."""

from collections.abc import Iterable
from dataclasses import fields
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel

from nndl.config.reading.messages import Path
from nndl.config.schema import ONE_OF, SECTIONS, Experiment, Table
from nndl.described import option_names
from nndl.train.updater import Group

FOREIGN = {
    "alpha": ("negative_slope", "learning_rate"),
    "activation": ("relu",),
    "avgpool": ("avg_pool",),
    "batch_norm": ("spatial_bn", "bn"),
    "batchnorm": ("spatial_bn", "bn"),
    "batchnorm1d": ("bn",),
    "batchnorm2d": ("spatial_bn",),
    "batchsize": ("batch_size",),
    "betas": ("beta1",),
    "channels": ("filters",),
    "convolution": ("conv",),
    "cross_entropy": ("softmax",),
    "crossentropy": ("softmax",),
    "dense": ("affine",),
    "fc": ("affine",),
    "filter_size": ("kernel",),
    "fully_connected": ("affine",),
    "hidden_dim": ("out_features",),
    "hinge": ("svm",),
    "kernel_size": ("kernel",),
    "leaky": ("leaky_relu",),
    "linear": ("affine",),
    "lr": ("learning_rate",),
    "maxpool": ("max_pool",),
    "nesterov": ("sgd_nesterov_momentum",),
    "num_epochs": ("epochs",),
    "num_filters": ("filters",),
    "out_channels": ("filters",),
    "padding": ("pad",),
    "pool_size": ("size",),
    "reg": ("l2",),
    "step": ("multistep",),
    "swish": ("silu",),
    "units": ("out_features",),
    "update_rule": ("optimizer",),
    "wd": ("weight_decay",),
}
"""What other frameworks, and the courses, call things, where the spelling gives no hint."""
TYPE_KEYS = ("type", "name", "kind")
"""Where other programs put what a thing is: {type: adam, lr: 1e-3}."""


def nearest(word: str, choices: Iterable[str]) -> str | None:
    """The choice that `word` most likely stands for: what it is called here, or spelt nearly so, in either case."""
    known = list(choices)
    translated = next((name for name in FOREIGN.get(word.lower(), ()) if name in known), None)
    return translated or next(iter(get_close_matches(word.lower(), known, n=1, cutoff=0.6)), None)


def suggest(word: str, choices: Iterable[str]) -> str:
    """ "did you mean ...?", or the list of what there is."""
    known = list(choices)
    near = nearest(word, known)
    if near:
        return f"did you mean {near!r}?"
    return f"there are {', '.join(known)}" if known else "it takes none"


def known_keys(path: Path) -> list[str]:
    """The keys that the section at `path` knows."""
    if path[:2] == ("train", "groups"):
        return [field.name for field in fields(Group)]
    model: type[BaseModel] = Experiment
    for part in path:
        annotation = model.model_fields[part].annotation if part in model.model_fields else None
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            return []
        model = annotation
    return list(model.model_fields)


def section(key: str) -> str | None:
    """The section that knows a key."""
    return next((place for place, section in SECTIONS.items() if key in section.model_fields), None)


def home(key: str) -> str | None:
    """Where a key belongs that stands in the wrong section."""
    known = section(key)
    if known is not None:
        return known
    for place in ONE_OF:
        options = {option for described in place.table.values() for option in option_names(described)}
        if not place.many and {"lr": "learning_rate"}.get(key, key) in options:
            return place.key
    return None


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
