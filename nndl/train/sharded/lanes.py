"""A network several times, once for each shard of a rank, where batch norm is over all shards of a batch."""

from functools import partial

from nndl.net.network import Network, Part
from nndl.net.types import Array
from nndl.train.sharded.cut import Cut
from nndl.train.sharded.meeting import Meeting
from nndl.train.sharded.ranks import Ranks
from nndl.train.sharded.whole_norm import over_all_shards


class Lanes:
    """Twins of a network, which compute their shards side by side and meet in every batch norm."""

    def __init__(self, network: Network, cut: Cut, ranks: Ranks | None = None) -> None:
        self._network, self._cut, self._rank = network, cut, ranks.rank if ranks else 0
        self._meeting = Meeting(cut, ranks)
        self._engine = over_all_shards(network.engine, self._meeting.meet)
        self._twins: list[Network] = []
        self._losses: list[float] = []

    def compute(self, X: Array, y: Array) -> None:
        """Compute all shards of this rank; X holds their images alone, y (N,) all labels."""
        images = len(y)
        own, first = self._cut.own(self._rank, images), self._cut.part(self._rank, images).start
        self._twins += [self._network.twin(self._engine) for _ in own[len(self._twins) :]]
        self._losses = [0.0] * len(own)

        def work(lane: int, place: slice) -> None:
            twin = self._twins[lane]
            twin.step = self._network.step
            twin.freeze(self._network.frozen)
            twin.buffers.vector[:] = self._network.buffers.vector
            part = Part(twin.loss_share(y, place), place.start)
            self._losses[lane] = twin.part_loss(X[place.start - first : place.stop - first], y[place], part)

        places = [self._cut.place(shard, images) for shard in own]
        self._meeting.hold([partial(work, lane, place) for lane, place in enumerate(places)], images)

    def take(self, lane: int) -> float:
        """Give the network what a lane computed: gradients and running statistics; returns the loss."""
        self._network.grads.vector[:] = self._twins[lane].grads.vector
        self._network.buffers.vector[:] = self._twins[lane].buffers.vector
        return self._losses[lane]
