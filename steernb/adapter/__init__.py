"""Families of adapters, their losses and settings. Importing anything of it gives adapters their folders."""
from .. import _space
from . import files, innerpissa
__getattr__, __dir__, __all__ = _space("adapter")
