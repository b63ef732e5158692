"""What is to be said of a Dockerfile, and nothing built: `docker build --check`, `--call`.

Source: moby/buildkit, frontend/subrequests/lint, outline, targets.
"""

import base64
import json
from typing import Any, Final

import anyio

from seacan.api.buildkit.errors import range_of
from seacan.api.buildkit.jobs import Prepared
from seacan.api.buildkit.steps import Place
from seacan.api.engine_builds import Builds
from seacan.build.lint import check as lint
from seacan.build.origins import ImageOrigin
from seacan.errors import Unsupported
from seacan.spec import dockerignore
from seacan.spec.image import ExecutionConfig

_VERSION: Final = "1.0.0"


async def answer(prepared: Prepared, builds: Builds) -> dict[str, bytes]:
    """Return what is said. Raises Unsupported, by name."""
    request_id = prepared.asked.request_id
    if request_id != "frontend.lint":
        raise Unsupported(f"not supported: {request_id}")

    def config(origin: ImageOrigin) -> ExecutionConfig | None:
        for image in builds.cache_images([origin.written or origin.reference]):
            return image.config.get("config") or {}
        return None

    def check() -> lint.Report:
        ignored = dockerignore.parse("\n".join(prepared.excluded).encode())
        return lint.check(prepared.dockerfile, prepared.asked.wanted, ignored, config)

    report = await anyio.to_thread.run_sync(check)
    return _lint(report, prepared)


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
                "location": {
                    "sourceIndex": 0,
                    "ranges": [range_of(Place(each.first_line, each.last_line))],
                },
            }
            for each in report.findings
        ],
        "sources": [source],
    }
    if report.error is not None:
        first, last = lint.place(report.error)
        told["buildError"] = {
            "message": str(report.error),
            "location": {"sourceIndex": 0, "ranges": [range_of(Place(first, last))]},
        }
    is_bad = report.error is not None or bool(report.findings)
    return {
        "result.json": json.dumps(told).encode(),
        "result.txt": _text(report).encode(),
        "result.statuscode": b"1" if is_bad else b"0",
        "version": _VERSION.encode(),
    }


def _text(report: lint.Report) -> str:
    return "".join(
        f"\nWARNING: {each.rule.title} - {each.rule.url}\n{each.message}\n"
        for each in report.findings
    )
