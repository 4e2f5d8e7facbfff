"""The descriptions that a config may name beside nndl's own, and where each was registered.

A file that a config's `use:` names keeps its parts to the configs that name it. What `nndl.register` is given anywhere
else, and what installed packages bring, is known to every config of the process.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple, TypeVar

from nndl.described import Described


class Part(NamedTuple):
    """A registered description."""

    what: str
    """The content of its table, in one word: layer, optimizer, ..."""
    described: type[Described]
    place: str
    """The file and line that registered it."""
    module: str
    """The name of the module that did."""
    package: str = ""
    """The installed package, and its version, whose entry point brought it."""


_shared: list[Part] = []
"""Those that every config of this process knows."""
_used: ContextVar[tuple[Part, ...]] = ContextVar("used", default=())
"""Those of the files that the config at hand uses."""
_package: ContextVar[str] = ContextVar("package", default="")
"""The installed package that is being asked for its parts."""
_gathering: ContextVar[tuple[str, list[Part]] | None] = ContextVar("gathering", default=None)
"""The module that is being run for a config, and what it registered so far."""

Bring = Callable[[], None]
_bringing: list[Bring] = []
"""Registering of installed packages' parts, done once, when a name is asked for that nndl itself does not have."""


@contextmanager
def in_force(parts: Iterable[Part]) -> Iterator[None]:
    """Have configs know these parts within."""
    token = _used.set(tuple(parts))
    try:
        yield
    finally:
        _used.reset(token)


@contextmanager
def gathering(module: str) -> Iterator[list[Part]]:
    """Gather, within, what the module of that name registers."""
    found: list[Part] = []
    token = _gathering.set((module, found))
    try:
        yield found
    finally:
        _gathering.reset(token)


@contextmanager
def registering_for(package: str) -> Iterator[None]:
    """Have what is registered within be known as an installed package's."""
    token = _package.set(package)
    try:
        yield
    finally:
        _package.reset(token)


def add(part: Part) -> None:
    """Register a part: for the config that its module is run for, or for every one."""
    part = part._replace(package=_package.get())
    gathered = _gathering.get()
    if gathered is not None and gathered[0] == part.module:
        gathered[1].append(part)
    else:
        _shared.append(part)


def there(what: str, kind: str) -> Part | None:
    """Find what is registered under a name, as far as the module that is being run can see."""
    gathered = _gathering.get()
    seen = [*_shared, *_used.get(), *(gathered[1] if gathered else [])]
    return next((part for part in seen if (part.what, part.described.kind) == (what, kind)), None)


def part_of(described: type[Described]) -> Part | None:
    """Return the part that every config knows by this description; None where there is none."""
    return next((part for part in _shared if part.described is described), None)


def is_of_registered(module: str) -> bool:
    """Tell whether a module, or one inside it, registered what every config knows."""
    return bool(module) and any(f"{part.module}.".startswith(f"{module}.") for part in _shared)


def forget(part: Part) -> None:
    """Take back what every config knows: a notebook's cell that is run again registers it anew."""
    _shared.remove(part)


def bring_when_asked(bring: Bring) -> None:
    """Have parts of installed packages registered when a name is asked for that nndl itself does not have."""
    _bringing.append(bring)


def registered(what: str) -> dict[str, type[Described]]:
    """Return the parts in force by their names: those of every config, and of the config at hand."""
    while _bringing:
        _bringing.pop()()
    return {part.described.kind: part.described for part in (*_shared, *_used.get()) if part.what == what}


D = TypeVar("D", bound=Described)


class WithOwn(Mapping[str, type[D]]):
    """nndl's own descriptions by their names, and behind them those registered that are in force."""

    def __init__(self, what: str, own: Mapping[str, type[D]]) -> None:
        self.what, self.own = what, own

    def __getitem__(self, kind: str) -> type[D]:
        if kind in self.own:
            return self.own[kind]
        found: type[D] = registered(self.what)[kind]  # type: ignore[assignment]  # of this table, by `what`
        return found

    def __iter__(self) -> Iterator[str]:
        yield from self.own
        yield from (kind for kind in registered(self.what) if kind not in self.own)

    def __len__(self) -> int:
        return sum(1 for _ in self)
