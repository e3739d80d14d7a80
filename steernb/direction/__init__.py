"""Extractors. Importing anything of this floor fills their registry."""
from . import contrast, fisher, sspace
