"""The catalogue: mistakes that students make in these functions."""

from nndl.check.mistakes import batchnorm, convolution, dropout, losses, nets, norms, pooling, rules, solvers, vectors
from nndl.check.mistakes.entry import Mistake

_FAMILIES = (vectors, losses, batchnorm, norms, dropout, convolution, pooling, rules, nets, solvers)

CATALOGUE: tuple[Mistake, ...] = tuple(entry for family in _FAMILIES for entry in family.MISTAKES)
