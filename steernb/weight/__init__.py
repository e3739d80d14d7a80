"""Differences of fine-tunings: both sides of a contrast, their slices, what each retains, and what follows."""
from .. import _space
__getattr__, __dir__, __all__ = _space("weight")
