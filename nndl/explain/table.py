"""Everything that is explained, by name, and the other names it is looked for under."""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from nndl.errors import UsageError
from nndl.explain.layers.activation import GELU, LEAKY_RELU, RELU, SILU
from nndl.explain.layers.affine import AFFINE
from nndl.explain.layers.bn import BN
from nndl.explain.layers.branching import CONCAT, SUM
from nndl.explain.layers.conv import CONV
from nndl.explain.layers.global_pool import GLOBAL_AVG_POOL, GLOBAL_MAX_POOL
from nndl.explain.layers.group_norm import GROUP_NORM
from nndl.explain.layers.grouped_conv import GROUPED_CONV
from nndl.explain.layers.layer_norm import LAYER_NORM
from nndl.explain.layers.losses import SOFTMAX, SVM, WEIGHTED_SOFTMAX, WEIGHTED_SVM
from nndl.explain.layers.padded_pool import PADDED_AVG_POOL, PADDED_MAX_POOL
from nndl.explain.layers.pool import AVG_POOL, MAX_POOL
from nndl.explain.layers.rectifiers import ELU, PRELU, RELU6
from nndl.explain.layers.residual import RESIDUAL
from nndl.explain.layers.sandwich import AFFINE_RELU
from nndl.explain.layers.sigmoids import HARD_SIGMOID, HARD_SWISH, SIGMOID, TANH
from nndl.explain.layers.simple import DROPOUT, FLATTEN, SCALE, STOCHASTIC_DEPTH
from nndl.explain.layers.spatial_bn import SPATIAL_BN
from nndl.explain.layers.squeeze_excite import HARD_SQUEEZE_EXCITE, SQUEEZE_EXCITE
from nndl.explain.record import Explanation
from nndl.explain.rules.adaptive import ADAM, ADAMW, RMSPROP
from nndl.explain.rules.lion import LION
from nndl.explain.rules.momentum import SGD, SGD_MOMENTUM, SGD_NESTEROV_MOMENTUM, SGD_PYTORCH
from nndl.explain.rules.muon import MUON
from nndl.net.layer import Layer

NORMS = (SPATIAL_BN, BN, GROUP_NORM, LAYER_NORM)
ACTIVATIONS = (RELU, LEAKY_RELU, GELU, SILU, SIGMOID, TANH, ELU, RELU6, HARD_SIGMOID, HARD_SWISH, PRELU)
POOLS = (MAX_POOL, PADDED_MAX_POOL, AVG_POOL, PADDED_AVG_POOL, GLOBAL_MAX_POOL, GLOBAL_AVG_POOL)
OTHERS = (
    DROPOUT,
    STOCHASTIC_DEPTH,
    FLATTEN,
    SCALE,
    SQUEEZE_EXCITE,
    HARD_SQUEEZE_EXCITE,
    RESIDUAL,
    SUM,
    CONCAT,
    AFFINE_RELU,
)
LOSSES = (SOFTMAX, WEIGHTED_SOFTMAX, SVM, WEIGHTED_SVM)
RULES = (SGD, SGD_MOMENTUM, SGD_NESTEROV_MOMENTUM, SGD_PYTORCH, RMSPROP, ADAM, ADAMW, LION, MUON)

EXPLANATIONS: dict[str, Explanation] = {
    each.name: each for each in (AFFINE, CONV, GROUPED_CONV, *NORMS, *ACTIVATIONS, *POOLS, *OTHERS, *LOSSES, *RULES)
}
"""By name, in the order in which they are listed."""

WAYS = ("", "_naive", "_fast", "_alt")
ENDINGS = ("_loss", "_layer", *(f"_{half}{way}" for half in ("forward", "backward") for way in WAYS))
"""Endings of the names of functions."""


def names_of(explanation: Explanation) -> Iterator[str]:
    """Yield every name that finds an explanation: its own, others that are in use, those of its functions."""
    yield explanation.name
    yield from explanation.aliases
    usual = EXPLANATIONS.get(explanation.form_of)
    if usual is None or usual.functions != explanation.functions:
        yield from explanation.main_functions


def of_layer(layer: Layer) -> Explanation:
    """Return the explanation of a layer of a network, with the options it has."""
    form = next((each for each in EXPLANATIONS.values() if each.form_of == layer.kind), None)
    return EXPLANATIONS[layer.kind] if form is None or layer.is_plain() else form


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


def find(word: str, others: Iterable[str] = ()) -> Explanation:
    """Return the same; raises UsageError with the nearest name, of these and `others`, where there is none."""
    found = known(word)
    if found is None:
        names = [*(name for each in EXPLANATIONS.values() for name in names_of(each)), *others]
        near = get_close_matches(word.lower(), names, 1)
        hint = f"did you mean {near[0]}?" if near else "nndl explain lists what can be; a layer of your own: --use FILE"
        raise UsageError(f"nothing called {word!r} is explained; {hint}")
    return found
