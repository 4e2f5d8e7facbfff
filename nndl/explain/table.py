"""Everything that is explained, by name, and the other names it is looked for under."""

from collections.abc import Iterator
from difflib import get_close_matches

from nndl.errors import UsageError
from nndl.explain.layers.affine import AFFINE
from nndl.explain.layers.spatial_bn import SPATIAL_BN
from nndl.explain.record import Explanation

EXPLANATIONS: dict[str, Explanation] = {each.name: each for each in (*(AFFINE, SPATIAL_BN),)}
"""By name, in the order in which they are listed."""

ENDINGS = ("_forward", "_backward", "_naive", "_fast", "_forward_naive", "_backward_naive", "_alt", "_loss", "_layer")
"""Endings of the names of functions."""


def names_of(explanation: Explanation) -> Iterator[str]:
    """Yield every name that finds an explanation: its own, its functions', and others that are in use."""
    yield explanation.name
    yield from explanation.aliases
    yield from (function.__name__ for function in explanation.functions[:2])


def known(word: str) -> Explanation | None:
    """Return the explanation that a word names, in any spelling: conv, Conv, conv-forward-naive; else None."""
    wanted = word.lower().replace("-", "_").replace(" ", "_")
    shorter = [wanted.removesuffix(ending) for ending in ENDINGS if wanted.endswith(ending)]
    for candidate in (wanted, *shorter):
        if candidate in EXPLANATIONS:
            return EXPLANATIONS[candidate]
        for each in EXPLANATIONS.values():
            if candidate in names_of(each):
                return each
    return None


def find(word: str) -> Explanation:
    """Return the same; raises UsageError with the nearest name where there is none."""
    found = known(word)
    if found is None:
        names = [name for each in EXPLANATIONS.values() for name in names_of(each)]
        near = get_close_matches(word.lower(), names, 1)
        hint = f"did you mean {near[0]}?" if near else "nndl explain lists what can be"
        raise UsageError(f"nothing called {word!r} is explained; {hint}")
    return found
