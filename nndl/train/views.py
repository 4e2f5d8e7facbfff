"""Test-time augmentation: an image is scored as several views of it, and the scores are averaged."""

import re
from collections.abc import Callable, Iterator, Mapping
from math import ceil
from typing import Any

import numpy as np

from nndl.errors import UsageError
from nndl.net.types import Array

Tta = str
"""The views, and behind a colon the share of images, the least certain, that have more than one: mirror:0.25."""
TTA = ("none", "mirror", "mirror+translate")
LEAST = 0.0001
"""The smallest share: smaller ones are written with an exponent."""
FORM = re.compile(r"(none|mirror|mirror\+translate)(?::((?:0?\.\d+)|1(?:\.0+)?))?")


def as_tta(given: object, shown: Callable[[object], str] = repr) -> Tta:
    """Return the augmentation that a word or a mapping (views, share) names; raises UsageError where there is none.

    `shown` writes down, for the error, what was given.
    """
    if isinstance(given, Mapping):
        return _of_mapping(given, shown)
    found = FORM.fullmatch(given) if isinstance(given, str) else None
    if found is None:
        words = f"test-time augmentation is {', '.join(TTA[:-1])} or {TTA[-1]}"
        raise UsageError(f"{words}, or with a share as in mirror:0.25, not {shown(given)}")
    return _named(found[1], float(found[2] or 1), shown)


def _of_mapping(given: Mapping[Any, Any], shown: Callable[[object], str]) -> Tta:
    unknown = [key for key in given if key not in ("views", "share")]
    if unknown:
        raise UsageError(f"tta has views and share, no {unknown[0]!r}")
    views = given.get("views", "mirror+translate")
    if views not in TTA:
        raise UsageError(f"tta: views should be {', '.join(TTA[:-1])} or {TTA[-1]}, not {shown(views)}")
    return _named(views, given.get("share", 1), shown)


def _named(views: str, share: object, shown: Callable[[object], str]) -> Tta:
    """Return the word for views of a share of the images; raises UsageError for what is none."""
    if isinstance(share, str) and share.replace(".", "", 1).isdecimal():
        raise UsageError(f"tta: share should be a number, not {shown(share)}; take off the quotes")
    if isinstance(share, bool) or not isinstance(share, int | float) or not LEAST <= share <= 1:
        raise UsageError(f"tta: share should be from {LEAST} to 1, not {shown(share)}")
    written = f"{share:g}"
    return views if written == "1" or views == "none" else f"{views}:{written}"


def parts_of(tta: Tta) -> tuple[str, float]:
    """Return the views, and the share of images that have more than one."""
    views, _, share = as_tta(tta).partition(":")
    return views, float(share or 1)


def in_words(tta: Tta) -> str:
    """Say "mirror+translate", or "mirror+translate of the least certain 25 %"."""
    views, share = parts_of(tta)
    return views if share == 1 else f"{views} of the least certain {100 * share:g} %"


def views(images: Array, tta: Tta = "none") -> Iterator[tuple[float, Array]]:
    """Yield (weight, view) for images (N, C, H, W) of any dtype: their shape, weights that sum to 1, themselves first.

    mirror: the image and its mirror image. mirror+translate: half the weight on those, a quarter each on two shifts by
    one pixel along the diagonal, up and left and down and right, mirrored too; the rim is filled by reflection
    (Jordan, "94% on CIFAR-10 in 3.29 Seconds on a Single GPU", 2024).
    """
    kind, _ = parts_of(tta)
    if kind == "none":
        yield 1.0, images
        return
    shifted = []
    if kind == "mirror+translate":
        padded = np.pad(images, ((0, 0), (0, 0), (1, 1), (1, 1)), mode="reflect")
        shifted = [padded[:, :, :-2, :-2], padded[:, :, 2:, 2:]]
    share = 0.5 if shifted else 1.0
    for weight, view in ((share, images), *((0.25, view) for view in shifted)):
        yield weight / 2, view
        yield weight / 2, view[:, :, :, ::-1]


def first_pass(tta: Tta) -> Tta:
    """Return the augmentation with which all images are scored at first: none where only a share has more views."""
    return tta if parts_of(tta)[1] == 1 else "none"


def least_certain(scores: Array, share: float) -> Array:
    """Return the places, in order, of a share of the images: those whose two highest of scores (N, C) are closest."""
    ranked = np.sort(scores, axis=1)
    order = np.argsort(ranked[:, -1] - ranked[:, max(0, ranked.shape[1] - 2)], kind="stable")
    return np.sort(order[: ceil(round(share * len(scores), 6))])


def with_more_views(
    first: Array,
    scores: Callable[[Array], Array],
    images: Array,
    normalize: Callable[[Array], Array],
    batch_size: int,
    tta: Tta,
    before: Callable[[], None] = lambda: None,
) -> Array:
    """Return the scores (N, classes) of images that have those of `first`: the least certain over all their views.

    `before` is called before each batch of them. Where all images have all views, they are there already.
    """
    share = parts_of(tta)[1]
    if share == 1:
        return first
    result, chosen = first.copy(), least_certain(first, share)
    for start in range(0, len(chosen), batch_size):
        before()
        place = chosen[start : start + batch_size]
        (weight, _), *others = views(images[place], tta)
        further = [weight * scores(normalize(view)) for weight, view in others]
        result[place] = np.add.reduce([weight * first[place], *further])
    return result


def scores_of_views(
    scores: Callable[[Array], Array], images: Array, normalize: Callable[[Array], Array], tta: Tta = "none"
) -> Array:
    """Score images (N, C, H, W): (N, classes), averaged over all their views; each is normalised, then scored."""
    if parts_of(tta)[0] == "none":
        return scores(normalize(images))
    return np.add.reduce([weight * scores(normalize(view)) for weight, view in views(images, tta)])
