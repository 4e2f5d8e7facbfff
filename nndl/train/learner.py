"""One training update: what a step does with the gradients, for the solver and for whoever measures one."""

import math
from collections.abc import Sequence

from nndl.net.network import Network
from nndl.net.params import Params
from nndl.train.optimizers import Rule
from nndl.train.sharded.sharing import Sharing
from nndl.train.transforms import Average, Averaged, clip_norm
from nndl.train.updater import Group, Updater


class Learner:
    """Changes a network's parameters by their gradients: clipped, through the update rule, then averaged.

    rule: the description of the update. updater: the rule at work, with its memory. averaged: the running averages of
    parameters and running statistics, where there are any.
    """

    def __init__(
        self,
        network: Network,
        rule: Rule,
        *,
        weight_decay: float = 0.0,
        groups: Sequence[Group] = (),
        clip_norm: float | None = None,
        average: Average | None = None,
        steps_per_epoch: int = 1,
        sharing: Sharing | None = None,
    ) -> None:
        self.rule = rule
        self.updater = Updater(
            rule,
            network.params,
            weight_decay=weight_decay,
            decayed=network.decayed,
            groups=groups,
            engine=network.engine,
        )
        self.averaged = Averaged(average, network.params, network.buffers, steps_per_epoch) if average else None
        self._network, self._clip_norm = network, clip_norm
        self._sharing = sharing or Sharing()
        self._epochs = math.inf

    def freeze(self, epoch: float, epochs: float = math.inf) -> None:
        """Train from now on what is trained at `epoch`, which may have a fraction, of `epochs`.

        No gradients are computed for the rest.
        """
        self._epochs = epochs
        frozen = self.updater.frozen(epoch, epochs)
        self._network.freeze(frozen)
        self.updater.freeze(frozen)

    def update(self, gradients: Params, multiplier: float, step: int, steps: int) -> float:
        """Take step 1, 2, ... of `steps`, with `multiplier` times the rule's learning rate; may scale the gradients.

        Returns the sum of squares of the parameters as the rule left them, for whoever guards them.
        """
        sharing = self._sharing
        if self._clip_norm is not None or sharing.gathers_gradients:
            sharing.complete(gradients.vector)
        if self._clip_norm is not None:
            clip_norm(gradients.vector, self._clip_norm)
        epoch = 0.0 if math.isinf(self._epochs) else (step - 1) / steps * self._epochs
        squares = self.updater.update(gradients, multiplier, sharing.own, epoch)
        sharing.complete(self._network.params.vector)
        sharing.complete_buffers(self._network.buffers.vector)
        if self.averaged:
            if self._network.begun_anew:
                self.averaged.begin_buffers()
            self.averaged.update(step, steps)
        return sharing.total(squares)

    def stores(self) -> dict[str, Params]:
        """Return the memory carried from step to step, under the names of a saved state."""
        for memory in self.updater.memory.values():
            self._sharing.complete(memory.vector)
        return self.remembered()

    def remembered(self) -> dict[str, Params]:
        """Return the same as far as this process has it."""
        stores = {f"optimizer_{name}": memory for name, memory in self.updater.memory.items()}
        if self.averaged:
            stores |= {"average_params": self.averaged.params, "average_buffers": self.averaged.buffers}
        return stores
