"""The catalogue: what students get wrong in these functions."""

from nndl.check.mistakes.entry import Mistake

CATALOGUE: tuple[Mistake, ...] = ()
