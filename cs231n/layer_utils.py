"""The course's composed layers: nndl.layer_utils and nndl.conv_layer_utils in one module."""

from nndl.conv_layer_utils import *  # noqa: F403
from nndl.layer_utils import *  # noqa: F403
