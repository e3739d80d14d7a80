"""What steers. Importing anything of this floor fills the registry of operators."""
from . import operators
