"""The table of the C interface is what the sources say."""

import re
from ctypes import Structure, c_float, c_long
from pathlib import Path

import numpy as np
import pytest

from nndl.engines.compiled import abi
from nndl.engines.compiled.bindings import kernels, use
from nndl.engines.compiled.build import HERE
from tests.engines.compiled.variants import runnable

STRUCTS: dict[str, type[Structure]] = {
    struct.__name__: struct
    for struct in (abi.Shape, abi.AffineShape, abi.PoolShape, abi.GroupedShape, abi.Finish, abi.Unpool)
}
KINDS = {"long": c_long, "float": c_float, "float *": abi.Floats, "double *": abi.Doubles}
KINDS |= {"uint8_t *": abi.Bytes, "int32_t *": abi.Ints}
KINDS |= {f"{name} *": struct for name, struct in STRUCTS.items()}


def sources() -> dict[str, str]:
    """The kernels by file name, without comments."""
    paths = sorted(Path(HERE / "kernels").glob("*.[ch]"))
    return {path.name: re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL) for path in paths}


def declared(text: str) -> list[tuple[str, type]]:
    """(name, kind) of each variable in declarations: "const float *x, *mean; long pool;"."""
    found = []
    for declaration in filter(None, map(str.strip, text.split(";"))):
        kind, names = re.fullmatch(r"(?:const )?(\w+) (.+)", declaration, re.DOTALL).groups()  # type: ignore[union-attr]
        for name in re.split(r",\s*", names):
            pointer = name.startswith("*")
            found.append((name.lstrip("*"), KINDS[f"{kind} *" if pointer else kind]))
    return found


def prototypes() -> dict[str, tuple[type, ...]]:
    """The kinds of arguments of every function nndl_* that returns nothing."""
    whole = "\n".join(sources().values())
    found = re.findall(r"^void nndl_(\w+)\(([^)]*)\) \{", whole, re.MULTILINE)
    return {name: tuple(kind for _, kind in declared(arguments.replace(",", ";"))) for name, arguments in found}


@pytest.mark.parametrize("name", STRUCTS)
def test_structs_have_the_fields_of_the_sources(name: str) -> None:
    [body] = [m for text in sources().values() for m in re.findall(rf"typedef struct \{{([^}}]*)\}} {name};", text)]
    assert list(STRUCTS[name]._fields_) == declared(body)


def test_signatures_are_the_prototypes_of_the_sources() -> None:
    twice = {f"{name}_bfloat16": abi.SIGNATURES[name] for name in abi.BFLOAT16}
    assert prototypes() == {**abi.SIGNATURES, **twice}


def test_names_are_counted_as_in_the_sources() -> None:
    enums = re.findall(r"enum \{ (.*?) \};", sources()["activation.h"])
    counted = {name: count for names in enums for count, name in enumerate(names.split(", "))}
    assert len(counted) == 14
    assert {name: getattr(abi, name) for name in counted} == counted


def test_a_struct_keeps_its_arrays_and_says_nothing_of_the_rest() -> None:
    finish = abi.Finish(y=np.ones(3, np.float32), pool=2)
    assert finish.pool == 2
    assert finish.y.value == finish.arrays["y"].ctypes.data
    assert not finish.bias
    with pytest.raises(KeyError, match="sum"):
        abi.Finish(sum=np.ones(3))


@pytest.mark.parametrize("array", [np.ones(4), np.ones((4, 4), np.float32).T[:, :2], np.ones(8, np.float32)[::2]])
def test_an_array_that_would_be_misread_is_refused(array: np.ndarray) -> None:
    with pytest.raises(TypeError, match="needs a contiguous array of float32"):
        abi.Finish(y=array)
    with pytest.raises(TypeError, match="needs a contiguous array of float32"):
        kernels().activation(array.size, array, None, abi.RELU, 0, array)


def test_there_is_no_other_kernel() -> None:
    use(runnable()[-1])
    with pytest.raises(AttributeError, match="no kernel called 'direct_forward_bfloat16'"):
        kernels().direct_forward_bfloat16  # noqa: B018
