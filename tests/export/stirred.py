"""Networks whose every array is drawn at random: no weight, statistic or bias may be lost unseen."""

import numpy as np

from nndl.engines.reference import REFERENCE
from nndl.net.network import Network
from nndl.net.types import Array
from tests.contracts.cases import Case


def stirred(case: Case) -> tuple[Network, Array]:
    """The network of a case with every array drawn at random, and inputs."""
    layers, shape = case
    random = np.random.default_rng(0)
    network = Network(layers, shape, REFERENCE, seed=1)
    for store in (network.params, network.buffers):
        for key, value in store.items():
            drawn = random.standard_normal(value.shape)
            value[...] = np.abs(drawn) + 0.5 if key.endswith(("running_var", "gamma")) else drawn
    return network, random.standard_normal((4, *shape)).astype(np.float32)
