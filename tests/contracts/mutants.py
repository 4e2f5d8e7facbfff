"""Wrong layers, each with one planted fault, and the check that must see it.

Most are seen without knowing the right layer; a right gradient of another function needs the right layer beside it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from nndl.check.contracts import with_pair
from nndl.net.catalog.activation import Elu, HardSwish, LeakyRelu, Prelu, Relu, Relu6, Sigmoid
from nndl.net.catalog.affine import Affine
from nndl.net.catalog.conv import Conv
from nndl.net.catalog.norm import Bn, GroupNorm, LayerNorm, SpatialBn
from nndl.net.catalog.pool import AvgPool, MaxPool
from nndl.net.catalog.simple import Dropout, StochasticDepth
from nndl.net.catalog.squeeze_excite import SqueezeExcite
from nndl.net.layer import Layer
from nndl.net.types import Shape
from tests.contracts import wrong_activations as bent
from tests.contracts import wrong_layers as wrong

IMAGES = (3, 6, 6)
VECTORS = (7,)


@dataclass(frozen=True)
class Mutant:
    """A layer and its wrong half, or halves."""

    name: str
    right: Layer
    shape: Shape
    caught_by: str
    """The check that must be the first to fail."""
    forward: Callable[..., Any] | None = None
    backward: Callable[..., Any] | None = None
    needs_oracle: bool = False
    dtype: str = "float64"

    @property
    def layer(self) -> Layer:
        pair = self.right.pair
        return with_pair(self.right, self.forward or pair.forward, self.backward or pair.backward)


def _bn(name: str, caught_by: str, **halves: Any) -> Mutant:
    return Mutant(f"bn {name}", Bn(), VECTORS, caught_by, **halves)


def _spatial_bn(name: str, caught_by: str, **halves: Any) -> Mutant:
    return Mutant(f"spatial_bn {name}", SpatialBn(), IMAGES, caught_by, **halves)


def _conv(name: str, caught_by: str, **halves: Any) -> Mutant:
    return Mutant(f"conv {name}", Conv(filters=4, stride=2), IMAGES, caught_by, **halves)


def _affine(name: str, caught_by: str, **halves: Any) -> Mutant:
    return Mutant(f"affine {name}", Affine(out_features=4), IMAGES, caught_by, **halves)


def _max_pool(name: str, caught_by: str, **halves: Any) -> Mutant:
    return Mutant(f"max_pool {name}", MaxPool(), IMAGES, caught_by, **halves)


def _relu(name: str, caught_by: str, **halves: Any) -> Mutant:
    return Mutant(f"relu {name}", Relu(), IMAGES, caught_by, **halves)


def _dropout(name: str, caught_by: str, **halves: Any) -> Mutant:
    return Mutant(f"dropout {name}", Dropout(keep=0.7), IMAGES, caught_by, **halves)


def _stochastic_depth(name: str, forward: Callable[..., Any]) -> Mutant:
    return Mutant(f"stochastic_depth {name}", StochasticDepth(keep=0.7), IMAGES, "dropout", forward=forward)


def _squeeze_excite(name: str, caught_by: str, forward: Any = None, backward: Any = None) -> Mutant:
    return Mutant(f"squeeze_excite {name}", SqueezeExcite(ratio=2), (5, 6, 6), caught_by, forward, backward)


_careless = wrong.CarelessRelu()

MUTANTS = (
    _spatial_bn(
        "over the wrong axis",
        "normalised",
        forward=wrong.bn_over_the_wrong_axis,
        backward=wrong.bn_over_the_wrong_axis_backward,
    ),
    _spatial_bn("dbeta averaged", "gradients", backward=wrong.spatial_bn_dbeta_averaged),
    _bn("without the mean term", "gradients", backward=wrong.bn_without_the_mean_term),
    _bn("without 1/N", "gradients", backward=wrong.bn_without_one_over_n),
    _bn("without gamma in dx", "gradients", backward=wrong.bn_without_gamma_in_dx),
    _bn("dgamma with x", "gradients", forward=wrong.bn_keeping_x, backward=wrong.bn_dgamma_with_x),
    _bn("updating in test mode", "evaluation_keeps_state", forward=wrong.bn_updating_in_test_mode),
    _bn("momentum swapped", "running_statistics", forward=wrong.bn_momentum_swapped),
    _bn("unbiased always", "running_statistics", forward=wrong.bn_unbiased_always),
    _bn("batch statistics in test mode", "evaluation_keeps_state", forward=wrong.bn_batch_statistics_in_test_mode),
    _bn(
        "eps outside the root",
        "normalised",
        forward=wrong.bn_eps_outside_the_root,
        backward=wrong.bn_eps_outside_the_root_backward,
    ),
    _bn("in float64", "dtype_kept", forward=wrong.bn_in_float64, dtype="float32"),
    Mutant(
        "layer_norm over the batch",
        LayerNorm(),
        VECTORS,
        "evaluation_keeps_state",
        wrong.layernorm_over_the_batch,
        wrong.batchnorm_backward,
    ),
    Mutant(
        "layer_norm dx without statistics",
        LayerNorm(),
        VECTORS,
        "gradients",
        backward=wrong.layernorm_dx_without_statistics,
    ),
    Mutant(
        "group_norm with interleaved groups",
        GroupNorm(groups=2),
        (4, 5, 5),
        "normalised",
        wrong.groupnorm_with_interleaved_groups,
        wrong.groupnorm_with_interleaved_groups_backward,
    ),
    _conv(
        "with flipped filters",
        "equal_to_definition",
        forward=wrong.conv_flipped,
        backward=wrong.conv_flipped_backward,
        needs_oracle=True,
    ),
    _conv("backward with stride one", "gradients", backward=wrong.conv_backward_with_stride_one),
    _conv("db missing an axis", "shapes", backward=wrong.conv_db_missing_an_axis),
    _conv("db of the first example", "batch_order", backward=wrong.conv_db_of_the_first_example),
    _conv("backward of the source notes", "batch_order", backward=wrong.conv_backward_of_the_source_notes),
    _conv("padding with the border", "gradients", forward=wrong.conv_padding_with_the_border),
    _affine("dw adds up", "same_again", backward=wrong.AccumulatingAffine().backward),
    _affine(
        "flattens channels last",
        "equal_to_definition",
        forward=wrong.affine_channels_last,
        backward=wrong.affine_channels_last_backward,
        needs_oracle=True,
    ),
    _affine("flattens as memory lies", "any_strides", forward=wrong.affine_in_memory_order),
    _affine("averages over the batch", "gradients", backward=wrong.affine_averaging),
    _max_pool("to all ties", "pools_share_out", backward=wrong.max_pool_to_all_ties),
    Mutant("avg_pool not divided", AvgPool(), IMAGES, "gradients", backward=wrong.avg_pool_not_divided),
    _relu("writes into x", "inputs_untouched", forward=wrong.relu_in_place),
    _relu("writes into dout", "inputs_untouched", backward=wrong.relu_in_place_backward),
    _relu("gradient in float64", "dtype_kept", backward=wrong.relu_in_float64, dtype="float32"),
    _relu(
        "shares its cache",
        "calls_are_independent",
        forward=_careless.forward_sharing_the_cache,
        backward=_careless.backward_sharing_the_cache,
    ),
    _relu("shares its output", "calls_are_independent", forward=_careless.forward_sharing_the_output),
    Mutant("leaky_relu slopes exchanged", LeakyRelu(), IMAGES, "gradients", backward=wrong.leaky_relu_slopes_exchanged),
    _dropout("not inverted", "dropout", forward=wrong.dropout_not_inverted),
    _dropout("p drops", "dropout", forward=wrong.dropout_p_drops),
    _dropout("in test mode", "evaluation_keeps_state", forward=wrong.dropout_in_test_mode),
    _dropout("always the same", "dropout", forward=wrong.dropout_always_the_same),
    _dropout("another mask back", "gradients", backward=wrong.dropout_another_mask_back),
    _stochastic_depth("by unit", wrong.stochastic_depth_by_unit),
    _stochastic_depth("of the batch", wrong.stochastic_depth_of_the_batch),
    _stochastic_depth("not inverted", wrong.stochastic_depth_not_inverted),
    _squeeze_excite("without the means in dx", "gradients", backward=bent.squeeze_excite_without_the_means),
    _squeeze_excite("of the batch", "evaluation_keeps_state", bent.squeeze_excite_of_the_batch),
    _squeeze_excite("gates by pixel", "gates", bent.squeeze_excite_by_pixel, bent.squeeze_excite_by_pixel_backward),
    Mutant("sigmoid slope of x", Sigmoid(), IMAGES, "gradients", backward=bent.sigmoid_slope_of_x),
    Mutant("elu slope without alpha", Elu(alpha=0.5), IMAGES, "gradients", backward=bent.elu_slope_without_alpha),
    Mutant("relu6 open above", Relu6(), IMAGES, "far_from_zero", backward=bent.relu6_open_above),
    Mutant(
        "hard_swish without the second term",
        HardSwish(),
        IMAGES,
        "gradients",
        backward=bent.hard_swish_without_the_second_term,
    ),
    Mutant(
        "prelu da of the first example", Prelu(), IMAGES, "batch_order", backward=bent.prelu_da_of_the_first_example
    ),
    Mutant("prelu da of all channels", Prelu(), IMAGES, "gradients", backward=bent.prelu_da_of_all_channels),
)
