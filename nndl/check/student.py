"""Layers from a student's own file, in the place of ours."""

import re
import sys
from collections.abc import Iterable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from nndl.check.contracts import with_pair
from nndl.errors import UsageError
from nndl.net.layer import Layer

HALF = re.compile("_(forward|backward)(_|$)")
"""The parts of the name of a pair's half."""


def load_file(path: Path) -> ModuleType:
    """Run a Python file and return it as a module. It may import its neighbours. Raises UsageError if it cannot run."""
    spec = spec_from_file_location(path.stem, path)
    if not path.is_file() or spec is None or spec.loader is None:
        raise UsageError(f"{path} is not a Python file")
    module = module_from_spec(spec)
    sys.path.insert(0, str(path.resolve().parent))
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise UsageError(f"{path} cannot be run: {type(error).__name__}: {error}") from error
    finally:
        sys.path.pop(0)
    return module


def passed_over(module: ModuleType, layers: Iterable[Layer]) -> list[str]:
    """Return the forward and backward functions that a file defines under names which no layer's pair has."""
    known = {half.__name__ for layer in layers for half in getattr(layer, "pair", ())}
    own = [name for name, value in vars(module).items() if getattr(value, "__module__", None) == module.__name__]
    return [name for name in own if HALF.search(name) and not name.startswith("_") and name not in known]


def replaced(layer: Layer, module: ModuleType) -> Layer | None:
    """Return `layer` with the functions of its pair's names from `module`; None when that has neither.

    Raises UsageError when it has one without the other.
    """
    ours = tuple(getattr(layer, "pair", ()))
    names = [half.__name__ for half in ours]
    found = [getattr(module, name, None) for name in names]
    found = [None if theirs in ours else theirs for theirs in found]  # what the file imports from us is not theirs
    if not any(found):
        return None
    if not all(callable(half) for half in found):
        missing = next(name for name, half in zip(names, found, strict=True) if not callable(half))
        raise UsageError(
            f"{module.__file__} has no function {missing}; a layer is checked as a pair, {' and '.join(names)}"
        )
    return with_pair(layer, found[0], found[1])  # type: ignore[arg-type]
