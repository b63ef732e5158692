"""`--format`: which of its values seacan knows."""

from __future__ import annotations

from seacan.errors import Unsupported


def require_json(text: str, *others: str) -> None:
    """Raise Unsupported unless `text` is empty, `json`, or one of `others`."""
    if text not in ("", "json", *others):
        raise Unsupported(f"templates are not supported yet: --format {text}: use json")
