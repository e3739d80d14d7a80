"""The command line."""
from .command import main
