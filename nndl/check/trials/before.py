"""The checks of a config before an hour's training is begun, cheapest first."""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nndl.check.gradients import Row, check_gradients
from nndl.check.report import scatter
from nndl.check.trials import dependence
from nndl.check.trials.baseline import WINDOW, against_zeros
from nndl.check.trials.by_heart import learn_by_heart
from nndl.check.trials.simplified import simplified
from nndl.config import Experiment
from nndl.config.build import Built, build, build_network
from nndl.net.network import Network
from nndl.net.types import Array
from nndl.train.health import signs
from nndl.train.health.look import look
from nndl.train.health.signs import Guessing, Sign

SAMPLE, FEW, SOME = 64, 20, 256
"""Images that are looked at, learnt by heart, and learnt against zeros."""
STEPS = 320
"""The most that the two trainings take."""
BATCH, PAIR = 32, 2
"""Images in a step of the training against zeros, and in a gradient check."""
FEWEST = 8
"""Images that have to be looked at, at the least."""
WITH_TIME = ("slow", "stuck", "test_mode")
"""Reasons in a training that was broken off, which may not hold in a longer one."""
SLOW = 0.1
"""Seconds that an image takes in which there is no warming up to speak of."""
GRADIENTS = 1e-5
"""Relative error that passes: many layers on end add up what a single one's 1e-6 leaves."""

Progress = Callable[[str], None]


class _OverError(Exception):
    """The time is over, in the middle of a check."""


@dataclass(frozen=True)
class Checked:
    """A check, and what it found."""

    name: str
    verdict: str
    """ok, FAILED, or undecided where the time was too short."""
    says: str
    cure: str = ""
    seconds: float = 0.0

    def record(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "check": self.name,
            "verdict": self.verdict.lower(),
            "says": self.says,
            "try": self.cure or None,
            "seconds": round(self.seconds, 2),
        }


