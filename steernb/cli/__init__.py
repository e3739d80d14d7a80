"""The command line. Importing anything of this package fills the registry of commands."""
from . import train
from .command import main
