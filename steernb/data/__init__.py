"""Tasks. Importing anything of this floor fills their registry."""
from . import sets
