"""A round of scoring: each rank scores a batch, and all have all scores."""

from itertools import islice

import numpy as np

from nndl.jobs.parallel.mpi import MpiRanks
from nndl.net.network import Network
from nndl.net.types import Array
from nndl.train.evaluate import Evaluator, batches
from nndl.train.views import first_pass, scores_of_views


def score_round(ranks: MpiRanks, network: Network, images: Evaluator, first: int) -> list[tuple[Array, Array]]:
    """Score the batches first, first + 1, ..., one on each rank; returns (scores, labels) of those there are."""
    places = list(islice(batches(len(images.labels), images.batch_size), first, first + ranks.size))
    (classes,) = network.placed[-1].out_shape
    own = np.empty(0, network.dtype)
    if ranks.rank < len(places):
        part = images.images[places[ranks.rank]]
        scores = scores_of_views(network.scores, part, images.normalize, first_pass(images.tta))
        own = np.ascontiguousarray(scores, network.dtype).reshape(-1)
    counts = [classes * (place.stop - place.start) for place in places] + [0] * (ranks.size - len(places))
    found = np.empty(sum(counts), network.dtype)
    ranks.share(own, found, counts)
    scored = found.reshape(-1, classes)
    start = places[0].start
    return [(scored[place.start - start : place.stop - start], images.labels[place]) for place in places]
