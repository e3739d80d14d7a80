"""What steers."""
from .. import _space
__getattr__, __dir__, __all__ = _space("steer")
