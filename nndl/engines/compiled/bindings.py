"""The compiled kernels as Python functions: `kernels().winograd_forward(shape, x, w, finish)`.

Builds of one source lie beside this file, for AVX-512 with and without BF16, for AVX2 and for any processor of its
kind; the last one is asked what this processor has. Arrays are checked for dtype and contiguity, their sizes are the
caller's business.
"""

import ctypes
import os
from collections.abc import Callable
from ctypes import POINTER, Structure, c_char, c_char_p, c_double, c_float, c_long, c_uint8, c_void_p
from functools import cache
from threading import Lock
from typing import Any

import numpy as np
from threadpoolctl import ThreadpoolController

from nndl.engines.compiled.build import digest, library_path, variants
from nndl.engines.shared.threads import cores
from nndl.errors import ConfigError
from nndl.net.types import Array


class Shape(Structure):
    """Sizes of a convolution, as kernels/convolution.h has them."""

    _fields_ = [
        (name, c_long)
        for name in (
            *("images", "height", "width", "channels"),
            *("filters", "kernel", "stride", "pad", "out_height", "out_width"),
        )
    ]


class AffineShape(Structure):
    """Sizes of an affine layer."""

    _fields_ = [(name, c_long) for name in ("examples", "positions", "channels", "outputs")]


class Unpool(Structure):
    """Gradients of pooled outputs, as kernels/unpool.h has them."""

    _fields_ = [
        *((name, c_long) for name in ("images", "height", "width", "channels", "pool", "relu")),
        *((name, c_void_p) for name in ("dout", "best", "index", "x", "mean", "scale", "shift", "k", "c")),
    ]


class Finish(Structure):
    """What is wanted of a convolution's outputs, as kernels/convolution.h has it."""

    _fields_ = [
        ("y", c_void_p),
        ("bias", c_void_p),
        ("sums", c_void_p),
        ("sums_of_best", c_long),
        ("relu", c_long),
        ("pool", c_long),
        ("order", c_void_p),
        ("best", c_void_p),
        ("index", c_void_p),
    ]


IDENTITY, RELU, GELU, SILU = range(4)
"""What stands behind a batch norm, as kernels/activation.h counts."""

_FLOATS, _DOUBLES, _BYTES, _NUMBER = POINTER(c_float), POINTER(c_double), POINTER(c_uint8), c_long
_DTYPES = {_FLOATS: np.dtype(np.float32), _DOUBLES: np.dtype(np.float64), _BYTES: np.dtype(np.uint8)}
_SHAPE, _FINISH, _AFFINE, _UNPOOL = POINTER(Shape), POINTER(Finish), POINTER(AffineShape), POINTER(Unpool)

SIGNATURES: dict[str, tuple[Any, ...]] = {
    "set_threads": (_NUMBER,),
    "winograd_forward": (_SHAPE, _FLOATS, _FLOATS, _FINISH),
    "winograd_input_gradient": (_SHAPE, _FLOATS, _UNPOOL, _FLOATS, _FLOATS),
    "winograd_weight_gradient": (_SHAPE, _FLOATS, _FLOATS, _UNPOOL, _FLOATS),
    "direct_forward": (_SHAPE, _FLOATS, _NUMBER, _FLOATS, _FINISH),
    "row_winograd_forward": (_SHAPE, _FLOATS, _NUMBER, _FLOATS, _FINISH),
    "direct_input_gradient": (_SHAPE, _FLOATS, _FLOATS, _FLOATS),
    "direct_weight_gradient": (_SHAPE, _FLOATS, _NUMBER, _FLOATS, _UNPOOL, _FLOATS),
    "sparse_weight_gradient": (
        *(_SHAPE, _FLOATS, _NUMBER, _NUMBER),
        *(_FLOATS, _BYTES, _FLOATS, _NUMBER, _FLOATS, _FLOATS),
    ),
    "affine_forward": (_AFFINE, _FLOATS, _FLOATS, _FLOATS, _NUMBER, _FLOATS),
    "affine_weight_gradient": (_AFFINE, _FLOATS, _FLOATS, _FLOATS),
    "affine_input_gradient": (_AFFINE, _FLOATS, _FLOATS, _FLOATS),
    "norm_forward": (_NUMBER, _NUMBER, *[_FLOATS] * 4, _NUMBER, _FLOATS),
    "norm_sums": (_NUMBER, _NUMBER, *[_FLOATS] * 5, _NUMBER, _DOUBLES),
    "norm_backward": (_NUMBER, _NUMBER, *[_FLOATS] * 7, _NUMBER, _FLOATS),
    "unpool": (_UNPOOL, _FLOATS),
    "multiply_adds": (_NUMBER, _DOUBLES),
    "activation": (_NUMBER, _FLOATS, _FLOATS, _NUMBER, _FLOATS),
}
"""The arguments of each kernel. Arrays may be None where kernels/*.c says so."""

BFLOAT16 = ("direct_forward", "affine_forward", "affine_weight_gradient", "affine_input_gradient")
"""The kernels that the build for BF16_INSTRUCTIONS has a second time, called *_bfloat16, with the same arguments."""

BF16_INSTRUCTIONS = "avx512_bf16"


