"""The courses' update rules on flat vectors, in place.

Each rule is a description (its fields are its YAML options, named as the keys of nndl.optim) and one method, which
updates a stretch of the parameter vector in a few NumPy passes without new arrays. nndl.optim is the definition; tests
hold these equal to it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from annotated_types import Ge, Gt, Le, Lt
from numpy.typing import NDArray

from nndl.described import Described, table
from nndl.train.orthogonal import orthogonalised

Vector = NDArray[Any]
"""(D,), float32 or float64"""


@dataclass(frozen=True, kw_only=True)
class Rule(Described):
    """An update rule: what it remembers between steps, and how it changes w."""

    shorthand = "learning_rate"
    memory: ClassVar[tuple[str, ...]] = ()
    """The vectors it keeps, by the courses' names; they start as zeros."""
    whole_filters: ClassVar[bool] = False
    """True for a rule that updates filters one array at a time, by `update_filters`."""
    couples_decay: ClassVar[bool] = False
    """True where the rule's own weight decay is added to the gradient, of all parameters, instead of decoupled."""

    learning_rate: Annotated[float, Gt(0)] = 1e-2
    """The step size at multiplier 1 of the schedule."""

    def update(
        self, w: Vector, dw: Vector, memory: Sequence[Vector], temporary: Sequence[Vector], learning_rate: float, t: int
    ) -> None:
        """Change w in place at step t = 1, 2, ...; `temporary` holds two vectors of w's size to write into."""
        raise NotImplementedError

    def scalars(self, learning_rate: float, t: int) -> tuple[float, ...]:
        """Return the scalars of `update` at step t, in the order in which an engine's pass for the rule takes them."""
        raise NotImplementedError

    def update_filters(self, w: Vector, dw: Vector, memory: Sequence[Vector], learning_rate: float) -> None:
        """Change filters w (F, C, HH, WW) in place; all arrays are views in any order of memory. For whole_filters."""
        raise NotImplementedError

    @property
    def own_weight_decay(self) -> float | None:
        """The weight decay that is an option of the rule itself; None where that of training counts."""
        return None


@dataclass(frozen=True, kw_only=True)
class Sgd(Rule):
    """Stochastic gradient descent: w -= learning_rate * dw."""

    kind = "sgd"

    def scalars(self, learning_rate: float, t: int) -> tuple[float, ...]:
        del t
        return (learning_rate,)

    def update(
        self, w: Vector, dw: Vector, memory: Sequence[Vector], temporary: Sequence[Vector], learning_rate: float, t: int
    ) -> None:
        del memory, t
        w -= np.multiply(dw, learning_rate, out=temporary[0])


@dataclass(frozen=True, kw_only=True)
class SgdMomentum(Rule):
    """velocity = momentum * velocity - learning_rate * dw; w += velocity."""

    kind = "sgd_momentum"
    memory: ClassVar[tuple[str, ...]] = ("velocity",)

    momentum: Annotated[float, Ge(0), Lt(1)] = 0.9
    """The share of the velocity that is kept."""

    def scalars(self, learning_rate: float, t: int) -> tuple[float, ...]:
        del t
        return learning_rate, self.momentum

    def update(
        self, w: Vector, dw: Vector, memory: Sequence[Vector], temporary: Sequence[Vector], learning_rate: float, t: int
    ) -> None:
        del t
        velocity = memory[0]
        velocity *= self.momentum
        velocity -= np.multiply(dw, learning_rate, out=temporary[0])
        w += velocity


@dataclass(frozen=True, kw_only=True)
class SgdNesterovMomentum(SgdMomentum):
    """Velocity as in sgd_momentum, then w += velocity + momentum * (velocity - old velocity)."""

    kind = "sgd_nesterov_momentum"

    def update(
        self, w: Vector, dw: Vector, memory: Sequence[Vector], temporary: Sequence[Vector], learning_rate: float, t: int
    ) -> None:
        del t
        # With v = mu v_old - lr dw, v + mu (v - v_old) = mu v - lr dw: no copy of v_old is needed.
        velocity, step = memory[0], np.multiply(dw, learning_rate, out=temporary[0])
        velocity *= self.momentum
        velocity -= step
        w += np.multiply(velocity, self.momentum, out=temporary[1])
        w -= step


