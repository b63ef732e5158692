"""What is to be said of a Dockerfile, and nothing built: `docker build --check`, `--call=…`.

Source: moby/buildkit, frontend/subrequests.
"""

import base64
import json
from typing import Any, Final

import anyio

from seacan.api.buildkit import outline, warnings
from seacan.api.buildkit.errors import range_of
from seacan.api.buildkit.jobs import Prepared
from seacan.api.buildkit.steps import Place
from seacan.api.engine_builds import Builds
from seacan.build.dockerfile.instructions import Source
from seacan.build.dockerfile.parse import parse
from seacan.build.lint import check as lint
from seacan.build.plan import plan
from seacan.errors import Unsupported

_VERSION: Final = b"1.0.0"
_METADATA: Final = ("result.json", "result.txt")
_TARGET: Final = [{"name": "target", "description": "Target build stage"}]
_REQUESTS: Final[tuple[tuple[str, str, object], ...]] = (  # as BuildKit tells them: without lint
    ("outline", "List all parameters current build target supports", _TARGET),
    ("targets", "List all targets current build supports", []),
    ("subrequests.describe", "List available subrequest types", None),
)


async def answer(prepared: Prepared, builds: Builds) -> dict[str, bytes]:
    """Return what is said. Raises Unsupported, by name."""
    match prepared.asked.request_id:
        case "frontend.lint":
            return _lint(await anyio.to_thread.run_sync(warnings.check, prepared, builds), prepared)
        case "frontend.targets":
            return _targets(prepared.dockerfile)
        case "frontend.outline":
            return await anyio.to_thread.run_sync(_outline, prepared)
        case "frontend.subrequests.describe":
            return _described()
    raise Unsupported(f"not supported: {prepared.asked.request_id}")


def _result(told: object, text: str) -> dict[str, bytes]:
    return {
        "result.json": json.dumps(told, indent=2).encode(),
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
    return {"ranges": [range_of(Place(first_line, last_line))]}


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


def _outline(prepared: Prepared) -> dict[str, bytes]:
    """Blocks. Raises InvalidArgument."""
    file = parse(prepared.dockerfile)
    found = outline.outline(file, plan(file, prepared.asked.wanted))
    told = {
        "name": found.target.name,
        "description": _description(found.target.source, found.target.name),
        "args": [*map(_item, found.arguments)],
        "secrets": [*map(_item, found.secrets)],
        "ssh": [*map(_item, found.agents)],
        "sources": [base64.b64encode(prepared.dockerfile).decode()],
    }
    told = {key: value for key, value in told.items() if value}
    return _result(told, outline.text(told))


def _item(item: outline.Item) -> dict[str, Any]:
    said = {
        "description": _description(item.source, item.name),
        "value": item.value,
        "required": item.is_required,
    }
    place = _location(item.source.first_line, item.source.last_line)
    return {"name": item.name, **{k: v for k, v in said.items() if v}, "location": place}


def _described() -> dict[str, bytes]:
    """Return what may be asked for."""
    told = [
        {
            "name": f"frontend.{name}",
            "version": _VERSION.decode(),
            "type": "rpc",
            "description": description,
            "opts": opts,
            "inputs": None,
            "metadata": [{"name": each, "description": ""} for each in _METADATA],
            "refs": None,
        }
        for name, description, opts in _REQUESTS
    ]
    lines = [f"frontend.{name}: {description}\n" for name, description, _ in _REQUESTS]
    return _result(told, "".join(lines))


def _description(source: Source, name: str) -> str:
    """Return what the comment above says of a stage that it begins with the name of."""
    lines = [line.strip() for line in source.comments]
    found = (line.removeprefix(f"{name} ") for line in lines if line.startswith(f"{name} "))
    return next(found, "").strip() if name else ""