def address(array: Array | None, dtype: Any = np.float32) -> int | None:
    """Where `array` begins; raises TypeError for one that a kernel would misread."""
    if array is None:
        return None
    if array.dtype != dtype or not array.flags.c_contiguous:
        raise TypeError(f"a kernel needs a contiguous array of {np.dtype(dtype)}, not {array.dtype} {array.strides}")
    if not array.flags.writeable:
        return int(array.ctypes.data)
    buffer: Any = array
    return ctypes.addressof(c_char.from_buffer(buffer))  # a quarter of the time: there are a hundred to a step


def finish(
    *,
    y: Array | None = None,
    bias: Array | None = None,
    sums: Array | None = None,
    sums_of_best: bool = False,
    relu: bool = False,
    pool: int = 0,
    order: Array | None = None,
    best: Array | None = None,
    index: Array | None = None,
) -> Finish:
    """A Finish of arrays, which the caller keeps alive."""
    return Finish(
        address(y),
        address(bias),
        address(sums, np.float64),
        sums_of_best,
        relu,
        pool,
        address(order),
        address(best),
        address(index, np.uint8),
    )


def unpooled(
    shape: tuple[int, ...],
    pool: int,
    dout: Array,
    index: Array,
    *,
    best: Array | None = None,
    relu: bool = False,
    **norm: Array,
) -> Unpool:
    """An Unpool to (N, H, W, C) = shape of arrays, which the caller keeps alive; `norm` has x, mean, scale, k, c."""
    places = {name: address(array) for name, array in {"dout": dout, "best": best, **norm}.items()}
    return Unpool(*shape, pool, relu, index=address(index, np.uint8), **places)


class Kernels:
    """The functions of one build. Calls from several Python threads take turns: they share threads and memory."""

    def __init__(self, variant: str) -> None:
        self.variant = variant
        self._library = ctypes.CDLL(str(library_path(variant)))
        self._turn = Lock()
        for name, signature in SIGNATURES.items():
            setattr(self, name, self._function(name, signature))
        for name in BFLOAT16 if variant == BF16_INSTRUCTIONS else ():
            setattr(self, f"{name}_bfloat16", self._function(f"{name}_bfloat16", SIGNATURES[name]))

    def __getattr__(self, name: str) -> Callable[..., None]:
        raise AttributeError(f"there is no kernel called {name!r}")

    def _function(self, name: str, signature: tuple[Any, ...]) -> Callable[..., None]:
        function = getattr(self._library, f"nndl_{name}")
        function.restype = None
        function.argtypes = [c_void_p if kind in _DTYPES else kind for kind in signature]
        dtypes = [_DTYPES.get(kind) for kind in signature]

        def call(*arguments: Any) -> None:
            passed = [a if dtype is None else address(a, dtype) for a, dtype in zip(arguments, dtypes, strict=True)]
            with self._turn:
                function(*passed)

        return call


@cache
def is_built() -> bool:
    """Whether the kernels have been compiled for this installation, from the sources that are here now."""
    try:
        return _ask("nndl_sources") == digest()
    except (OSError, AttributeError):  # not there, or for another system, or older than the question
        return False


def _ask(question: str) -> str:
    """What the portable build answers."""
    function = getattr(ctypes.CDLL(str(library_path("baseline"))), question)
    function.restype = c_char_p
    return str(function().decode())


@cache
def instructions() -> str:
    """The best instruction set that this processor has: "avx512_bf16", "avx512", "avx2" or "baseline".

    The environment variable NNDL_INSTRUCTIONS chooses another, to compare or to look for a fault.
    """
    chosen = os.environ.get("NNDL_INSTRUCTIONS")
    if chosen and chosen not in variants():
        raise ConfigError(f"NNDL_INSTRUCTIONS is one of {', '.join(variants())} here, not {chosen!r}")
    if chosen:
        return chosen
    best = list(variants())[list(variants()).index(_ask("nndl_instructions")) :]
    return next(variant for variant in best if library_path(variant).exists())


@cache
def compiler() -> str:
    """What compiled the kernels: "gcc 13.3.0"."""
    return _ask("nndl_compiler")


class _State:
    """Which build is in use, and on how many threads."""

    def __init__(self) -> None:
        self.kernels: Kernels | None = None
        self.threads = cores()


_state = _State()


def kernels() -> Kernels:
    """The kernels in use, loaded at first use. BLAS is held to one thread then: two pools hinder each other."""
    if _state.kernels is None:
        ThreadpoolController().limit(limits=1, user_api="blas")
        use(instructions())
    assert _state.kernels is not None
    return _state.kernels


def use(variant: str) -> None:
    """Compute with the build for `variant` from now on."""
    _state.kernels = Kernels(variant)
    _state.kernels.set_threads(_state.threads)


def thread_count() -> int:
    """How many threads the kernels run on."""
    return _state.threads


def set_threads(count: int | None = None) -> None:
    """Run kernels on `count` threads from now on; by default on all cores this process may use."""
    if count is not None and count < 1:
        raise ValueError(f"threads is a number from 1 up, not {count}")
    _state.threads = count or cores()
    if _state.kernels is not None:
        _state.kernels.set_threads(_state.threads)
