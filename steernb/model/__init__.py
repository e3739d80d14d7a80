"""See and touch a model: hooks, loading, text, states, capture."""
from .. import _space
__getattr__, __dir__, __all__ = _space("model")
