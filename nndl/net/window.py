"""The window that a convolution or a pool slides over images: its sides, its steps, the padding around the image."""

from collections.abc import Iterable
from typing import Annotated, NamedTuple, TypeAlias

from annotated_types import Ge

from nndl.errors import ShapeError
from nndl.net.layer import Layer, describe, images
from nndl.net.types import Shape

Positive: TypeAlias = Annotated[int, Ge(1)]
NotNegative: TypeAlias = Annotated[int, Ge(0)]
Sides: TypeAlias = Positive | tuple[Positive, Positive]
"""An option for both ways: 3, or (3, 5), down and across."""
Pads: TypeAlias = NotNegative | tuple[NotNegative, NotNegative]


class Window(NamedTuple):
    """A window: (down, across) each."""

    size: tuple[int, int]
    stride: tuple[int, int]
    pad: tuple[int, int]
    dilation: tuple[int, int] = (1, 1)

    @property
    def extent(self) -> tuple[int, int]:
        """Return the pixels from its first number to its last."""
        down, across = (d * (s - 1) + 1 for s, d in zip(self.size, self.dilation, strict=True))
        return down, across

    @property
    def is_square(self) -> bool:
        """Tell whether it is the courses' window: both ways alike, and not dilated."""
        return self.dilation == (1, 1) and all(down == across for down, across in self[:3])

    def square(self) -> tuple[int, int, int]:
        """Return size, stride and pad of a square one."""
        size, stride, pad = (down for down, _ in self[:3])
        return size, stride, pad

    def places(self, layer: Layer, shape: Shape) -> tuple[int, int]:
        """Return output height and width, rounded down; raises ShapeError, for the layer, when no window fits."""
        room = [side + 2 * pad for side, pad in zip(images(layer, shape)[1:], self.pad, strict=True)]
        if room[0] < self.extent[0] or room[1] < self.extent[1]:
            spread = f" (its {by(self.size)} numbers at dilation {in_short(self.dilation)})"
            raise ShapeError(
                f"{layer.kind} slides a {by(self.extent)} window{spread if self.dilation != (1, 1) else ''}, "
                f"but {describe(shape)} stand before it"
                + (f" (with {in_short(self.pad)} of padding)" if any(self.pad) else "")
                + f"; the largest window that fits is {by([min(room)] * 2 if self.is_square else room)}"
            )
        down, across = (1 + (room[way] - self.extent[way]) // self.stride[way] for way in (0, 1))
        return down, across


def settle_sides(layer: Layer, *options: str) -> None:
    """Set options of a description that is being made to 3 where they are (3, 3): two ways to write one layer."""
    for option in options:
        value = getattr(layer, option)
        if isinstance(value, tuple):
            object.__setattr__(layer, option, one_of(value))


def by(sides: Iterable[int]) -> str:
    """Write sides: 3 x 5."""
    return " x ".join(map(str, sides))


def one_of(sides: tuple[int, int]) -> int | tuple[int, int]:
    """Return 3 for (3, 3), as the courses' param dicts have it, and both where they differ."""
    return sides[0] if sides[0] == sides[1] else sides


def in_short(sides: tuple[int, int]) -> str:
    """Write two numbers as a config does: 2, or [1, 2]."""
    return str(sides[0]) if sides[0] == sides[1] else f"[{sides[0]}, {sides[1]}]"
