"""What is to be said of a Dockerfile, and nothing built: `docker build --check`, `--call=targets`.

Source: moby/buildkit, frontend/subrequests/lint and targets.
"""

import base64
import json
from typing import Any, Final

import anyio

from seacan.api.buildkit import warnings
from seacan.api.buildkit.errors import range_of
from seacan.api.buildkit.jobs import Prepared
from seacan.api.buildkit.steps import Place
from seacan.api.engine_builds import Builds
from seacan.build.dockerfile.instructions import Source
from seacan.build.dockerfile.parse import parse
from seacan.build.lint import check as lint
from seacan.errors import Unsupported

_VERSION: Final = b"1.0.0"


async def answer(prepared: Prepared, builds: Builds) -> dict[str, bytes]:
    """Return what is said. Raises Unsupported, by name."""
    match prepared.asked.request_id:
        case "frontend.lint":
            return _lint(await anyio.to_thread.run_sync(warnings.check, prepared, builds), prepared)
        case "frontend.targets":
            return _targets(prepared.dockerfile)
    raise Unsupported(f"not supported: {prepared.asked.request_id}")


def _result(told: dict[str, Any], text: str) -> dict[str, bytes]:
    return {
        "result.json": json.dumps(told).encode(),
        "result.txt": text.encode(),
        "version": _VERSION,
    }


def _lint(report: lint.Report, prepared: Prepared) -> dict[str, bytes]:
    source = {
        "filename": prepared.asked.filename,
        "data": base64.b64encode(prepared.dockerfile).decode(),
    }
    told: dict[str, Any] = {
        "warnings": [
            {
                "ruleName": each.rule.title,
                "description": each.rule.description,
                "url": each.rule.url,
                "detail": each.message,
                "location": _location(each.first_line, each.last_line),
            }
            for each in report.findings
        ],
        "sources": [source],
    }
    if report.error is not None:
        place = _location(*lint.place(report.error))
        told["buildError"] = {"message": str(report.error), "location": place}
    is_bad = report.error is not None or bool(report.findings)
    text = "".join(
        f"\nWARNING: {each.rule.title} - {each.rule.url}\n{each.message}\n"
        for each in report.findings
    )
    return {**_result(told, text), "result.statuscode": b"1" if is_bad else b"0"}


def _location(first_line: int, last_line: int) -> dict[str, Any]:
    return {"sourceIndex": 0, "ranges": [range_of(Place(first_line, last_line))]}


def _targets(dockerfile: bytes) -> dict[str, bytes]:
    stages = [stage.begin for stage in parse(dockerfile).stages]
    targets: list[dict[str, Any]] = []
    for each in stages:
        said = {
            "name": each.name,
            "default": each is stages[-1],
            "description": _description(each.source, each.name),
            "base": each.base,
            "platform": each.platform,
            "location": _location(each.source.first_line, each.source.last_line),
        }
        targets.append({key: value for key, value in said.items() if value})
    told = {"targets": targets, "sources": [base64.b64encode(dockerfile).decode()]}
    return _result(told, "".join(f"{each.get('name', '(default)')}\n" for each in targets))


def _description(source: Source, name: str) -> str:
    """Return what the comment above says of a stage that it begins with the name of."""
    lines = [line.strip() for line in source.comments]
    found = (line.removeprefix(f"{name} ") for line in lines if line.startswith(f"{name} "))
    return next(found, "").strip() if name else ""
