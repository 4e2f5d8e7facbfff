"""The course's layers: nndl.layers and nndl.conv_layers in one module."""

from nndl.conv_layers import *  # noqa: F403
from nndl.layers import *  # noqa: F403