@dataclass(frozen=True, kw_only=True)
class RmsProp(Rule):
    """a = decay_rate * a + (1 - decay_rate) * dw^2; w -= learning_rate * dw / (sqrt(a) + epsilon)."""

    kind = "rmsprop"
    memory: ClassVar[tuple[str, ...]] = ("a",)

    decay_rate: Annotated[float, Ge(0), Lt(1)] = 0.99
    """The share of the mean square that is kept."""
    epsilon: Annotated[float, Gt(0)] = 1e-8
    """Keeps the division from zero."""

    def scalars(self, learning_rate: float, t: int) -> tuple[float, ...]:
        del t
        return learning_rate, self.decay_rate, 1 - self.decay_rate, self.epsilon

    def update(
        self, w: Vector, dw: Vector, memory: Sequence[Vector], temporary: Sequence[Vector], learning_rate: float, t: int
    ) -> None:
        del t
        a, step = memory[0], temporary[0]
        _average_in(a, self.decay_rate, np.square(dw, out=step), step)
        root = np.sqrt(a, out=temporary[1])
        root += self.epsilon
        np.divide(dw, root, out=step)
        step *= learning_rate
        w -= step


@dataclass(frozen=True, kw_only=True)
class Adam(Rule):
    """First moment v, second moment a, both corrected for their start at zero (Kingma and Ba 2015)."""

    kind = "adam"
    memory: ClassVar[tuple[str, ...]] = ("v", "a")

    learning_rate: Annotated[float, Gt(0)] = 1e-3
    """The step size at multiplier 1 of the schedule."""
    beta1: Annotated[float, Ge(0), Lt(1)] = 0.9
    """The share of the first moment that is kept."""
    beta2: Annotated[float, Ge(0), Lt(1)] = 0.999
    """The share of the second moment that is kept."""
    epsilon: Annotated[float, Gt(0)] = 1e-8
    """Keeps the division from zero."""

    def scalars(self, learning_rate: float, t: int) -> tuple[float, ...]:
        rate, unbiased = learning_rate / (1 - self.beta1**t), 1 / (1 - self.beta2**t)
        return rate, unbiased, self.beta1, 1 - self.beta1, self.beta2, 1 - self.beta2, self.epsilon

    def update(
        self, w: Vector, dw: Vector, memory: Sequence[Vector], temporary: Sequence[Vector], learning_rate: float, t: int
    ) -> None:
        (v, a), (step, root) = memory, temporary
        _average_in(v, self.beta1, dw, step)
        _average_in(a, self.beta2, np.square(dw, out=step), step)
        np.multiply(a, 1 / (1 - self.beta2**t), out=root)
        np.sqrt(root, out=root)
        root += self.epsilon
        np.divide(v, root, out=step)
        step *= learning_rate / (1 - self.beta1**t)
        w -= step


@dataclass(frozen=True, kw_only=True)
class AdamW(Adam):
    """adam with decoupled weight decay (Loshchilov and Hutter 2019): w -= learning_rate * weight_decay * w besides."""

    kind = "adamw"

    weight_decay: Annotated[float, Ge(0)] = 1e-2
    """The share of the weights, times the learning rate, taken off each step; not of biases or normalisation."""

    @property
    def own_weight_decay(self) -> float | None:
        return self.weight_decay


@dataclass(frozen=True, kw_only=True)
class SgdPytorch(Rule):
    """PyTorch's SGD, to the letter: velocity = momentum * velocity + g; w -= learning_rate * velocity.

    g is the gradient, clipped if it is, and weight_decay * w, biases and batch norms included. train.l2 differs in
    sparing those and in being clipped; sgd_momentum in that its velocity holds steps, not gradients: that is the same
    while the learning rate stays as it is.
    """

    kind = "sgd_pytorch"
    memory: ClassVar[tuple[str, ...]] = ("velocity",)
    couples_decay: ClassVar[bool] = True

    learning_rate: Annotated[float, Gt(0)] = 1e-3
    """The step size at multiplier 1 of the schedule."""
    momentum: Annotated[float, Ge(0), Lt(1)] = 0.0
    """The share of the velocity that is kept; 0: there is none."""
    dampening: Annotated[float, Ge(0), Lt(1)] = 0.0
    """The share of each gradient but the first that does not enter the velocity."""
    nesterov: bool = False
    """Step by g + momentum * velocity instead of the velocity."""
    weight_decay: Annotated[float, Ge(0)] = 0.0
    """The share of the parameters that is added to their gradient, of all but those whose group has another factor."""

    def __post_init__(self) -> None:
        if self.nesterov and (not self.momentum or self.dampening):
            raise ValueError("nesterov needs a momentum and no dampening")

    def scalars(self, learning_rate: float, t: int) -> tuple[float, ...]:
        share = 1.0 if t == 1 else 1 - self.dampening
        return learning_rate, self.momentum, share, float(self.nesterov), float(self.momentum != 0)

    def update(
        self, w: Vector, dw: Vector, memory: Sequence[Vector], temporary: Sequence[Vector], learning_rate: float, t: int
    ) -> None:
        step = temporary[0]
        if not self.momentum:
            w -= np.multiply(dw, learning_rate, out=step)
            return
        velocity = memory[0]
        velocity *= self.momentum
        velocity += dw if t == 1 else np.multiply(dw, 1 - self.dampening, out=step)
        if self.nesterov:
            np.multiply(velocity, self.momentum, out=step)
            step += dw
            step *= learning_rate
        else:
            np.multiply(velocity, learning_rate, out=step)
        w -= step

    @property
    def own_weight_decay(self) -> float | None:
        return self.weight_decay


