"""The gradient check of a whole network, loss and regularisation included."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from nndl.check.gradients import TOLERANCE, GradientCheck, check_gradients
from nndl.net.network import Network


def check_network(
    network: Network,
    X: NDArray[np.floating],
    y: NDArray[np.integer],
    *,
    coordinates: int = 5,
    tolerance: float = TOLERANCE,
    seed: int = 0,
    seen: Callable[[str], None] = lambda _: None,
) -> GradientCheck:
    """Compare the gradients of `network.loss(X, y)` with numerical ones, a row for each parameter.

    network: in float64 (TypeError otherwise); its parameters are put back exactly, its running statistics move.
    coordinates: how many are sampled of each parameter, besides one direction through all of them. seen: told the
    parameter's name after each comparison.
    """
    gradients = {name: value.copy() for name, value in network.loss(X, y)[1].items()}
    return check_gradients(
        lambda: network.loss(X, y)[0],
        network.params,
        gradients,
        coordinates=coordinates,
        tolerance=tolerance,
        seed=seed,
        seen=seen,
    )
