"""Words that people bring from PyTorch, Keras, timm or the courses: the name here, or how it is written instead."""

from functools import cache

FOREIGN = {
    "activation": ("relu",),
    "adaptive_avg_pool": ("global_avg_pool",),
    "adaptive_max_pool": ("global_max_pool",),
    "add": ("sum",),
    "adjust_sharpness": ("sharpness",),
    "alpha": ("negative_slope", "learning_rate"),
    "autoaugment": ("auto_augment",),
    "average_pooling": ("avg_pool",),
    "avgpool": ("avg_pool",),
    "basic_block": ("residual",),
    "batch_norm": ("spatial_bn", "bn"),
    "batch_normalization": ("spatial_bn", "bn"),
    "batchnorm": ("spatial_bn", "bn"),
    "batchnorm1d": ("bn",),
    "batchnorm2d": ("spatial_bn",),
    "batchsize": ("batch_size",),
    "betas": ("beta1",),
    "cat": ("concat",),
    "categorical_crossentropy": ("softmax",),
    "channels": ("filters",),
    "coarse_dropout": ("cutout",),
    "concatenate": ("concat",),
    "convolution": ("conv",),
    "cosine_annealing": ("cosine",),
    "cosine_annealing_lr": ("cosine",),
    "cosine_restarts": ("warm_restarts",),
    "criterion": ("loss",),
    "cross_entropy": ("softmax",),
    "cross_entropy_loss": ("softmax",),
    "crossentropy": ("softmax",),
    "decay": ("weight_decay",),
    "dense": ("affine",),
    "dilation_rate": ("dilation",),
    "drop_connect": ("stochastic_depth",),
    "drop_path": ("stochastic_depth",),
    "droppath": ("stochastic_depth",),
    "early_stopping": ("patience",),
    "early_stopping_patience": ("patience",),
    "erase": ("random_erasing",),
    "eta_min": ("final",),
    "every": ("per", "statistics"),
    "exponential": ("lr_decay",),
    "exponential_decay": ("lr_decay",),
    "exponential_lr": ("lr_decay",),
    "exponential_moving_average": ("ema",),
    "fc": ("affine",),
    "filter_size": ("kernel",),
    "filters": ("out_features",),
    "fully_connected": ("affine",),
    "gamma": ("factor",),
    "gap": ("global_avg_pool",),
    "global_average_pooling": ("global_avg_pool",),
    "hflip": ("flip",),
    "hidden_dim": ("out_features",),
    "hinge": ("svm",),
    "horizontal_flip": ("flip",),
    "hsigmoid": ("hard_sigmoid",),
    "hswish": ("hard_swish",),
    "k": ("every",),
    "kernel": ("size",),
    "kernel_size": ("kernel", "size"),
    "leaky": ("leaky_relu",),
    "linear": ("affine",),
    "logistic": ("sigmoid",),
    "loss_function": ("loss",),
    "lr": ("learning_rate",),
    "lr_scheduler": ("schedule",),
    "magnitude": ("level",),
    "max_pooling": ("max_pool",),
    "maxpool": ("max_pool",),
    "milestones": ("epochs",),
    "min_lr": ("min",),
    "model_ema": ("ema",),
    "monitor": ("best_by", "by"),
    "multi_margin": ("svm",),
    "name": ("dataset", "match"),
    "nesterov": ("sgd_nesterov_momentum",),
    "nll": ("softmax",),
    "num_epochs": ("epochs",),
    "num_filters": ("filters",),
    "num_ops": ("operations",),
    "optim": ("optimizer",),
    "out_channels": ("filters",),
    "out_features": ("filters",),
    "p": ("probability",),
    "padding": ("pad",),
    "params": ("match",),
    "pattern": ("match",),
    "polyak": ("ema",),
    "pool_size": ("size",),
    "randaugment": ("rand_augment",),
    "random_affine": ("affine",),
    "random_crop": ("crop",),
    "random_horizontal_flip": ("flip",),
    "random_rotation": ("rotation",),
    "reduce_on_plateau": ("plateau",),
    "reducelronplateau": ("plateau",),
    "reduction": ("ratio",),
    "reg": ("l2",),
    "res_block": ("residual",),
    "residual_block": ("residual",),
    "resnet_block": ("residual",),
    "se": ("squeeze_excite",),
    "se_block": ("squeeze_excite",),
    "se_layer": ("squeeze_excite",),
    "sgdm": ("sgd_momentum",),
    "sgdr": ("warm_restarts",),
    "size": ("kernel",),
    "skip": ("residual",),
    "skip_connection": ("residual",),
    "softmax_cross_entropy": ("softmax",),
    "sparse_categorical_crossentropy": ("softmax",),
    "step": ("multistep",),
    "step_lr": ("lr_decay",),
    "step_size": ("per",),
    "stochastic_weight_averaging": ("swa",),
    "swish": ("silu",),
    "torch_sgd": ("sgd_pytorch",),
    "trivialaugment": ("trivial_augment",),
    "trivialaugmentwide": ("trivial_augment",),
    "units": ("out_features", "filters"),
    "update_rule": ("optimizer",),
    "val_size": ("validation_size",),
    "warmup": ("warmup_epochs",),
    "wd": ("weight_decay",),
}
"""Names in other frameworks, and in the courses, where the spelling gives no hint."""

