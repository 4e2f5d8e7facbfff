"""The loss of a batch in shards: each computed for itself, added along the tree, on one process or on several."""

from collections.abc import Callable, Sequence

import numpy as np

from nndl.net.network import Network, Part
from nndl.net.params import Params
from nndl.net.plan import nothing_seen
from nndl.net.types import Array
from nndl.train.sharded.cut import Cut, add_up
from nndl.train.sharded.lanes import Lanes
from nndl.train.sharded.owners import Bucket
from nndl.train.sharded.ranks import Ranks
from nndl.train.sharded.reduction import Reduction
from nndl.train.sharded.sums import Sums


class ShardedLoss:
    """The loss and the gradients of a batch, as Network.loss has them, from shards.

    A shard's batch norm sees the shard alone: ghost batch norm of the shard's size. The running statistics are averaged
    over the shards, each of which begins with those before the step. With `lanes`, batch norm sees the whole batch.
    """

    def __init__(self, network: Network, cut: Cut, lanes: Lanes | None = None) -> None:
        self.network, self.cut, self._lanes = network, cut, lanes
        share = network.engine.share
        self._gradients = Sums(network.grads.vector.size, network.dtype, share)
        self._statistics = Sums(network.buffers.vector.size, network.dtype)

    def loss(self, X: Array, y: Array) -> tuple[float, Params]:
        """Return the loss, L2 included, and the gradients; X holds this process' images alone, y (N,) all labels."""
        network, images = self.network, len(y)
        with network.step_at(X.shape[1:]):
            losses = self._shards(X, y)
        leaves = {(shard, shard + 1): loss for shard, loss in enumerate(self._losses(losses))}
        loss = add_up(leaves, lambda left, right: left + right, (0, self.cut.count(images)))
        return loss + network.add_l2(network.grads, self._own), network.grads

    rank = 0
    _own: Sequence[slice] = (slice(None),)

    def _losses(self, losses: Array) -> list[float]:
        return [float(loss) for loss in losses]

    def _shards(self, X: Array, y: Array) -> Array:
        """Compute this process' shards; returns what each adds to the loss, 0 for those of others."""
        images, buffers = len(y), self.network.buffers.vector
        own, first = self.cut.own(self.rank, images), self.cut.part(self.rank, images).start
        before, losses = buffers.copy(), np.zeros(self.cut.count(images))
        if self._lanes is not None:
            self._lanes.compute(X, y)
        self._gradients.begin()
        self._statistics.begin()
        for shard in own:
            place = self.cut.place(shard, images)
            share, is_last = (place.stop - place.start) / images, shard == own[-1]
            merges = self.cut.merges(shard, self.rank, images)
            if self._lanes is not None:
                losses[shard] = self._lanes.take(shard - own.start)
            else:
                buffers[:] = before
                part = Part(
                    self.network.loss_share(y, place),
                    place.start,
                    self._seen(merges, images) if is_last else nothing_seen,
                )
                losses[shard] = self.network.part_loss(X[place.start - first : place.stop - first], y[place], part)
            buffers *= share
            if not is_last:
                self._gradients.take(self.network.grads.vector, merges)
                self._statistics.take(buffers, merges)
        self._finish(self.cut.merges(own[-1], self.rank, images) if own else 0, images)
        return losses

    def _seen(self, merges: int, images: int) -> Callable[[tuple[str, ...]], None]:
        """Return the one to be told of the layers that the last shard's backward pass is done with."""
        del merges, images
        return nothing_seen

    def _finish(self, merges: int, images: int) -> None:
        del images
        self._gradients.finish(self.network.grads.vector, merges)
        self._statistics.finish(self.network.buffers.vector, merges)


class RanksLoss(ShardedLoss):
    """The same on several ranks: gradients leave, bucket by bucket, while the last shard's backward pass goes on.

    Afterwards each rank has the gradients and the running statistics that it owns; of the others', what it had itself.
    """

    def __init__(
        self,
        network: Network,
        cut: Cut,
        ranks: Ranks,
        params: Sequence[Bucket],
        buffers: Sequence[Bucket],
        stop: "StopFlag",
        lanes: Lanes | None = None,
    ) -> None:
        super().__init__(network, cut, lanes)
        self.rank, self._ranks, self._stop = ranks.rank, ranks, stop
        self._reductions = (
            Reduction(ranks, cut, network.grads.vector, params),
            Reduction(ranks, cut, network.buffers.vector, buffers),
        )
        self._own = tuple(each for bucket in params for each in bucket.owners[ranks.rank])
        self._sent = 0
        self._starts = _starts(network.params)

    def _losses(self, losses: Array) -> list[float]:
        """Return all shards' losses; whoever was asked to stop says so along with its own."""
        told = self._ranks.collect(np.append(losses, float(self._stop.asked)))
        asked = int(told[:, -1].max())
        if asked:
            self._stop.heard(asked)
        return [float(loss) for loss in told[:, :-1].sum(axis=0)]  # but one of the ranks has 0

    def _seen(self, merges: int, images: int) -> Callable[[tuple[str, ...]], None]:
        def seen(paths: tuple[str, ...]) -> None:
            starts = [self._starts[path] for path in paths if path in self._starts]
            if starts:
                self._send(min(starts), merges, images)
            self._ranks.progress()

        return seen

    def _send(self, start: int, merges: int, images: int) -> None:
        """Send the buckets that lie behind `start`, from where on the vector holds this batch's gradients."""
        vector, buckets = self.network.grads.vector, self._reductions[0].buckets
        own = self.cut.own(self.rank, images)
        kept = self._gradients.done[: len(self._gradients.done) - merges]
        while self._sent < len(buckets) and buckets[self._sent].place.start >= start:
            self._gradients.finish(vector, merges, buckets[self._sent].place)
            self._reductions[0].send([*kept, vector] if own else [], images)
            self._sent += 1

    def _finish(self, merges: int, images: int) -> None:
        gradients, statistics = self._reductions
        self._send(0, merges, images)
        self._sent = 0
        vector = self.network.buffers.vector
        self._statistics.finish(vector, merges)
        kept = self._statistics.done[: len(self._statistics.done) - merges]
        for _ in statistics.buckets:
            statistics.send([*kept, vector] if self.cut.own(self.rank, images) else [], images)
        for each in (gradients, statistics):
            each.receive(images)


class StopFlag:
    """A word passed on: this rank was asked to end training, or another was."""

    def __init__(self) -> None:
        self.asked = 0
        """The signal, of those that ask; 0 where none did."""
        self.heard: Callable[[int], None] = lambda _: None


def _starts(params: Params) -> dict[str, int]:
    """Map each layer of the network, blocks as a whole, to where its parameters begin on the vector."""
    starts: dict[str, int] = {}
    for name, place in params.slices.items():
        starts.setdefault(name.split(".")[0], place.start)
    return starts