@dataclass(frozen=True, kw_only=True)
class Lion(Rule):
    """w -= learning_rate * sign(beta1 * v + (1 - beta1) * dw); v = beta2 * v + (1 - beta2) * dw (Chen et al. 2023).

    Every weight moves by the learning rate, which is about a tenth of adamw's, with a weight_decay ten times as large.
    """

    kind = "lion"
    memory: ClassVar[tuple[str, ...]] = ("v",)

    learning_rate: Annotated[float, Gt(0)] = 1e-4
    """The step size at multiplier 1 of the schedule."""
    beta1: Annotated[float, Ge(0), Lt(1)] = 0.9
    """The share of the running mean in what the sign is taken of."""
    beta2: Annotated[float, Ge(0), Lt(1)] = 0.99
    """The share of the running mean that is kept."""
    weight_decay: Annotated[float, Ge(0)] = 0.0
    """The share of the weights, times the learning rate, taken off each step; not of biases or normalisation."""

    def scalars(self, learning_rate: float, t: int) -> tuple[float, ...]:
        del t
        return learning_rate, self.beta1, 1 - self.beta1, self.beta2, 1 - self.beta2

    def update(
        self, w: Vector, dw: Vector, memory: Sequence[Vector], temporary: Sequence[Vector], learning_rate: float, t: int
    ) -> None:
        del t
        v, (step, fresh) = memory[0], temporary
        np.multiply(v, self.beta1, out=step)
        step += np.multiply(dw, 1 - self.beta1, out=fresh)
        np.sign(step, out=step)
        step *= learning_rate
        w -= step
        _average_in(v, self.beta2, dw, fresh)

    @property
    def own_weight_decay(self) -> float | None:
        return self.weight_decay


@dataclass(frozen=True, kw_only=True)
class Muon(Rule):
    """Filters take steps along orthogonalised momentum, the rest by Nesterov momentum (Jordan et al. 2024).

    Before each step filters are scaled to the norm sqrt(F). Biases and the last layer want learning rates of their own:
    see train.groups.
    """

    kind = "muon"
    memory: ClassVar[tuple[str, ...]] = ("velocity",)
    whole_filters: ClassVar[bool] = True

    learning_rate: Annotated[float, Gt(0)] = 0.24
    """The step size at multiplier 1 of the schedule."""
    momentum: Annotated[float, Ge(0), Lt(1)] = 0.6
    """The share of the velocity that is kept, of filters."""
    other_momentum: Annotated[float, Ge(0), Lt(1)] = 0.85
    """The share of the velocity that is kept, of all other parameters."""
    rounds: Annotated[int, Ge(1), Le(10)] = 3
    """Rounds of Newton and Schulz's iteration: more of them bring the directions closer to one size."""

    def scalars(self, learning_rate: float, t: int) -> tuple[float, ...]:
        del t
        return learning_rate, self.other_momentum, 1.0, 1.0, 1.0  # as sgd_pytorch has it, with Nesterov's momentum

    def update(
        self, w: Vector, dw: Vector, memory: Sequence[Vector], temporary: Sequence[Vector], learning_rate: float, t: int
    ) -> None:
        del t
        velocity, step = memory[0], temporary[0]
        velocity *= self.other_momentum
        velocity += dw
        np.multiply(velocity, self.other_momentum, out=step)
        step += dw
        step *= learning_rate
        w -= step

    def update_filters(self, w: Vector, dw: Vector, memory: Sequence[Vector], learning_rate: float) -> None:
        velocity, F = memory[0], len(w)
        velocity *= self.momentum
        velocity += dw
        step = dw + self.momentum * velocity
        w *= np.sqrt(F) / (np.linalg.norm(w) + 1e-7)
        w -= learning_rate * orthogonalised(step.reshape(F, -1), self.rounds).reshape(w.shape)


def _average_in(mean: Vector, kept: float, new: Vector, temporary: Vector) -> None:
    """Set mean = kept * mean + (1 - kept) * new, in place."""
    mean *= kept
    mean += np.multiply(new, 1 - kept, out=temporary)


OPTIMIZERS: dict[str, type[Rule]] = table(
    Sgd, SgdMomentum, SgdNesterovMomentum, RmsProp, Adam, AdamW, SgdPytorch, Lion, Muon
)
"""The update rules by their names in YAML."""
