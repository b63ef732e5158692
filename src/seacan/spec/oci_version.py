"""The version of the OCI runtime-spec: beside runtime.py, whose shapes no process needs to run."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

OCI_VERSION: Final = "1.2.0"
