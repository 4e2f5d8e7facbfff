"""Augmentation of training images, whole batches at a time.

What happens to an image depends on (seed, epoch, index of the image in the training set) only: not on its batch, on
the order, or on the other transforms, each of which has its own stream of random numbers. Nothing need be saved to
resume.
"""

from nndl.data.augment.colour import ColorJitter
from nndl.data.augment.covering import Cutout, RandomErasing
from nndl.data.augment.moving import AlternatingFlip, Crop, Flip
from nndl.data.augment.transform import GREY, Transform
from nndl.data.augment.warping import RandomAffine, Rotation
from nndl.described import table

__all__ = [
    "GREY",
    "TRANSFORMS",
    "AlternatingFlip",
    "ColorJitter",
    "Crop",
    "Cutout",
    "Flip",
    "RandomAffine",
    "RandomErasing",
    "Rotation",
    "Transform",
]

TRANSFORMS: dict[str, type[Transform]] = table(
    Flip, AlternatingFlip, Crop, Cutout, ColorJitter, RandomErasing, Rotation, RandomAffine
)
"""The transforms by their names in YAML."""
