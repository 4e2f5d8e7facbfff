"""A judgement on descriptions of one's own: their name, their options, and what their kind must have."""

import contextlib
import inspect
import re
import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import ConfigDict, TypeAdapter, ValidationError

from nndl.described import Described
from nndl.errors import ConfigError
from nndl.net.layer import Layer, Pair

KIND = re.compile(r"[a-z][a-z0-9_]{0,59}")
RESERVED = ("all", "name", "classes", "latest")
"""Words that stand for something else where a kind may be named."""
PLAIN = (bool, int, float, str, type(None))
OVERRIDES = {"optimizer": "update", "schedule": "__call__", "augmentation": "apply", "observer": "watch"}
"""The method that a description of one's own must have, by what it describes."""
METHODS = {
    "out_shape": ("shape",),
    "initial_params": ("shape", "random"),
    "buffers": ("shape",),
    "drawn": ("shape",),
    "options": (),
    "arguments": ("params", "param_dict"),
    "in_evaluation": (),
    "is_plain": (),
    "macs": ("shape",),
    "onnx": ("graph", "placed", "x"),
    "pytorch": (),
}
"""The methods that a layer may have, and what they are given after self."""
STREAMS = 1 << 32
"""The streams of random numbers from which on those of one's own augmentations are; nndl's own are below."""
STRICT = ConfigDict(strict=True, allow_inf_nan=False)
ENGINES = ("reference", "vectorized", "compiled", "compiled_bf16")


def refuse_unfit(described: type[Any], what: str) -> None:
    """Raise ConfigError, beginning with the class's name, for a description that configs cannot name or hold."""
    try:
        _check_kind(described)
        _check_options(described)
        if what == "layer":
            _check_layer(described)
        else:
            _check_method(described, what)
    except ConfigError as error:
        raise ConfigError(f"{described.__name__}: {error}") from None


def _check_kind(described: type[Described]) -> None:
    kind = vars(described).get("kind")
    if not isinstance(kind, str) or not KIND.fullmatch(kind):
        said = "it has no kind" if kind is None else f"kind {kind!r} is no such name"
        raise ConfigError(f"{said}; kind = 'swish' is what configs call it: small letters, digits and _")
    if kind in RESERVED:
        raise ConfigError(f"kind {kind!r} means something else; choose another")
    if described.nested or described.named:
        raise ConfigError("a part of one's own holds no list of parts (nested, named)")
    unknown = [name for name in (described.shorthand, described.counts_classes, *described.one_of) if name]
    names = [field.name for field in fields(described)]
    if absent := next((name for name in unknown if name not in names), None):
        raise ConfigError(f"there is no option {absent!r}, which shorthand, counts_classes or one_of names")


def _check_options(described: type[Described]) -> None:
    try:
        hints = get_type_hints(described, include_extras=True)
    except Exception as error:  # whatever the annotations run into
        raise ConfigError(f"the types of its options cannot be told: {error}") from None
    for field in fields(described):
        if owner := _method_of(described, field.name):
            raise ConfigError(f"option {field.name!r} has the name of what every {owner} has; choose another")
        if field.default_factory is not MISSING:
            raise ConfigError(f"option {field.name!r} has a default_factory; give it a plain default, such as a tuple")
        if not _is_sayable(hints[field.name]):
            raise ConfigError(
                f"option {field.name!r} is of type {_shown(hints[field.name])}, which no config can say; options are "
                "bool, int, float, str, Literal, None, or tuples of these"
            )
    _check_defaults(described, hints)


def _check_defaults(described: type[Described], hints: Mapping[str, Any]) -> None:
    """Refuse a default that no config could give."""
    for field in fields(described):
        if field.default is MISSING:
            continue
        try:
            TypeAdapter(hints[field.name], config=STRICT).validate_python(field.default)
        except ValidationError as error:
            words = error.errors()[0]["msg"].replace("Input", "it")
            raise ConfigError(f"option {field.name!r} has the default {field.default!r}, and {words}") from None


def _method_of(described: type[Described], name: str) -> str | None:
    """Return the class of nndl's that has a method or constant of this name, which an option would hide."""
    bases = [each for each in described.__mro__[1:] if each.__module__.startswith("nndl.")]
    options = {field.name for each in bases if is_dataclass(each) for field in fields(each)}
    return next((each.__name__ for each in bases if name in vars(each) and name not in options), None)


def _is_sayable(annotation: Any) -> bool:
    """Tell whether a value of this type can stand in YAML and be held by a frozen description."""
    origin, inside = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _is_sayable(inside[0])
    if origin is Literal:
        return all(isinstance(value, PLAIN) for value in inside)
    if origin in (Union, types.UnionType):
        return all(map(_is_sayable, inside))
    if origin is tuple:
        return all(each is ... or _is_sayable(each) for each in inside)
    return annotation in PLAIN or annotation is None


