"Adapters. Importing anything of this floor fills the registry of families."
from . import innerpissa
