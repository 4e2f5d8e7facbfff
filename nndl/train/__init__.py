"""Training: the solver and its events. Called, `nndl.train(experiment)`, it trains: that is `nndl.api.train`."""

import sys
from importlib import import_module
from types import ModuleType
from typing import Any


class _Training(ModuleType):
    """A package that can be called: `from nndl import train` gives it once anything in it was imported."""

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        return import_module("nndl.api").train(*arguments, **options)


sys.modules[__name__].__class__ = _Training
