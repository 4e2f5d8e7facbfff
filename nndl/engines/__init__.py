"""How fast: the engines a network can be run by, by name."""

from nndl.errors import ConfigError
from nndl.net.contract import Engine


def available() -> tuple[str, ...]:
    """The engines that this installation has, slowest first."""
    return ("reference", "vectorized")


def set_threads(count: int | None = None) -> None:
    """Compute on `count` threads from now on, in every engine; None means every core this process may use."""
    from nndl.engines.vectorized.threads import set_threads as set_vectorized

    set_vectorized(count)


def get_engine(name: str = "auto") -> Engine:
    """The engine called `name`; "auto" is the fastest there is. Raises ConfigError for a name that is none."""
    if name == "auto":
        name = available()[-1]
    if name == "reference":
        from nndl.engines.reference import REFERENCE

        return REFERENCE
    if name == "vectorized":
        from nndl.engines.vectorized import VECTORIZED

        return VECTORIZED
    raise ConfigError(f"no engine is called {name!r}; there are auto, {', '.join(available())}")
