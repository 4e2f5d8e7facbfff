"""The C interface: every struct and the arguments of every kernel, as kernels/*.[ch] have them, written down once.

tests/engines/compiled/test_abi.py holds this to the sources.
"""

import ctypes
from ctypes import Structure, c_char, c_float, c_long, c_void_p
from typing import Any, ClassVar

import numpy as np

from nndl.net.types import Array


class Floats(c_void_p):
    """A pointer to float32 numbers, or NULL."""

    dtype: ClassVar[np.dtype[Any]] = np.dtype(np.float32)


class Doubles(c_void_p):
    """A pointer to float64 numbers, or NULL."""

    dtype: ClassVar[np.dtype[Any]] = np.dtype(np.float64)


class Ints(c_void_p):
    """A pointer to int32 numbers, or NULL."""

    dtype: ClassVar[np.dtype[Any]] = np.dtype(np.int32)


class Bytes(c_void_p):
    """A pointer to bytes, or NULL."""

    dtype: ClassVar[np.dtype[Any]] = np.dtype(np.uint8)


def address(array: Array | None, dtype: np.dtype[Any]) -> int | None:
    """Return the address of `array`; raises TypeError for one that a kernel would misread."""
    if array is None:
        return None
    if array.dtype != dtype or not array.flags.c_contiguous:
        raise TypeError(f"a kernel needs a contiguous array of {dtype}, not {array.dtype} {array.strides}")
    if not array.flags.writeable:
        return int(array.ctypes.data)
    buffer: Any = array
    return ctypes.addressof(c_char.from_buffer(buffer))  # a quarter of the time: there are a hundred to a step


class Record(Structure):
    """A struct of sizes, given in order or by name, and arrays by name; what is not given is 0 or NULL."""

    dtypes: ClassVar[dict[str, np.dtype[Any] | None]]
    """Of each field; None for a number."""

    def __init_subclass__(cls) -> None:
        cls.dtypes = {field[0]: getattr(field[1], "dtype", None) for field in cls._fields_}

    def __init__(self, *sizes: float, **named: Array | int | None) -> None:
        dtypes, passed = self.dtypes, {}
        for name, value in named.items():
            dtype = dtypes[name]
            passed[name] = value if dtype is None else address(value, dtype)  # type: ignore[arg-type]
        super().__init__(*sizes, **passed)
        self.arrays = named  # alive as long as their addresses are here


class Shape(Structure):
    """Sizes of a convolution."""

    _fields_: ClassVar = [
        *[(name, c_long) for name in ("images", "height", "width", "channels", "filters", "kernel", "stride", "pad")],
        *[(name, c_long) for name in ("out_height", "out_width", "tile", "edge")],
    ]


class AffineShape(Structure):
    """Sizes of an affine layer."""

    _fields_: ClassVar = [(name, c_long) for name in ("examples", "positions", "channels", "outputs")]


class PoolShape(Structure):
    """Sizes of a pooling."""

    _fields_: ClassVar = [
        *[(name, c_long) for name in ("images", "height", "width", "channels")],
        *[(f"{what}_{way}", c_long) for what in ("size", "step", "pad") for way in ("down", "across")],
        *[(name, c_long) for name in ("out_height", "out_width")],
    ]


class GroupedShape(Structure):
    """Sizes of a convolution in groups, by windows of any sides."""

    _fields_: ClassVar = [
        *[(name, c_long) for name in ("images", "height", "width", "channels", "filters", "groups")],
        *[(f"{what}_{way}", c_long) for what in ("size", "step", "pad", "dilation") for way in ("down", "across")],
        *[(name, c_long) for name in ("out_height", "out_width")],
    ]


class Finish(Record):
    """The finishing of a convolution's outputs: kernels/convolution.h says what each field means."""

    _fields_: ClassVar = [
        ("y", Floats),
        ("scale", Floats),
        ("bias", Floats),
        ("sums", Doubles),
        *[(name, c_long) for name in ("sums_of_best", "relu", "pool")],
        ("order", Floats),
        ("best", Floats),
        ("index", Bytes),
    ]


