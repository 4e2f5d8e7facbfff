"""The signs that a training is not well, each a function of its figures; in words, with what to try."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

from nndl.net.losses import Loss, SvmLoss
from nndl.train.health.look import Look, Output

SIGNS = {
    "first_loss": "the loss before the first step is far above that of guessing",
    "exploding": "activations grow from layer to layer beyond what can be learnt from",
    "vanishing": "activations or gradients die away from layer to layer",
    "dead": "an activation lets nothing through",
    "rising": "the loss has risen far above that of guessing, and stays there",
    "updates": "a step moves the weights far more, or far less, than a thousandth of their size",
    "chance": "after an epoch the network does no better than guessing",
    "absurd": "an epoch's loss is finite, and out of all proportion",
}
"""All that can be told, each at most once in a run."""

FAR_ABOVE = 2.0
"""Times the loss of guessing that a first loss is told from: scores of deviation 2 make it, where He's weights behind
batch norm give 1.4."""
RISEN = 3.0
"""Times the loss of guessing, at the moment and on average: with batch norm it may climb to that for some ten steps."""
EXPLODED, EXPLODED_LATER = 1e3, 1e5
"""Standard deviations that hidden layers have before the first step, and later, in no training that comes to anything:
those of a bundled config grow to 200."""
VANISHED = 1e-5
"""The least by which a hidden layer may tell images apart: of three layers with the courses' weights of 0.001 it is
0.0003."""
LEAST_PULL = 1e-6
"""The pull on one weight as a share of that on another; in the bundled configs 0.03 and more."""
NEARLY_ALL_DEAD = 0.9
"""Of the units of a layer, that may be shut in a network that learns, but not in one that does not."""
TOO_FAST, TOO_SLOW = 0.3, 1e-4
"""Updates over weights: the median of all weights, the largest of all. The bundled configs have 0.004 to 0.23."""
STILL_WRONG = 0.5
"""Times the loss of guessing below which a network has learnt: small updates are right then."""
NO_BETTER = 0.95
"""Times the loss of guessing that a network has to come below, to have learnt anything."""


WITH_WEIGHTS = ("affine", "conv")


class Sign(NamedTuple):
    """A sign that was found."""

    name: str
    """Its key in SIGNS."""
    says: str
    cure: str


@dataclass(frozen=True)
class Guessing:
    """The loss of guessing: every class given the same score."""

    classes: int
    loss: float
    words: str
    """The loss as it is reckoned: "ln(10) = 2.3"."""

    @classmethod
    def of(cls, loss: Loss, classes: int) -> "Guessing":
        """Reckon it: ln(classes), whatever the label smoothing; with svm the margin of 1 to each other class."""
        if isinstance(loss, SvmLoss):
            return cls(classes, max(1.0, classes - 1.0), f"{classes} - 1 = {classes - 1}")
        value = math.log(max(2, classes))
        return cls(classes, value, f"ln({classes}) = {value:.3g}")


def of_start(look: Look, guessing: Guessing) -> Sign | None:
    """Look at a network before its first step: its layers first, then the loss, which follows from them."""
    return of_layers(look) or _first_loss(look.loss, guessing)


def _first_loss(loss: float, guessing: Guessing) -> Sign | None:
    if loss <= FAR_ABOVE * guessing.loss:
        return None
    says = f"before the first step the loss is {loss:.3g}; that of guessing is {guessing.words}"
    return Sign(
        "first_loss",
        f"{says}: the network is sure of things it cannot know",
        "smaller weights in the last layer (init: xavier, or init: normal with a small weight_scale), and "
        "data.normalize: standard",
    )


def of_layers(look: Look, *, rate: float | None = None) -> Sign | None:
    """Find the first layer, in the order in which they run, that spoils what follows; None where none does.

    rate: the last step's learning rate, None before the first. What was well then, steps have spoilt since.

    Blocks count as one layer, by what they add up to: a branch may begin at nothing. So may the last weights.
    """
    outer = [each for each in look.outputs if "." not in each.path]
    for output in outer[: _before_scores(outer)]:
        sign = _of_layer(output, outer, rate)
        if sign:
            return sign
    return None


def of_dead_units(look: Look, guessing: Guessing) -> Sign | None:
    """Find a layer most of whose units are dead in a network that has learnt nothing; call it under way."""
    if look.loss < NO_BETTER * guessing.loss:
        return None
    return next((_dead(each) for each in look.outputs if "." not in each.path and _mostly_dead(each)), None)


def _before_scores(outer: Sequence[Output]) -> int:
    """Count the layers before the last one with weights, whose scores may be as small as one likes."""
    return max((place for place, each in enumerate(outer) if each.kind in WITH_WEIGHTS), default=0)


def _of_layer(output: Output, outer: Sequence[Output], rate: float | None) -> Sign | None:
    limit = EXPLODED if rate is None else EXPLODED_LATER
    if not output.deviation <= limit:
        says = f"{output.path} gives numbers of deviation {output.deviation:.3g}{_grown(outer)}"
        cure = "init: he (or a smaller weight_scale), a batch norm behind each layer with weights"
        cure = f"{cure}, data.normalize: standard" if rate is None else f"{_smaller(rate)}, {cure}"
        return Sign("exploding", f"activations explode: {says}{_since(rate)}", cure)
    if output.dead is not None and output.dead == 1 and output.varies == 0:
        return _dead(output)
    if output.varies < VANISHED:
        differs = (
            f"differs by {output.varies:.1g} from image to image" if output.varies else "is the same for every image"
        )
        says = f"what {output.path} gives {differs}{_grown(outer)}"
        cure = "init: he, which keeps the scale through ReLU, or a batch norm behind each layer with weights"
        cure = cure if rate is None else f"{_smaller(rate)}; {cure}"
        says = f"activations vanish: {says}{_since(rate)}; what is behind it cannot tell images apart"
        return Sign("vanishing", says, cure)
    return None


def _since(rate: float | None) -> str:
    """Blame the steps for what was not so before the first of them."""
    return "" if rate is None else ", which was not so before the first step: the steps are too large"


def _smaller(rate: float) -> str:
    return f"train.optimizer's learning_rate at {rate / 10:.1g} or less"


def _grown(outer: Sequence[Output]) -> str:
    """Say how the deviation goes from the first layer to the last."""
    first, last = outer[0], outer[-1]
    return f" ({first.deviation:.2g} behind {first.path}, {last.deviation:.2g} behind {last.path})"


def _mostly_dead(output: Output) -> bool:
    return output.dead is not None and output.dead >= NEARLY_ALL_DEAD


def _dead(output: Output) -> Sign:
    share = "every unit" if output.dead == 1 else f"{100 * (output.dead or 0):.0f} % of the units"
    says = f"{share} of {output.path} gives nothing for any image looked at, so no gradient passes there"
    cures = ("a learning rate ten times smaller", "train.warmup_epochs: 1", "init: he", "leaky_relu in its place")
    return Sign("dead", f"dead {output.kind}: {says}", ", ".join(cures))


def of_gradients(look: Look) -> Sign | None:
    """Find weights that hardly anything comes back to, beside the others; call it when training is under way.

    Those within blocks are left out: a branch may count for nothing.
    """
    pulls = {name: pull for name, pull in look.pull.items() if math.isfinite(pull) and name.count(".") == 1}
    if len(pulls) < 2:
        return None
    least, most = min(pulls, key=pulls.__getitem__), max(pulls, key=pulls.__getitem__)
    if pulls[least] >= LEAST_PULL * pulls[most]:
        return None
    says = f"gradients vanish: {least} counts {pulls[least] / pulls[most]:.0e} times what {most} does for the loss"
    return Sign("vanishing", says, "init: he, a batch norm behind each layer with weights, or residual blocks")


def of_updates(ratios: Mapping[str, float], loss: float, guessing: Guessing, rate: float, share: float) -> Sign | None:
    """Look at how far one step moved each trained weight, as a share of its norm.

    loss: the network's at the time, without L2. rate: the step's learning rate; share: of the largest that is to come.
    """
    if not ratios or loss < STILL_WRONG * guessing.loss:
        return None
    middle, (name, largest) = median(ratios.values()), max(ratios.items(), key=lambda pair: pair[1])
    usual = "about a thousandth is usual"
    if middle > TOO_FAST:
        says = f"one step moves the weights by {100 * middle:.0f} % of their size (the median of them); {usual}"
        return Sign("updates", says, f"train.optimizer's learning_rate at {rate / 10:.1g}, or train.warmup_epochs: 1")
    if largest < TOO_SLOW and share > TOO_FAST:
        says = f"one step moves no weight by more than {largest:.0e} of its size ({name}); {usual}"
        return Sign("updates", says, f"train.optimizer's learning_rate ten to a hundred times larger than {rate:.3g}")
    return None


def of_rising(now: float, mean: float, guessing: Guessing, rate: float) -> Sign | None:
    """Look at the loss at the moment and on average over the epoch so far, without L2."""
    if now < RISEN * guessing.loss or mean < RISEN * guessing.loss:
        return None
    says = f"the loss is {mean:.3g} on average and {now:.3g} now; that of guessing is {guessing.words}"
    cure = f"train.optimizer's learning_rate at {rate / 10:.1g}, train.warmup_epochs: 1, or train.clip_norm: 1.0"
    return Sign("rising", f"the loss has risen: {says}", cure)


def of_chance(accuracy: float, images: int, commonest: float, now: float, guessing: Guessing) -> Sign | None:
    """Look at the accuracy on training images after an epoch. commonest: the share of the commonest class in them."""
    chance = max(commonest, 1 / guessing.classes)
    if accuracy > chance + 2 * math.sqrt(chance * (1 - chance) / max(1, images)) or now < NO_BETTER * guessing.loss:
        return None
    says = f"after an epoch {100 * accuracy:.1f} % of the training images are right; guessing gets {100 * chance:.1f} %"
    cure = "nndl overfit CONFIG, which says whether the network can learn a few images by heart, and if not, why"
    return Sign("chance", f"{says}, and the loss is {now:.3g} ({guessing.words})", cure)