def _shown(annotation: Any) -> str:
    return annotation.__name__ if inspect.isclass(annotation) and not get_args(annotation) else str(annotation)


def _check_layer(described: type[Layer]) -> None:
    pair = getattr(described, "pair", None)
    if not (isinstance(pair, Pair) and callable(pair.forward) and callable(pair.backward)):
        raise ConfigError("it has no pair; pair = Pair(swish_forward, swish_backward) is its definition")
    if not _positional(pair.forward):
        raise ConfigError(f"{_name(pair.forward)} takes no x; it is forward(x, ...) -> (out, cache)")
    if not _takes(pair.backward, 2):
        raise ConfigError(f"{_name(pair.backward)} is backward(dout, cache) -> dx, or (dx, dw, ...)")
    for name, wanted in METHODS.items():
        method = vars(described).get(name)
        if method is not None and not (callable(method) and _takes(method, 1 + len(wanted))):
            raise ConfigError(f"{name} is a method, {name}({', '.join(('self', *wanted))})")
    if not isinstance(described.draws, bool):
        raise ConfigError(f"draws is True or False, not {described.draws!r}")
    _check_mappings(described)
    for name in ("gradients", "decays"):
        _check_names(name, getattr(described, name), "('w', 'b')")


def _check_names(name: str, value: Any, such: str) -> None:
    if not (isinstance(value, tuple) and all(isinstance(each, str) for each in value)):
        raise ConfigError(f"{name} is a tuple of names, such as {such}, not {value!r}")
    odd = next((each for each in value if not each.isidentifier() or value.count(each) > 1), None)
    if odd is not None:
        said = "twice" if odd.isidentifier() else "as a name, which has letters, digits and _ only"
        raise ConfigError(f"{name} has {odd!r} {said}")


def _is_stream(value: Any) -> bool:
    return isinstance(value, int) and value >= STREAMS


def _check_mappings(described: type[Layer]) -> None:
    lowerings, example = described.lowerings, described.example
    if not (isinstance(lowerings, Mapping) and all(map(callable, lowerings.values()))):
        raise ConfigError("lowerings is a mapping of functions, by the engine: {'vectorized': lower}")
    if strange := next((name for name in lowerings if name not in ENGINES), None):
        raise ConfigError(f"lowerings names {strange!r}; the engines are {', '.join(ENGINES)}")
    if not isinstance(example, Mapping):
        raise ConfigError(f"example is a mapping of options, such as {{'beta': 2.0}}, not {example!r}")
    names = [field.name for field in fields(described)]
    if strange := next((name for name in example if name not in names), None):
        raise ConfigError(f"example names {strange!r}, which is no option; there are {', '.join(names)}")


def _check_method(described: type[Any], what: str) -> None:
    name = OVERRIDES[what]
    base = next(each for each in described.__mro__ if each.__module__.startswith("nndl."))
    own, theirs = getattr(described, name), getattr(base, name)
    if own is theirs and (getattr(own, "__isabstractmethod__", False) or base.__base__ is Described):
        raise ConfigError(f"it has no {name}(); {_signature(name, theirs)} is what it does")
    if getattr(described, "whole_filters", False):
        raise ConfigError("whole_filters is for nndl's own rules")
    if what == "optimizer":
        _check_names("memory", described.memory, "('velocity',)")
    if what == "augmentation" and not _is_stream(getattr(described, "stream", STREAMS)):
        raise ConfigError("stream is a number that nndl.register gives; leave it out")
    count = len(inspect.signature(theirs).parameters)
    if own is not theirs and not _takes(own, count):
        raise ConfigError(f"{_signature(name, own)} should be {_signature(name, theirs)}")


def _signature(name: str, function: Callable[..., Any]) -> str:
    return f"{name}({', '.join(inspect.signature(function).parameters)})"


def _name(function: Callable[..., Any]) -> str:
    return getattr(function, "__name__", repr(function))


def _positional(function: Callable[..., Any]) -> bool:
    """Tell whether anything can be given by its place; yes where that cannot be told."""
    with contextlib.suppress(ValueError):  # of a function written in C
        kinds = [each.kind for each in inspect.signature(function).parameters.values()]
        return any(kind.name.startswith(("POSITIONAL", "VAR_POSITIONAL")) for kind in kinds)
    return True


def _takes(function: Callable[..., Any], count: int) -> bool:
    """Tell whether so many arguments can be given in order; yes where that cannot be told."""
    try:
        inspect.signature(function).bind(*[None] * count)
    except TypeError:
        return False
    except ValueError:  # of a function written in C
        return True
    return True