OWN = "there is none; docs/extending.md shows how to bring one of your own"

WRITTEN = {
    "layer": {
        "depthwise": "conv: {filters: 64, groups: channels}",
        "depthwise_conv": "conv: {filters: 64, groups: channels}",
        "dw_conv": "conv: {filters: 64, groups: channels}",
        "group_conv": "conv: {filters: 64, groups: 4}",
        "grouped_conv": "conv: {filters: 64, groups: 4}",
        "pointwise": "conv: {filters: 64, kernel: 1}",
        "pointwise_conv": "conv: {filters: 64, kernel: 1}",
        "conv1x1": "conv: {filters: 64, kernel: 1}",
        "conv3x3": "conv: {filters: 64, kernel: 3}",
        "dilated_conv": "conv: {filters: 64, dilation: 2}",
        "atrous_conv": "conv: {filters: 64, dilation: 2}",
        "strided_conv": "conv: {filters: 64, stride: 2}",
        "zero_pad": "conv: {filters: 64, pad: 1}",
        "zero_padding": "conv: {filters: 64, pad: 1}",
        "instance_norm": "group_norm: {groups: 64}",
    },
    "augmentation": {
        "zoom": "affine: {scale: [0.8, 1.2]}",
        "random_zoom": "affine: {scale: [0.8, 1.2]}",
        "random_resized_crop": "affine: {scale: [0.8, 1.2]}",
        "contrast": "color_jitter: {contrast: 0.2}",
        "random_contrast": "color_jitter: {contrast: 0.2}",
        "random_brightness": "color_jitter: {brightness: 0.2}",
    },
    "schedule": {
        "poly": "piecewise_linear: [[0, 1.0], [10, 0.0]]",
        "polynomial": "piecewise_linear: [[0, 1.0], [10, 0.0]]",
        "linear": "piecewise_linear: [[0, 1.0], [10, 0.0]]",
        "triangular": "piecewise_linear: [[0, 0.1], [5, 1.0], [10, 0.1]]",
        "cyclic": "piecewise_linear: [[0, 0.1], [5, 1.0], [10, 0.1]]",
    },
}
"""The way to write it, with numbers that stand for one's own, by the kind of part and the word."""

_BRANCHES = (
    "branches have names: concat: {a: [...], b: [...]} puts them side by side, sum: {a: [...], b: [...]} adds them"
)
_LIST = "layers stand in a list as they are; define: {block: [...]} names a row of them (docs/layers.md)"
SAID = {
    "layer": {
        "separable_conv": "write two: conv: {filters: 32, groups: channels}, then conv: {filters: 64, kernel: 1}",
        "inverted_residual": "the config mobilenet_v2 has it written out, as a block of its own",
        "bottleneck": "residual: [...] holds its layers; define: {block: [...]} names it (docs/layers.md)",
        "dense_block": "the config densenet40_12 has it written out, with concat",
        "sequential": _LIST,
        "block": _LIST,
        "parallel": _BRANCHES,
        "branch": _BRANCHES,
        "identity": "leave it out; an empty branch [] gives x as it is",
        "log_softmax": "the loss has it inside; leave it out",
        **dict.fromkeys(("upsample", "conv_transpose", "attention", "lrn", "mish", "selu", "softplus"), OWN),
    },
    "augmentation": {
        **dict.fromkeys(("vflip", "vertical_flip", "random_vertical_flip"), "there is none: flip is left to right"),
        **dict.fromkeys(("gaussian_noise", "gaussian_blur", "augmix", "grayscale", "random_grayscale"), OWN),
        "normalize": "data.normalize says that of all images",
        "to_tensor": "leave it out: images are made numbers where they are needed",
    },
    "schedule": {"warmup": "train.warmup_epochs goes with every schedule"},
    "optimizer": dict.fromkeys(("adagrad", "adadelta", "lamb", "lars", "nadam", "adamax"), OWN),
}
"""Other words on it."""


def squashed(word: str) -> str:
    """Return a word as all its spellings have it: depthwise_conv2d, DepthwiseConv2D and depthwise-conv are one."""
    plain = word.lower().replace("_", "").replace("-", "").replace(" ", "")
    return plain[:-2] if plain.endswith(("1d", "2d", "3d")) else plain


@cache
def _by_squashed() -> dict[str, tuple[str, ...]]:
    return {squashed(word): names for word, names in FOREIGN.items()}


def foreign(word: str) -> tuple[str, ...]:
    """Return what a word may be called here."""
    return FOREIGN.get(word.lower()) or _by_squashed().get(squashed(word), ())


def instead(what: str, word: str) -> str | None:
    """Say how something is written here that a word stands for elsewhere; None where nothing is known of it."""
    wanted = squashed(word)
    for table, begin in ((WRITTEN, "write it as "), (SAID, "")):
        for name, words in table.get(what, {}).items():
            if squashed(name) == wanted:
                return begin + words
    return None
