"""The reference engine: every layer by its definition, nothing fused."""

from nndl.net.contract import Engine

REFERENCE = Engine("reference")
