"""The pieces of a config, each named out of a table: `relu`, `max_pool: 2`, `conv: {filters: 32, kernel: 3}`."""

from dataclasses import MISSING, fields
from functools import cache
from typing import Any, get_type_hints

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from nndl.config import advice
from nndl.config.own.installed import faults
from nndl.config.reading.messages import Path, Report
from nndl.config.schema import OneOf
from nndl.config.shown import shown
from nndl.config.translate import QUOTES, translate
from nndl.described import Described, option_names
from nndl.train.updater import Group


class Pieces:
    """The builder of a config's pieces, which reports everything that is wrong with them; `classes` is their number."""

    def __init__(self, report: Report, classes: int = 1) -> None:
        self.report, self.classes = report, classes

    def at(self, key: OneOf, value: Any, path: Path) -> Any:
        """Build what the value of a key names."""
        if value is None and key.optional:
            return None
        return self.many(key, value, path) if key.many else self.one(key, value, path)

    def many(self, key: OneOf, value: Any, path: Path) -> tuple[Any, ...]:
        """Build the pieces of a list, those that can be."""
        if not isinstance(value, list):
            self.report(path, f"expected a list of {key.what}s, each on a line of its own beginning with '- '")
            return ()
        built = [self.one(key, item, (*path, index)) for index, item in enumerate(value)]
        return tuple(piece for piece in built if piece is not None)

    def one(self, key: OneOf, value: Any, path: Path) -> Any:
        """Build the piece that `value` names; None where that cannot be."""
        named = self._kind(key, value, path)
        if named is None:
            return None
        kind, given = named
        described = key.table[kind]
        inside = (*path, kind) if isinstance(value, dict) else path
        options = self._options(described, given, inside)
        if options is None:
            return None
        if described.counts_classes and options.get(described.counts_classes) == "classes":
            options[described.counts_classes] = self.classes
        if described.named:
            options[described.named] = self._named(key, options.pop(described.named), inside)
        for name in described.nested:
            if options.get(name) is not None:
                options[name] = self._nested(key, described, name, options[name], inside, isinstance(given, list))
        options = {name: _frozen(value) for name, value in options.items()}
        return self._built(key, described, options, inside, not isinstance(given, dict))

    def _built(
        self, key: OneOf, described: type[Described], options: dict[str, Any], path: Path, bare: bool
    ) -> Described | None:
        """Build the piece with these options, or None. A description may refuse what its annotations cannot tell."""
        kind = described.kind
        try:
            return _described(described, options)
        except ValidationError as error:

            def advise(at: Path, _: Any) -> advice.Hint:
                return advice.for_option(key, kind, str(at[-1]))

            for fault in translate(error, options, advise, options_model(described)):  # type: ignore[arg-type]
                # What a bare value sets stands where the bare value does.
                where = fault.path[1:] if bare and fault.path[:1] == (described.shorthand,) else fault.path
                words = _as_text(described, options, fault.path[-1]) if fault.words.endswith(QUOTES) else fault.words
                self.report((*path, *where), f"{kind}: {words or fault.words}", fault.at_key)
        except ValueError as error:
            words = str(error).removeprefix(f"{kind}: ")
            about = words.partition(" ")[0]
            self.report((*path, about) if about in options and not bare else path, f"{kind}: {words}")
        return None

    def groups(self, value: Any) -> Any:
        """Build the groups of parameters, mappings all of one kind; what is no mapping is left for the schema."""
        if not isinstance(value, list):
            return value
        path = ("train", "groups")
        return [self._group(item, (*path, at)) if isinstance(item, dict) else item for at, item in enumerate(value)]

    def _group(self, options: dict[str, Any], path: Path) -> Described:
        try:
            return _described(Group, options)
        except ValidationError as error:
            for fault in translate(error, options, lambda at, value: advice.for_key((*path, *at), value)):
                self.report((*path, *fault.path), fault.words, fault.at_key)
        except ValueError as error:
            self.report((*path, str(error).partition(" ")[0]), str(error))
        return Group(match="*")  # stands in its place: the others keep their numbers

    def _kind(self, key: OneOf, value: Any, path: Path) -> tuple[str, Any] | None:
        """Return the name in `value`, and what is said of it."""
        what, table = key.what, key.table
        if isinstance(value, str):
            kind, given = value, None
        elif isinstance(value, dict) and len(value) == 1:
            ((kind, given),) = value.items()
        elif isinstance(value, dict) and value:
            cure = advice.for_several(what, value, table, isinstance(path[-1], int))
            words = f"one {what} at a time: this names {', '.join(map(repr, value))}"
            self.report(path, f"{words}; {cure}" if cure else words)
            return None
        else:
            self.report(path, f"expected {advice.a(what)}; {advice.suggest('', table)}")
            return None
        if kind not in table:
            cure = "; ".join([advice.for_unknown(key, kind), *faults])
            self.report((*path, kind) if isinstance(value, dict) else path, f"no {what} {kind!r}; {cure}", at_key=True)
            return None
        return kind, given

    def _options(self, described: type[Described], given: Any, path: Path) -> dict[str, Any] | None:
        """Return the options as a mapping, whether written as one, as a bare value, or not at all."""
        if described.named:
            return self._by_name(described, given, path)
        if given is None:
            return {}
        if isinstance(given, dict):
            return dict(given)
        if described.shorthand is None:
            kind, options = described.kind, option_names(described)
            if described.one_of and isinstance(given, int | float) and not isinstance(given, bool):
                ways = " or ".join(f"{kind}: {{{name}: {shown(given)}}}" for name in described.one_of)
                self.report(path, f"{kind}: {shown(given)} may mean two things; write {ways}")
                return None
            takes = f"only options in braces: {kind}: {{{options[0]}: ...}}" if options else "no options"
            self.report(path, f"{kind} takes {takes}")
            return None
        return {described.shorthand: given}

    def _by_name(self, described: type[Described], given: Any, path: Path) -> dict[str, Any] | None:
        """Return the options, with those that have names of their own under the one that holds them."""
        kind, named = described.kind, str(described.named)
        if not isinstance(given, dict):
            self.report(path, f"{kind} takes branches by name, each a list: {kind}: {{a: [...], b: [...]}}")
            return None
        own = {name: value for name, value in given.items() if name != named and name in option_names(described)}
        return {**own, named: {name: value for name, value in given.items() if name not in own}}

    def _named(self, key: OneOf, lists: dict[str, Any], path: Path) -> tuple[tuple[str, tuple[Any, ...]], ...]:
        return tuple((name, self.many(key, value, (*path, name))) for name, value in lists.items())

    def _nested(
        self, key: OneOf, described: type[Described], name: str, value: Any, path: Path, bare: bool
    ) -> tuple[Any, ...]:
        """Build what the option holds that is for more of the kind."""
        if value == [] and name == described.nested[0]:
            self.report(path, f"{described.kind}: {name} should not be empty")
        return self.many(key, value, path if bare else (*path, name))


