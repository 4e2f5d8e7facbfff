"""A run's record tells which build of which engine ran."""

import pytest

from nndl.engines import available, describe_engine, get_engine, set_threads
from nndl.engines.compiled import bindings
from nndl.engines.compiled.build import variants


def test_engines_in_python_have_no_build() -> None:
    told = describe_engine(get_engine("vectorized"))
    assert (told["engine"], told["instructions"], told["compiler"]) == ("vectorized", None, None)


def test_threads_are_those_set() -> None:
    set_threads(3)
    try:
        assert describe_engine(get_engine("reference"))["threads"] == 3
    finally:
        set_threads()


@pytest.mark.skipif("compiled" not in available(), reason="the kernels are not built")
def test_the_compiled_engine_names_instruction_set_and_compiler() -> None:
    told = describe_engine(get_engine("compiled"))
    assert told["instructions"] == bindings.instructions()
    assert told["instructions"] in variants()
    assert any(name in told["compiler"].lower() for name in ("gcc", "clang"))
