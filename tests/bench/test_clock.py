"""The clock sees every step of a plan, and changes nothing of what they compute."""

import numpy as np

from nndl.bench.clock import Clock
from nndl.engines import get_engine
from nndl.net.catalog.affine import Affine
from nndl.net.catalog.conv import Conv
from nndl.net.catalog.residual import Residual
from nndl.net.network import Network

LAYERS = (Conv(filters=4), Residual(layers=(Conv(filters=4), Conv(filters=4))), Affine(out_features=10))


def made() -> Network:
    return Network(LAYERS, (3, 8, 8), get_engine("vectorized"))


def trained(network: Network) -> np.ndarray:
    X = np.random.default_rng(0).standard_normal((5, 3, 8, 8), np.float32)
    return network.loss(X, np.arange(5))[1].vector.copy()


def test_every_step_is_timed_and_computes_as_before() -> None:
    network = made()
    clock = Clock(network)
    trained(network)
    assert not any(timed.seconds for timed in clock.steps)
    clock.running = True
    assert np.array_equal(trained(network), trained(made()))
    paths = [timed.planned.paths[0] for timed in clock.steps if timed.planned.paths[0].startswith(("c", "r", "a"))]
    assert paths == ["conv1", "residual1", "residual1.conv1", "residual1.conv2", "affine1"]
    for timed in clock.steps:
        if timed.planned.paths[0] in paths:
            assert len(timed.seconds["forward"]) == len(timed.seconds["backward"]) == 1


def test_the_first_layer_gives_no_gradient_of_the_images_and_blocks_do_not_count_what_is_in_them() -> None:
    network = made()
    clock = Clock(network)
    clock.running = True
    trained(network)
    by_path = {timed.planned.paths[0]: timed for timed in clock.steps}
    assert not by_path["conv1"].gives_dx
    assert by_path["residual1.conv1"].gives_dx
    block, inner = by_path["residual1"], [by_path["residual1.conv1"], by_path["residual1.conv2"]]
    for which in ("forward", "backward"):
        assert 0 < block.own(which) <= block.seconds[which][0] - sum(each.own(which) for each in inner)
