"""Compile the kernels where nndl is installed: `python -m nndl.engines.compiled`."""

import sys

from nndl.engines.compiled.build import build

sys.exit(0 if build() else 1)