def check_before(experiment: Experiment, seconds: float, say: Progress = lambda _: None) -> Iterator[Checked]:
    """Yield each check of an experiment once it is done; `say` is told how far the one under way is.

    seconds: the most that each of them may take, but for one step of a training that is under way. Where an image takes
    so long that none or hardly any can be looked at, the check is undecided.
    """
    size = experiment.data.train_size
    images = min(SOME, size) if isinstance(size, int) else SOME
    built = build(simplified(experiment, images, STEPS, BATCH).experiment)
    sample = built.solver.train_sample
    X, y = sample.normalize(sample.images[:SAMPLE]), sample.labels[:SAMPLE]
    pace = _pace(built.network, X[:PAIR], y[:PAIR])
    fit = int(seconds / pace)  # images
    part = max(1, min(dependence.PART, fit // 2))
    checks: dict[str, tuple[int, Callable[[], Checked]]] = {  # images that must fit into the time, and the check
        "before the first step": (FEWEST, lambda: _start(built.network, X[:fit], y[:fit])),
        "one image apart from another": (FEWEST, lambda: _apart(built.network, X[: dependence.IMAGES])),
        "every pixel": (PAIR, lambda: _pixels(built.experiment, X, _clock(seconds), say, part)),
        "gradients": (PAIR, lambda: _gradients(built.experiment, _clock(seconds), say)),
        "a few by heart": (FEW, lambda: _by_heart(experiment, _clock(seconds), say)),
        "better than no images": (2 * BATCH, lambda: _baseline(built.experiment, _clock(seconds), say)),
    }
    for name, (least, check) in checks.items():
        say(name)
        began = time.perf_counter()
        found = check() if least <= fit else _too_slow(least, pace)
        yield replace(found, name=name, seconds=time.perf_counter() - began)


def _pace(network: Network, X: Array, y: Array) -> float:
    """Measure the seconds that an image takes, forth and back; where that is short, once all is warm."""
    for _ in range(2):
        began = time.perf_counter()
        look(network, X, y)
        taken = (time.perf_counter() - began) / len(X)
        if taken > SLOW:
            break
    return taken


def _too_slow(images: int, pace: float) -> Checked:
    says = f"{images} images take about {images * pace:.2g} s, more than the time"
    return Checked("", "undecided", says, "--seconds, or a faster --engine")


def _clock(seconds: float) -> Callable[[], bool]:
    until = time.monotonic() + seconds
    return lambda: time.monotonic() > until


def _of(sign: Sign | None, well: str) -> Checked:
    return Checked("", "ok", well) if sign is None else Checked("", "FAILED", sign.says, sign.cure)


def _start(network: Network, X: Array, y: Array) -> Checked:
    """Check loss and layers before the first step."""
    guessing = Guessing.of(network.loss_function, network.placed[-1].out_shape[0])
    seen = look(network, X, y)
    outer = [each for each in seen.outputs if "." not in each.path]
    low, high = min(each.varies for each in outer[:-1] or outer), max(each.deviation for each in outer)
    well = f"loss {seen.loss:.3g}, that of guessing is {guessing.words}; layers vary by {low:.1g} to {high:.2g}"
    return _of(signs.of_start(seen, guessing), well)


def _apart(network: Network, X: Array) -> Checked:
    """Check that no image's scores depend on another's in test mode, and in training by batch norm alone."""
    cure = "running statistics in test mode, and no sum, mean or reshape over the first axis"
    mixing = dependence.mixing(network, X, "test")
    if mixing:
        says = f"in test mode what {mixing[0]} gives for an image depends on another image of the batch"
        return Checked("", "FAILED", says, cure)
    allowed = dependence.may_mix(network)
    trained = dependence.mixing(network, X, "train")
    wrong = [name for name in trained if not allowed.intersection(name.split(" + "))]
    if wrong:
        says = f"in training what {wrong[0]} gives for an image depends on another, and it is no batch norm"
        return Checked("", "FAILED", says, cure)
    norms = f"; in training batch norm mixes them, as it should, in {len(trained)} places" if trained else ""
    return Checked("", "ok", f"in test mode no layer mixes images{norms}")


def _pixels(experiment: Experiment, X: Array, over: Callable[[], bool], say: Progress, part: int) -> Checked:
    """Check that the scores depend on every pixel."""

    def seen(done: int, of: int) -> None:
        say(f"every pixel: {done} of at most {of} passes")

    unseen = dependence.unseen_pixels(build_network(experiment), X, seen, over, part)
    if not unseen.any():
        return Checked("", "ok", f"all {unseen.size:,} places of an image move the scores")
    if over():
        says = f"{np.count_nonzero(~unseen):,} of {unseen.size:,} places of an image move the scores"
        return Checked("", "undecided", f"{says}, when the time was over", "--seconds")
    rows, columns = (np.flatnonzero(unseen.all(axis=axis)).tolist() for axis in (1, 0))
    which = " and ".join(f"{what} {_listed(each)}" for what, each in (("rows", rows), ("columns", columns)) if each)
    says = f"{np.count_nonzero(unseen):,} of {unseen.size:,} places of an image move no score"
    cure = "pad convolutions, or windows and strides that leave no border; a window that does not fit is left out"
    return Checked("", "FAILED", f"{says}{f' ({which})' if which else ''}", cure)


def _listed(places: list[int]) -> str:
    return ", ".join(map(str, places[:4])) + (" ..." if len(places) > 4 else "")


def _gradients(experiment: Experiment, over: Callable[[], bool], say: Progress) -> Checked:
    """Check the gradients in float64, a direction and a coordinate of each parameter, as many as the time allows."""
    engine = "vectorized" if experiment.engine in ("auto", "compiled", "compiled_bf16") else experiment.engine
    network = build_network(experiment.model_copy(update={"dtype": "float64", "engine": engine}))
    random = np.random.default_rng(0)
    scatter(network, random)
    X = random.standard_normal((PAIR, *network.input_shape))
    y = random.integers(0, network.placed[-1].out_shape[0], PAIR)
    gradients = {name: value.copy() for name, value in network.loss(X, y)[1].items()}
    found: list[Row] = []

    def loss() -> float:
        if over():
            raise _OverError
        return float(network.loss(X, y)[0])

    with suppress(_OverError):
        for name in random.permutation(list(network.params)).tolist():
            say(f"gradients: {len(found)} of {len(network.params)} parameters")
            one = {name: network.params[name]}
            found += check_gradients(loss, one, gradients, coordinates=1, tolerance=GRADIENTS).rows
    if not found:
        return Checked("", "undecided", "no parameter was looked at, when the time was over", "--seconds")
    wrong = [row for row in found if row.verdict == "wrong"]
    worst = max(row.error for row in found)
    of = f"{len(found)} of {len(network.params)} parameters"
    if not wrong:
        return Checked("", "ok", f"{of}, to a relative error of {worst:.0e}")
    names = ", ".join(sorted(row.name for row in wrong)[:3])
    says = f"{len(wrong)} are wrong of {of}: {names} (relative error {worst:.0e})"
    return Checked("", "FAILED", says, "nndl gradcheck CONFIG, then nndl gradcheck KIND for that layer")


def _by_heart(experiment: Experiment, over: Callable[[], bool], say: Progress) -> Checked:
    """Check that a few images are learnt by heart."""
    built: Built = build(simplified(experiment, FEW, STEPS).experiment)
    solver = built.solver

    def see(event: Any) -> None:
        say(f"{FEW} by heart: step {event.step} of at most {solver.steps}")
        if over():
            solver.stop()

    outcome = learn_by_heart(built, see)
    figures = f"{outcome.right} of {outcome.images} images after step {solver.step:,}, loss {outcome.loss:.3g}"
    if outcome.learnt:
        return Checked("", "ok", figures)
    failed = outcome.failed()
    if outcome.interrupted and failed.name in WITH_TIME:
        return Checked("", "undecided", f"{figures}, when the time was over", "--seconds, or nndl overfit CONFIG")
    return Checked("", "FAILED", f"{figures}; {failed.says}", failed.cure)


def _baseline(experiment: Experiment, over: Callable[[], bool], say: Progress) -> Checked:
    """Check that training on images is better than training on zeros."""
    ended = []

    def out_of_time() -> bool:
        if over():
            ended.append(True)
        return bool(ended)

    found = against_zeros(
        lambda: build(experiment), out_of_time, lambda step, of: say(f"against zeros: step {step} of at most {of}")
    )
    real, blind = found.figures
    figures = f"loss {real:.3g} with images, {blind:.3g} with zeros, after step {len(found.real)}"
    if found.shown:
        return Checked("", "ok", figures)
    if found.ended:
        return Checked("", "FAILED", found.ended, "a smaller learning rate; nndl overfit CONFIG says more")
    if ended or len(found.real) < WINDOW:
        return Checked("", "undecided", f"{figures}, when the time was over", "--seconds")
    cure = "nndl overfit CONFIG; look whether the images reach the network, and whether its first layers are trained"
    return Checked("", "FAILED", f"{figures}: the network learns nothing from them", cure)
