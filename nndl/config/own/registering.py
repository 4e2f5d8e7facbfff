"""nndl.register: a description of one's own, known to configs by its name."""

import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from zlib import crc32

from nndl.config.expanding import REPEAT
from nndl.config.own.judging import STREAMS, refuse_unfit
from nndl.config.schema import ONE_OF
from nndl.data.augment import Transform
from nndl.described import Described
from nndl.errors import ConfigError
from nndl.net.layer import Layer
from nndl.own.registry import Part, add, forget, there
from nndl.train.observer import Observer
from nndl.train.optimizers import Rule
from nndl.train.schedules import Schedule

BASES: dict[str, type[Described]] = {
    "layer": Layer,
    "optimizer": Rule,
    "schedule": Schedule,
    "augmentation": Transform,
    "observer": Observer,
}
"""The kinds of parts that may be registered, and the class that each is derived from."""

D = TypeVar("D", bound=type[Any])


def register(described: D) -> D:
    """Make a layer, optimizer, schedule, augmentation or observer known to configs by its `kind`; returns the class.

    A class decorator. What is no dataclass yet becomes a frozen one, whose fields are its options. Raises ConfigError
    for what is none of these, for options that no config can say, and for a name that is taken, with both places.
    """
    frame = sys._getframe(1)
    return register_at(described, str(frame.f_globals.get("__name__")), f"{frame.f_code.co_filename}:{frame.f_lineno}")


def register_at(described: D, module: str, place: str) -> D:
    """Register as `register` does, for a module, at a place in it."""
    what = _what(described)
    made: D = described if "__dataclass_fields__" in vars(described) else _as_dataclass(described)
    refuse_unfit(made, what)
    _refuse_taken(made, what, module, place)
    if what == "augmentation" and not hasattr(made, "stream"):
        made.stream = STREAMS + crc32(made.kind.encode())  # beyond those of nndl's own
    add(Part(what, made, place, module))
    return made


def _what(described: object) -> str:
    """Return what a class describes; raises ConfigError for what is no description."""
    found = (what for what, base in BASES.items() if inspect.isclass(described) and issubclass(described, base))
    what = next(found, None)
    if what is None or described in BASES.values():
        name = getattr(described, "__name__", repr(described))
        bases = ", ".join(base.__name__ for base in BASES.values())
        raise ConfigError(f"nndl.register takes a class derived from one of {bases} (nndl.parts), not {name}")
    return what


def _as_dataclass(described: Any) -> Any:
    make: Callable[[Any], Any] = dataclass(frozen=True, kw_only=True)
    try:
        return make(described)
    except (TypeError, ValueError) as error:
        words = "a default is plain, such as a tuple for a list" if "mutable default" in str(error) else str(error)
        raise ConfigError(f"{described.__name__}: its options cannot be those of a description: {words}") from None


def _refuse_taken(described: type[Described], what: str, module: str, place: str) -> None:
    """Refuse a name that another bears. What a notebook's cell registered before, its next run takes the place of."""
    kind = described.kind
    table = next(key.table for key in ONE_OF if key.what == what)
    own = getattr(table, "own", table)
    if kind in own:
        words = f"nndl's own {what} is called so ({_place_of(own[kind])}); the one at {place} needs another name"
        raise ConfigError(f"{kind}: {words}")
    if (what, kind) == ("layer", REPEAT):
        raise ConfigError(f"{kind}: a row of layers is repeated by that word; the one at {place} needs another name")
    other = there(what, kind)
    if other is None:
        return
    if other.module == module and other.described.__qualname__ == described.__qualname__ and module == "__main__":
        forget(other)
        return
    raise ConfigError(f"{kind}: registered twice as {what}, at {other.place} and at {place}; rename one of them")


def _place_of(described: type[Any]) -> str:
    try:
        return f"{described.__module__}, line {inspect.getsourcelines(described)[1]}"
    except (OSError, TypeError):
        return f"{described.__module__}.{described.__name__}"
