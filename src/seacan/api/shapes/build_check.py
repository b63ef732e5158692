"""What is to be said of a Dockerfile, as seacan's own client hears of it."""

from typing import Any

from seacan.api.shapes.build import line
from seacan.build.lint.check import Report, place
from seacan.build.lint.findings import Finding


def report(found: Report) -> bytes:
    error = None
    if found.error:
        first, last = place(found.error)
        error = {"message": str(found.error), "firstLine": first, "lastLine": last}
    elif found.is_error and found.violation:
        error = {"message": found.violation, "firstLine": 0, "lastLine": 0}
    return line({"warnings": [_finding(each) for each in found.findings], "error": error})


def _finding(finding: Finding) -> dict[str, Any]:
    rule = finding.rule
    return {
        "rule": rule.title,
        "description": rule.description,
        "url": rule.url,
        "detail": finding.message,
        "hint": rule.hint,
        "firstLine": finding.first_line,
        "lastLine": finding.last_line,
    }
