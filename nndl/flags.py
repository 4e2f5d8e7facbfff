"""Arguments that are yes or no."""

from nndl.errors import UsageError


def require_flags(**given: object) -> None:
    """Raise UsageError for an argument that is neither True nor False: "no", which counts as yes, is a slip."""
    for name, value in given.items():
        if type(value).__name__ not in ("bool", "bool_"):
            raise UsageError(f"{name} is True or False, not {value!r}")
