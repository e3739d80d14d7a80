"""Extractors. Importing anything of this floor fills their registry."""
from . import contrast, fisher, reference, sspace
