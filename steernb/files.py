"""Vectors in the formats of other tools, and vectors as weights."""
from . import _space
__getattr__, __dir__, __all__ = _space("files")
