"""The course's models; assignment 1 imports its classifiers from here."""

from cs231n.classifiers.k_nearest_neighbor import *  # noqa: F403
from cs231n.classifiers.linear_classifier import *  # noqa: F403
