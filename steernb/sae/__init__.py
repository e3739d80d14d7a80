"""Sparse autoencoders: dictionaries, training, target sparsity, features."""
from .. import _space
__getattr__, __dir__, __all__ = _space("sae")
