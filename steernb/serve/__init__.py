"""Serve: a model with arms behind the OpenAI interface."""
from .. import _space
__getattr__, __dir__, __all__ = _space("serve")
