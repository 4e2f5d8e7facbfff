"""Augmentations beside torchvision's: `python -m benchmarks.beside_torchvision`, under a minute.

The same operation, strength and share on both sides, on patterns of 32 x 40 pixels; shown is the share of bytes that
differ, and by how much at most. Its Python has torchvision (0.28 was measured), Pillow, NumPy, pydantic and
annotated_types; torchvision is no part of nndl.
"""

from collections.abc import Iterator

import numpy as np
import torch
from PIL import Image
from torchvision.transforms import InterpolationMode, autoaugment, functional, v2

from nndl.data.augment.mixing import Cutmix, Mixing, Mixup
from nndl.data.augment.operations import COLOURS
from nndl.data.augment.policies import AutoAugment, Policy, RandAugment, TrivialAugment
from nndl.data.augment.warping import affine_maps, warped
from nndl.net.types import Array

FILL = (7, 8, 9)
NAMES = {"autocontrast": "AutoContrast"}
POLICIES: tuple[tuple[Policy, object, int], ...] = (
    (TrivialAugment(fill=FILL), autoaugment.TrivialAugmentWide(), 31),
    (RandAugment(fill=FILL), autoaugment.RandAugment(), 31),
    (AutoAugment(fill=FILL), autoaugment.AutoAugment(), 10),
)


def patterns(count: int) -> Array:
    """Return smooth random pictures uint8 (count, 3, 32, 40)."""
    small = np.random.default_rng(0).integers(0, 256, (count, 8, 10, 3), np.uint8)
    large = [np.asarray(Image.fromarray(each).resize((40, 32), Image.Resampling.BICUBIC)) for each in small]
    return np.ascontiguousarray(np.array(large).transpose(0, 3, 1, 2))


def compared(ours: Array, theirs: Array) -> tuple[float, float]:
    """Return the share of numbers that differ, and by how much at most."""
    apart = np.abs(ours.astype(np.float64) - theirs)
    return float((apart > 0).mean()), float(apart.max())


def on_pictures(images: Array, name: str, strength: float) -> Array:
    """Do torchvision's operation to pictures of Pillow."""
    word = NAMES.get(name, name.title().replace("_", ""))
    made = [
        autoaugment._apply_op(
            Image.fromarray(image.transpose(1, 2, 0)), word, strength, InterpolationMode.NEAREST, list(FILL)
        )
        for image in images
    ]
    return np.array([np.asarray(each).transpose(2, 0, 1) for each in made])


def policies(images: Array) -> Iterator[tuple[str, float, float]]:
    """Compare all levels of all operations, those on colours and those that move pixels."""
    size = images.shape[2:]
    for policy, other, levels in POLICIES:
        found: dict[bool, list[tuple[float, float]]] = {True: [], False: []}
        wide = isinstance(policy, TrivialAugment)
        space = other._augmentation_space(levels, *([] if wide else [size]))  # type: ignore[attr-defined]
        for number, name in enumerate(policy.ranges(*size)):
            magnitudes, signed = space[NAMES.get(name, name.title().replace("_", ""))]
            for level in range(levels):
                for sign in (1, -1) if signed else (1,):
                    ours = policy.operated(
                        images, *(np.full(len(images), x) for x in (number, level / (levels - 1), sign))
                    )
                    strength = float(magnitudes[level]) * sign if magnitudes.ndim else 0.0
                    found[name in COLOURS].append(compared(ours, on_pictures(images, name, strength)))
        for colours, pairs in found.items():
            shares, most = zip(*pairs, strict=True)
            what, equal = "colours" if colours else "moved pixels", np.mean(np.equal(shares, 0))
            yield f"{policy.kind}: {what}, {equal:.0%} of calls equal", float(np.mean(shares)), max(most)


def warps(images: Array) -> Iterator[tuple[str, float, float]]:
    """Compare an affine map for each image, on tensors and on pictures."""
    rng = np.random.default_rng(1)
    for mode in ("nearest", "bilinear"):
        for tensors in (True, False):
            ours, theirs = [], []
            for image in images:
                angle, scale, shear = rng.uniform(-90, 90), rng.uniform(0.7, 1.4), rng.uniform(-30, 30)
                shift = rng.integers(-6, 7, 2).tolist()
                maps = affine_maps((32, 40), np.array([angle]), (float(shift[0]), float(shift[1])), scale, shear)
                fill = np.reshape(FILL, (3, 1, 1)).astype(np.uint8)
                ours.append(warped(image[None], maps, fill, mode)[0])  # type: ignore[arg-type]
                given = torch.from_numpy(image) if tensors else Image.fromarray(image.transpose(1, 2, 0))
                out = functional.affine(
                    given, angle, shift, scale, [shear, 0.0], InterpolationMode(mode), fill=list(FILL)
                )
                theirs.append(out.numpy() if tensors else np.asarray(out).transpose(2, 0, 1))
            yield f"affine, {mode}, {'tensors' if tensors else 'pictures'}", *compared(np.array(ours), np.array(theirs))


class Constant:
    """A distribution of one number."""

    def sample(self, *_: object) -> torch.Tensor:
        return torch.tensor([0.3])


class Shared(Mixup):
    """Mixup with one share for all, as a batch of torchvision's has."""

    def _drawn(self, index: Array, epoch: int, seed: int) -> tuple[Array, Array]:
        del epoch, seed
        return np.full(len(index), 0.3), np.zeros((2, len(index)))


class SharedBox(Cutmix):
    """CutMix with one box for all, whose middle is that of torchvision's draw after `torch.manual_seed(3)`."""

    def _drawn(self, index: Array, epoch: int, seed: int) -> tuple[Array, Array]:
        del epoch, seed
        torch.manual_seed(3)
        x, y = int(torch.randint(40, size=(1,))), int(torch.randint(32, size=(1,)))
        return np.full(len(index), 0.3), np.repeat([[(y + 0.5) / 32], [(x + 0.5) / 40]], len(index), 1)


def mixtures(images: Array) -> Iterator[tuple[str, float, float]]:
    """Compare images and targets; torchvision's partner is the image before, so that ours is told to be."""
    X, y = images.astype(np.float32), np.arange(len(images)) % 10
    index = np.arange(len(X))
    for way, other in ((Shared(), v2.MixUp), (SharedBox(), v2.CutMix)):
        transform = other(num_classes=10)
        transform._dist = Constant()
        torch.manual_seed(3)
        their_X, their_y = transform(torch.from_numpy(X), torch.from_numpy(y))
        mix = Mixing((way,), 10)
        shares = mix.shares(index, 0, 0, (32, 40))
        yield f"{way.kind}: images", *compared(mix.images(X, np.roll(X, 1, 0), index, 0, 0), their_X.numpy())
        yield f"{way.kind}: targets", *compared(mix.targets(y, np.roll(y, 1), shares), their_y.numpy())


def main() -> None:
    """Compare, and print a table."""
    images = patterns(24)
    print("| | numbers that differ | by at most |\n|-|-|-|")
    for found in (warps(images), policies(images[:8]), mixtures(images)):
        for what, share, most in found:
            print(f"| {what} | {100 * share:.3f} % | {most:.3g} |", flush=True)


if __name__ == "__main__":
    main()
