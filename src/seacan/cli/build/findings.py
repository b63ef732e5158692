"""What --check found → text."""

from __future__ import annotations

from seacan.cli.build.progress import excerpt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def report(found: dict[str, Any], name: str, dockerfile: str) -> tuple[str, int]:
    """Return what to print, and the exit code: 1 if something was found.

    `found`: `warnings`, each with rule, description, url, detail, hint, firstLine, lastLine; and
    `error`, with message, firstLine, lastLine, if there would be no build.
    """
    warnings = found.get("warnings") or []
    parts = [_warning(each, name, dockerfile) for each in warnings]
    error = found.get("error")
    if error:
        lines = int(error.get("firstLine") or 0), int(error.get("lastLine") or 0)
        parts.append(f"ERROR: {error['message']}\n{excerpt(name, dockerfile, *lines)}")
    if warnings:
        count = "1 warning has" if len(warnings) == 1 else f"{len(warnings)} warnings have"
        parts.insert(0, f"Check complete, {count} been found!\n")
    elif not error:
        parts.append("Check complete, no warnings found.\n")
    return "\n".join(parts), 1 if warnings or error else 0


def _warning(warning: dict[str, Any], name: str, dockerfile: str) -> str:
    return (
        f"WARNING: {warning['rule']} - {warning['url']}\n{warning['description']}\n"
        f"{warning['detail']}\nhint: {warning['hint']}\n"
        + excerpt(name, dockerfile, int(warning["firstLine"]), int(warning["lastLine"]))
    )
