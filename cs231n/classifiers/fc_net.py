"""The course's fully-connected models: nndl.fc_net with CS231n's names for their arguments. Exports the layers too."""

import numpy as np
from numpy.typing import DTypeLike

from cs231n.classifiers.saving import Saved
from nndl import fc_net
from nndl.layer_utils import *  # noqa: F403
from nndl.layers import *  # noqa: F403


class TwoLayerNet(Saved, fc_net.TwoLayerNet):
    """affine - relu - affine - softmax."""

    def __init__(
        self,
        input_dim: int = 3 * 32 * 32,
        hidden_dim: int = 100,
        num_classes: int = 10,
        weight_scale: float = 1e-3,
        reg: float = 0.0,
    ) -> None:
        super().__init__(input_dim, hidden_dim, num_classes, weight_scale=weight_scale, reg=reg)


class FullyConnectedNet(Saved, fc_net.FullyConnectedNet):
    """{affine - [batch or layer norm] - relu - [dropout]} x (L - 1) - affine - softmax."""

    def __init__(
        self,
        hidden_dims: list[int],
        input_dim: int = 3 * 32 * 32,
        num_classes: int = 10,
        dropout_keep_ratio: float = 1,
        normalization: str | None = None,
        reg: float = 0.0,
        weight_scale: float = 1e-2,
        dtype: DTypeLike = np.float32,
        seed: int | None = None,
        *,
        dropout: float | None = None,
        use_batchnorm: bool = False,
    ) -> None:
        """Take earlier years' words too: dropout for dropout_keep_ratio, use_batchnorm=True for "batchnorm"."""
        keep = dropout_keep_ratio if dropout is None else dropout
        super().__init__(
            hidden_dims, input_dim, num_classes, keep, use_batchnorm, reg, weight_scale, dtype, seed, normalization
        )
        self.dropout_keep_ratio = keep
