"""Extractors, and what is behind them."""
from .. import _space
__getattr__, __dir__, __all__ = _space("direction")
