"""nndl: train CIFAR-10 convolutional networks from YAML, in NumPy layers you can check by hand.

From Python: `from nndl import load_config, build, train, load_run` (see `nndl.api`).
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nndl.api import Dataset, Run, build, load_config, load_run, register, train

__all__ = ["Dataset", "Run", "build", "load_config", "load_run", "register", "train"]
__version__ = "0.1.0"


class _Training(ModuleType):
    """The package `nndl.train`, which is the function `nndl.api.train` too, and is documented as that."""

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        return import_module("nndl.api").train(*arguments, **options)

    @property
    def __signature__(self) -> Any:
        return import_module("inspect").signature(import_module("nndl.api").train)

    @property
    def __doc__(self) -> str:  # type: ignore[override]
        words = import_module("inspect").getdoc(import_module("nndl.api").train) or ""
        first, _, others = words.partition("\n\n")
        return f"{first}\n\nnndl.train{self.__signature__}\n\n{others}"


class _Package(ModuleType):
    """This package: `train` is callable however it came to be imported, and knows nothing of who calls it."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "train" and isinstance(value, ModuleType):
            value.__class__ = _Training
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def __getattr__(name: str) -> Any:
    """Import what lies deeper when asked for it: `nndl --help` needs no NumPy. KNN, SVM, Softmax are for homeworks."""
    if name == "train":
        return import_module("nndl.train")
    if name in __all__:
        return getattr(import_module("nndl.api"), name)
    if name in ("KNN", "SVM", "Softmax"):
        return getattr(import_module(f"nndl.{name.lower()}"), name)
    raise AttributeError(f"module 'nndl' has no attribute {name!r}")
