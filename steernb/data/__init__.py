"""Pairs, tasks and public sets, and what suits a model when nothing is said."""
from .. import _space
__getattr__, __dir__, __all__ = _space("data")
