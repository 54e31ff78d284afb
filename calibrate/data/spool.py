"""What readers that give arrays, not columns, still use; gone with the last of them."""

from calibrate.data.decoded import CodedArray, Coder, Spool, spooling
from calibrate.data.foreign import check_short

__all__ = ["CodedArray", "Coder", "Spool", "check_short", "spooling"]
