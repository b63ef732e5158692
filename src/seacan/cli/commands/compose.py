"""`seacan compose`: applications of several containers, described in a file."""

from __future__ import annotations

from seacan.cli.compose.main import FLAGS, run

__all__ = ["FLAGS", "run"]
