"""The builds of the kernels, and the one in use: `kernels().winograd_forward(shape, x, w, finish)`.

Builds of one source lie beside this file, for AVX-512 with and without BF16, for AVX2 and for any processor of its
kind; the last one is asked what this processor has. Arrays are checked for dtype and contiguity, their sizes are the
caller's business.
"""

import ctypes
import os
from collections.abc import Callable
from ctypes import POINTER, Structure, c_char_p, c_long
from functools import cache
from typing import Any

from threadpoolctl import ThreadpoolController

from nndl.engines.compiled.abi import BFLOAT16, SIGNATURES, address
from nndl.engines.compiled.build import digest, library_path, variants
from nndl.engines.shared.threads import thread_count
from nndl.errors import ConfigError
from nndl.net.turn import Turn

BF16_INSTRUCTIONS = "avx512_bf16"


_turn = Turn()
"""Kernels share threads and memory: calls from several Python threads take turns."""

if hasattr(os, "register_at_fork"):
    # A fork waits until no kernel runs: what a child inherits of the kernels' threads and memory is then whole.
    os.register_at_fork(before=lambda: _turn.lock.acquire(), after_in_parent=lambda: _turn.lock.release())


class Kernels:
    """The functions of one build, on as many threads as `set_threads` said last."""

    def __init__(self, variant: str) -> None:
        self.variant = variant
        self._library = ctypes.CDLL(str(library_path(variant)))
        self._threads = 0
        for name, signature in SIGNATURES.items():
            setattr(self, name, self._function(name, signature))
        for name in BFLOAT16 if variant == BF16_INSTRUCTIONS else ():
            setattr(self, f"{name}_bfloat16", self._function(f"{name}_bfloat16", SIGNATURES[name]))

    def __getattr__(self, name: str) -> Callable[..., None]:
        raise AttributeError(f"there is no kernel called {name!r}")

    def _function(self, name: str, signature: tuple[type, ...]) -> Callable[..., None]:
        function = getattr(self._library, f"nndl_{name}")
        function.restype = None
        function.argtypes = [POINTER(kind) if issubclass(kind, Structure) else kind for kind in signature]
        dtypes = [getattr(kind, "dtype", None) for kind in signature]

        def call(*arguments: Any) -> None:
            passed = [a if dtype is None else address(a, dtype) for a, dtype in zip(arguments, dtypes, strict=True)]
            with _turn.lock:
                self._take_threads()
                function(*passed)

        return call

    def _take_threads(self) -> None:
        if self._threads != thread_count():
            self._threads = thread_count()
            self._library.nndl_set_threads(c_long(self._threads))


@cache
def is_built() -> bool:
    """Tell whether the kernels have been compiled for this installation, from the sources that are here now."""
    return _is_current("baseline")


def _is_current(variant: str) -> bool:
    """Tell whether there is a build for `variant` from the sources that are here now."""
    try:
        return _ask("nndl_sources", variant) == digest()
    except (OSError, AttributeError):  # not there, or for another system, or older than the question
        return False


def _ask(question: str, variant: str = "baseline") -> str:
    """Return what a build answers: any may be asked, but for those of instruction sets that the processor lacks."""
    function = getattr(ctypes.CDLL(str(library_path(variant))), question)
    function.restype = c_char_p
    return str(function().decode())


@cache
def instructions() -> str:
    """Return the best instruction set that this processor has and a build is for: "avx512_bf16", ..., "baseline".

    The environment variable NNDL_INSTRUCTIONS chooses another, to compare or to look for a fault. Raises ConfigError
    for one that is none, that the processor does not have, or that no build is for.
    """
    here = list(variants())[list(variants()).index(_ask("nndl_instructions")) :]
    if not (chosen := os.environ.get("NNDL_INSTRUCTIONS")):
        return next(variant for variant in here if _is_current(variant))
    if chosen not in variants():
        raise ConfigError(f"NNDL_INSTRUCTIONS is one of {', '.join(variants())} here, not {chosen!r}")
    if chosen not in here:
        raise ConfigError(f"this processor has no {chosen}: NNDL_INSTRUCTIONS is one of {', '.join(here)} on it")
    if not _is_current(chosen):
        raise ConfigError(
            f"NNDL_INSTRUCTIONS={chosen}: no kernels are built for it; python -m nndl.engines.compiled does"
        )
    return chosen


@cache
def compiler() -> str:
    """Return what compiled the kernels: "gcc 13.3.0"."""
    return _ask("nndl_compiler")


_in_use: Kernels | None = None


def kernels() -> Kernels:
    """Return the kernels in use, loaded at first use. BLAS is held to one thread then: two pools hinder each other."""
    if _in_use is None:
        with _turn.lock:
            if _in_use is None:
                ThreadpoolController().limit(limits=1, user_api="blas")
                use(instructions())
    assert _in_use is not None
    return _in_use


def use(variant: str) -> None:
    """Compute with the build for `variant` from now on."""
    global _in_use
    _in_use = Kernels(variant)
