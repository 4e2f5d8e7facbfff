"""nndl: train CIFAR-10 convolutional networks from YAML, in NumPy layers you can check by hand."""

from typing import Any

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """The classifiers that a homework imports from the package itself, when asked for: `nndl --help` needs no NumPy."""
    if name in ("KNN", "SVM", "Softmax"):
        from importlib import import_module

        return getattr(import_module(f"nndl.{name.lower()}"), name)
    raise AttributeError(f"module 'nndl' has no attribute {name!r}")
