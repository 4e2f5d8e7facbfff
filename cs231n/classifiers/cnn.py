"""The course's convolutional model: nndl.cnn. Exports the layers too."""

from nndl.cnn import *  # noqa: F403