class Unpool(Record):
    """Gradients of pooled outputs, to be spread over an image (N, H, W, C): kernels/unpool.h."""

    _fields_: ClassVar = [
        *[(name, c_long) for name in ("images", "height", "width", "channels", "pool", "relu")],
        ("below", c_float),
        *[(name, Floats) for name in ("dout", "best")],
        ("index", Bytes),
        *[(name, Floats) for name in ("x", "mean", "scale", "shift", "k", "c")],
    ]


IDENTITY, RELU, GELU, SILU, LEAKY_RELU, SIGMOID, TANH, ELU, RELU6, HARD_SIGMOID, HARD_SWISH = range(11)
"""The activations, as kernels/activation.h counts them."""

SGD, SGD_MOMENTUM, SGD_NESTEROV_MOMENTUM, RMSPROP, ADAM, SGD_PYTORCH, LION = range(7)
"""The formulas of updates, as kernels/update.c counts them."""

NO_RELU, RELU_BEHIND, RELU_BEFORE = range(3)
"""The places of a ReLU beside a pooling, as kernels/activation.h counts."""

SIGNATURES: dict[str, tuple[type, ...]] = {
    "set_threads": (c_long,),
    "winograd_forward": (Shape, Floats, Floats, Finish),
    "winograd_input_gradient": (Shape, Floats, Unpool, Floats, Floats),
    "winograd_weight_gradient": (Shape, Floats, Floats, Unpool, Floats),
    "direct_forward": (Shape, Floats, c_long, Floats, Finish),
    "row_winograd_forward": (Shape, Floats, c_long, Floats, Finish),
    "direct_input_gradient": (Shape, Floats, Floats, Floats),
    "direct_weight_gradient": (Shape, Floats, c_long, Floats, Unpool, Floats),
    "sparse_weight_gradient": (Shape, Floats, c_long, c_long, Floats, Bytes, Floats, c_long, Floats, Floats),
    "affine_forward": (AffineShape, *[Floats] * 3, c_long, Floats),
    "affine_weight_gradient": (AffineShape, *[Floats] * 3),
    "affine_input_gradient": (AffineShape, *[Floats] * 3),
    "norm_forward": (c_long, c_long, *[Floats] * 4, c_long, c_float, Floats),
    "norm_sums": (c_long, c_long, *[Floats] * 5, c_long, c_float, Doubles),
    "norm_backward": (c_long, c_long, *[Floats] * 7, c_long, c_float, Floats),
    "unpool": (Unpool, Floats),
    "depthwise_forward": (GroupedShape, *[Floats] * 4),
    "depthwise_backward": (GroupedShape, *[Floats] * 5),
    "grouped_forward": (GroupedShape, *[Floats] * 4),
    "grouped_backward": (GroupedShape, *[Floats] * 5),
    "max_pool": (PoolShape, Floats, Floats, Bytes),
    "max_pool_backward": (PoolShape, Floats, Bytes, Floats),
    "avg_pool": (PoolShape, Floats, Floats),
    "avg_pool_backward": (PoolShape, Floats, Floats),
    "global_max": (*[c_long] * 3, Floats, Floats, Ints),
    "global_max_backward": (*[c_long] * 3, Floats, Ints, Floats),
    "group_norm": (*[c_long] * 4, *[Floats] * 3, c_float, c_long, c_float, *[Floats] * 3),
    "group_norm_backward": (*[c_long] * 4, *[Floats] * 4, c_long, c_float, *[Floats] * 3, Doubles),
    "dropout_draw": (*[c_long] * 3, Bytes, Bytes, c_long, c_long, Bytes),
    "dropout": (c_long, c_float, Floats, Bytes, Floats),
    "multiply_adds": (c_long, Doubles),
    "update": (c_long, c_long, Ints, *[Floats] * 5, Doubles),
    "activation": (c_long, Floats, Floats, c_long, c_float, Floats),
}
"""The arguments of each kernel nndl_*, structs by reference. Which arrays may be None, kernels/*.c says."""

BFLOAT16 = (
    *("winograd_forward", "winograd_weight_gradient", "winograd_input_gradient", "direct_forward"),
    *("affine_forward", "affine_weight_gradient", "affine_input_gradient"),
)
"""The kernels that the build for AVX-512 BF16 has a second time, called *_bfloat16, with the same arguments."""
