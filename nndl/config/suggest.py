"""What somebody may have meant."""

from collections.abc import Iterable
from difflib import get_close_matches

FOREIGN = {
    "alpha": ("negative_slope", "learning_rate"),
    "activation": ("relu",),
    "avgpool": ("avg_pool",),
    "batch_norm": ("spatial_bn", "bn"),
    "batchnorm": ("spatial_bn", "bn"),
    "batchnorm1d": ("bn",),
    "batchnorm2d": ("spatial_bn",),
    "batchsize": ("batch_size",),
    "betas": ("beta1",),
    "channels": ("filters",),
    "convolution": ("conv",),
    "cross_entropy": ("softmax",),
    "crossentropy": ("softmax",),
    "dense": ("affine",),
    "fc": ("affine",),
    "filter_size": ("kernel",),
    "fully_connected": ("affine",),
    "hidden_dim": ("out_features",),
    "hinge": ("svm",),
    "kernel_size": ("kernel",),
    "leaky": ("leaky_relu",),
    "linear": ("affine",),
    "lr": ("learning_rate",),
    "maxpool": ("max_pool",),
    "nesterov": ("sgd_nesterov_momentum",),
    "num_epochs": ("epochs",),
    "num_filters": ("filters",),
    "out_channels": ("filters",),
    "padding": ("pad",),
    "pool_size": ("size",),
    "reg": ("l2",),
    "step": ("multistep",),
    "swish": ("silu",),
    "units": ("out_features",),
    "update_rule": ("optimizer",),
    "wd": ("weight_decay",),
}
"""What other frameworks, and the courses, call things, where the spelling gives no hint."""


def nearest(word: str, choices: Iterable[str]) -> str | None:
    """The choice that `word` most likely stands for: what it is called here, or spelt nearly so, in either case."""
    known = list(choices)
    translated = next((name for name in FOREIGN.get(word.lower(), ()) if name in known), None)
    return translated or next(iter(get_close_matches(word.lower(), known, n=1, cutoff=0.6)), None)


def suggest(word: str, choices: Iterable[str]) -> str:
    """ "did you mean ...?", or the list of what there is."""
    known = list(choices)
    near = nearest(word, known)
    if near:
        return f"did you mean {near!r}?"
    return f"there are {', '.join(known)}" if known else "it takes none"
