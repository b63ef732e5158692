"""Signals, without the module `signal`: that makes enumerations of them, and imports `enum`.

What it stands on is part of every interpreter, and has the same names for plain numbers.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from signal import *  # noqa: F403
else:
    from _signal import *  # noqa: F403