def _described(described: type[Described], options: dict[str, Any]) -> Described:
    """Make the description with these options. Raises ValidationError, or the ValueError of the description itself."""
    checked = options_model(described).model_validate(options)  # type: ignore[arg-type]  # mypy: not hashable
    return described(**{name: getattr(checked, name) for name in option_names(described)})


def _as_text(described: type[Described], options: dict[str, Any], name: Any) -> str | None:
    """Return what would be said of a number that is put in quotes, as it is to be said of it now; None for nothing."""
    text = str(options.get(name))
    for others in (options, {}):  # all of them, so that all is told at once, or it alone where others are no such
        try:
            _described(described, {**others, name: text})
        except ValidationError:
            continue
        except ValueError as error:
            return str(error).replace(repr(text), shown(options.get(name)))
    return None


def _frozen(value: Any) -> Any:
    """Turn lists into tuples, which is what descriptions hold."""
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value


@cache
def options_model(described: type[Described]) -> type[BaseModel]:
    """Make a model that checks options by a description's annotations, strictly: "3" is no number, 1 is not true."""
    hints = get_type_hints(described, include_extras=True)
    options = {
        field.name: (hints[field.name], ... if field.default is MISSING else field.default)
        for field in fields(described)
    }
    return create_model(
        described.__name__, __config__=ConfigDict(extra="forbid", strict=True, allow_inf_nan=False), **options
    )  # type: ignore[call-overload]
