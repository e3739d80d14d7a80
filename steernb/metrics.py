"""Measures of rows and of arms, beside those that stand on `sn`."""
from . import _space
__getattr__, __dir__, __all__ = _space("metrics")
