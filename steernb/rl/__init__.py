"""Rewards, degeneracy, two adapters and gradient routing, GRPO."""
from .. import _space
__getattr__, __dir__, __all__ = _space("rl")
