"""Augmentation of training images, whole batches at a time.

What happens to an image depends on (seed, epoch, index of the image in the training set) only: not on its batch, on
the order, or on the other transforms, each of which has its own stream of random numbers. Nothing need be saved to
resume.
"""

from nndl.data.augment.bytes import Autocontrast, Equalize, Invert, Posterize, Sharpness, Solarize
from nndl.data.augment.colour import ColorJitter
from nndl.data.augment.covering import Cutout, RandomErasing
from nndl.data.augment.moving import AlternatingFlip, Crop, Flip
from nndl.data.augment.policies import AutoAugment, RandAugment, TrivialAugment
from nndl.data.augment.transform import GREY, Transform, seeds
from nndl.data.augment.warping import RandomAffine, Rotation
from nndl.described import table

__all__ = [
    "GREY",
    "TRANSFORMS",
    "AlternatingFlip",
    "AutoAugment",
    "Autocontrast",
    "ColorJitter",
    "Crop",
    "Cutout",
    "Equalize",
    "Flip",
    "Invert",
    "Posterize",
    "RandAugment",
    "RandomAffine",
    "RandomErasing",
    "Rotation",
    "Sharpness",
    "Solarize",
    "Transform",
    "TrivialAugment",
    "seeds",
]

TRANSFORMS: dict[str, type[Transform]] = table(
    Flip,
    AlternatingFlip,
    Crop,
    Cutout,
    RandomErasing,
    Rotation,
    RandomAffine,
    ColorJitter,
    Sharpness,
    Posterize,
    Solarize,
    Autocontrast,
    Equalize,
    Invert,
    TrivialAugment,
    RandAugment,
    AutoAugment,
)
"""The transforms by their names in YAML."""
