"""The engines a network can be run by, by name."""

from typing import Any

from nndl.engines.shared.threads import set_threads, thread_count
from nndl.errors import ConfigError
from nndl.net.contract import Engine

__all__ = ["available", "choices", "describe_engine", "get_engine", "has_bfloat16", "set_threads", "why_not"]


def available() -> tuple[str, ...]:
    """List the engines that this installation has, slowest first."""
    from nndl.engines.compiled import is_built

    return ("reference", "vectorized", "compiled") if is_built() else ("reference", "vectorized")


def choices() -> tuple[str, ...]:
    """List the engines that can be asked for here: those available, and one that rounds, which `auto` never takes."""
    return (*available(), "compiled_bf16") if has_bfloat16() else available()


def has_bfloat16() -> bool:
    """Tell whether the compiled engine can round to bfloat16 here."""
    from nndl.engines.compiled import bindings

    return bindings.is_built() and bindings.instructions() == bindings.BF16_INSTRUCTIONS


def get_engine(name: str = "auto") -> Engine:
    """Return the engine called `name`; "auto" is the fastest there is in full precision.

    Raises ConfigError for a name that is none, and for an engine that this installation or processor does not have.
    """
    from nndl.engines.compiled import COMPILED, COMPILED_BF16
    from nndl.engines.reference import REFERENCE
    from nndl.engines.vectorized import VECTORIZED

    if name == "auto":
        name = available()[-1]
    if name not in choices():
        raise ConfigError(why_not(name))
    return {engine.name: engine for engine in (REFERENCE, VECTORIZED, COMPILED, COMPILED_BF16)}[name]


def why_not(name: str) -> str:
    """Say why there is no engine called `name` here, and what to do."""
    from nndl.engines.compiled import bindings

    if name == "compiled_bf16" and "compiled" in available():
        return (
            f"engine {name!r} needs a processor with AVX-512 BF16 instructions, and kernels built for them: here they"
            f" are for {bindings.instructions()}; take engine: compiled"
        )
    if name in ("compiled", "compiled_bf16"):
        return f"engine {name!r} is not built; with gcc or clang installed: python -m nndl.engines.compiled"
    return f"no engine is called {name!r}; there are auto, {', '.join(choices())}"


def describe_engine(engine: Engine) -> dict[str, Any]:
    """Return what a run's record says of its engine: name, threads, and of compiled kernels which build runs."""
    from nndl.engines.compiled import bindings

    compiled = engine.name.startswith("compiled")
    return {
        "engine": engine.name,
        "instructions": bindings.instructions() if compiled else None,
        "compiler": bindings.compiler() if compiled else None,
        "threads": thread_count(),
    }
