"""The exercises that every function of the courses is given."""

from nndl.check.exercises import composed, dropout, losses, nets, norms, rules, solvers, vectors, windows
from nndl.check.exercises.exercise import Exercise

_FAMILIES = (vectors, losses, norms, dropout, windows, composed, rules, nets, solvers)

EXERCISES: dict[str, Exercise] = {exercise.name: exercise for family in _FAMILIES for exercise in family.EXERCISES}
"""By name: a kind of layer (conv), a loss, an update rule, a model."""
