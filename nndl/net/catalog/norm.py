"""Normalisation: over the batch (batch norm), over channel groups, over features."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar

import numpy as np
from annotated_types import Ge, Gt, Lt

from nndl.conv_layers import (
    spatial_batchnorm_backward,
    spatial_batchnorm_forward,
    spatial_groupnorm_backward,
    spatial_groupnorm_forward,
)
from nndl.errors import ShapeError
from nndl.layers import batchnorm_backward, batchnorm_forward, layernorm_backward, layernorm_forward
from nndl.net.layer import Layer, Pair, images, vectors
from nndl.net.types import Array, Shape, Streams


@dataclass(frozen=True, kw_only=True)
class _Normalisation(Layer):
    """The common part: x is centred and scaled to unit variance, then gamma x + beta."""

    gradients: ClassVar[tuple[str, ...]] = ("gamma", "beta")

    eps: Annotated[float, Gt(0)] = 1e-5
    """Added to the variance before the square root."""
    scale: bool = True
    """Training of gamma; without it gamma stays 1."""

    def initial_params(self, shape: Shape, random: Streams) -> dict[str, Array]:  # noqa: ARG002
        params = {"gamma": np.ones(shape[0]), "beta": np.zeros(shape[0])}
        return params if self.scale else {"beta": params["beta"]}

    def options(self) -> dict[str, Any]:
        return {"eps": self.eps}

    def affine_params(self, params: Mapping[str, Array]) -> tuple[Array, Array]:
        """Return gamma and beta; gamma is ones where it is not trained."""
        beta = params["beta"]
        return (params["gamma"] if self.scale else np.ones_like(beta)), beta

    def arguments(self, params: Mapping[str, Array], param_dict: dict[str, Any]) -> tuple[Any, ...]:
        return (*self.affine_params(params), param_dict)


@dataclass(frozen=True, kw_only=True)
class _BatchNormalisation(_Normalisation):
    """Batch statistics in training, their running averages in evaluation."""

    momentum: Annotated[float, Ge(0), Lt(1)] = 0.9
    """Share of the old running average kept at each step: running = momentum * running + (1 - momentum) * batch."""
    unbiased: bool = False
    """The unbiased estimate in the running variance (PyTorch has it; the courses do not)."""

    ghost_batch_size: Annotated[int, Ge(2)] | None = None
    """Images that share their statistics, instead of the whole batch, in training (ghost batch norm)."""

    def buffers(self, shape: Shape) -> dict[str, Array]:
        return {"running_mean": np.zeros(shape[0]), "running_var": np.ones(shape[0])}

    def options(self) -> dict[str, Any]:
        ghosts = {} if self.ghost_batch_size is None else {"ghost_batch_size": self.ghost_batch_size}
        return {"eps": self.eps, "momentum": self.momentum, "unbiased": self.unbiased, **ghosts}

    def in_evaluation(self) -> Layer:
        return replace(self, ghost_batch_size=None)


@dataclass(frozen=True, kw_only=True)
class SpatialBn(_BatchNormalisation):
    """Spatial batch normalisation: each channel over the batch, height and width (Ioffe and Szegedy 2015)."""

    kind = "spatial_bn"
    pair: ClassVar[Pair] = Pair(spatial_batchnorm_forward, spatial_batchnorm_backward)

    def out_shape(self, shape: Shape) -> Shape:
        return images(self, shape)


@dataclass(frozen=True, kw_only=True)
class Bn(_BatchNormalisation):
    """Batch normalisation: each feature over the batch (Ioffe and Szegedy 2015)."""

    kind = "bn"
    pair: ClassVar[Pair] = Pair(batchnorm_forward, batchnorm_backward)

    def out_shape(self, shape: Shape) -> Shape:
        if len(shape) == 3:
            raise ShapeError("bn normalises vectors (D,), but images stand before it; use spatial_bn")
        return (vectors(self, shape),)


@dataclass(frozen=True, kw_only=True)
class GroupNorm(_Normalisation):
    """Group normalisation: each example over groups of channels (Wu and He 2018)."""

    kind = "group_norm"
    shorthand = "groups"
    pair: ClassVar[Pair] = Pair(spatial_groupnorm_forward, spatial_groupnorm_backward)

    groups: Annotated[int, Ge(1)]
    """Number of groups G that the channels are divided into."""

    def out_shape(self, shape: Shape) -> Shape:
        channels = images(self, shape)[0]
        if channels % self.groups:
            divisors = [str(g) for g in range(1, channels + 1) if channels % g == 0]
            raise ShapeError(
                f"{channels} channels do not divide into {self.groups} groups; use one of {', '.join(divisors)}"
            )
        return shape

    def arguments(self, params: Mapping[str, Array], param_dict: dict[str, Any]) -> tuple[Any, ...]:
        return (*self.affine_params(params), self.groups, param_dict)


@dataclass(frozen=True, kw_only=True)
class LayerNorm(_Normalisation):
    """Layer normalisation: each example over its features (Ba, Kiros and Hinton 2016)."""

    kind = "layer_norm"
    pair: ClassVar[Pair] = Pair(layernorm_forward, layernorm_backward)

    def out_shape(self, shape: Shape) -> Shape:
        if len(shape) == 3:
            raise ShapeError("layer_norm normalises vectors (D,), but images stand before it; use group_norm: 1")
        return (vectors(self, shape),)
