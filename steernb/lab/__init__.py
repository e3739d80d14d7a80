"""Studies, arms, budgets, runs and tables."""
from .. import _space
__getattr__, __dir__, __all__ = _space("lab")
