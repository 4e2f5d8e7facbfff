"""nndl: train CIFAR-10 convolutional networks from YAML, in NumPy layers you can check by hand.

From Python: `from nndl import load_config, build, train, load_run` (see `nndl.api`).
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nndl.api import Run, build, load_config, load_run, train

__all__ = ["Run", "build", "load_config", "load_run", "train"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Import what lies deeper when asked for it: `nndl --help` needs no NumPy. KNN, SVM, Softmax are for homeworks.

    `train` is both the function and the package `nndl.train`, which can therefore be called.
    """
    if name == "train":
        return import_module("nndl.train")
    if name in __all__:
        return getattr(import_module("nndl.api"), name)
    if name in ("KNN", "SVM", "Softmax"):
        return getattr(import_module(f"nndl.{name.lower()}"), name)
    raise AttributeError(f"module 'nndl' has no attribute {name!r}")
