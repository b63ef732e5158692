"""Dockerfile → parse tree → plan → steps: tests/golden/build, NAME.Dockerfile to NAME.txt.

`SEACAN_GOLDEN=1` rewrites the texts.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from seacan.build.arguments import Wanted
from seacan.build.dockerfile.instructions import Dockerfile, Source
from seacan.build.dockerfile.parse import parse
from seacan.build.evaluation import Evaluated, Step, evaluate
from seacan.build.origins import ImageOrigin, Origin, StageOrigin
from seacan.build.plan import Plan, plan, with_triggers
from seacan.images.platforms import Platform
from seacan.spec.image import ExecutionConfig

GOLDEN = Path(__file__).parents[2] / "golden" / "build"
NAMES = sorted(path.stem for path in GOLDEN.glob("*.Dockerfile"))
AMD64 = Platform("amd64")

WANTED: Mapping[str, Mapping[str, Any]] = {
    "arg-scopes": {"build_args": {"GIVEN": "given", "UNUSED": "x"}},
    "contexts": {
        "contexts": {"assets": "", "tools": "", "vendored": "", "alpine:3": "", "base": "debian:12"}
    },
    "cross-platform": {"platform": Platform("arm", variant="v7")},
    "go-static": {"platform": Platform("arm64")},
    "labels": {"build_args": {"REVISION": "abc"}},
    "proxies": {"build_args": {"HTTP_PROXY": "http://proxy:1", "no_proxy": "localhost"}},
    "target": {"target": "Release"},
}
IMAGES: Mapping[str, ExecutionConfig] = {
    "docker.io/library/postgres:16": {
        "Env": ["PATH=/bin", "PGDATA=/data"],
        "Entrypoint": ["docker-entrypoint.sh"],
        "Cmd": ["postgres"],
        "Volumes": {"/data": {}},
    },
    "docker.io/library/nginx:1.27": {"Env": ["PATH=/bin"], "ExposedPorts": {"80/tcp": {}}},
    "example.com/runtime:2": {
        "Env": ["PATH=/bin"],
        "WorkingDir": "/srv",
        "OnBuild": ["COPY package.json ./", "COPY --from=tools /tool /tool", "RUN install"],
    },
}


@pytest.mark.parametrize("name", NAMES)
def test_golden(name: str) -> None:
    file = parse((GOLDEN / f"{name}.Dockerfile").read_bytes())
    wanted = {"platform": AMD64, "build_platform": AMD64, **WANTED.get(name, {})}
    found = with_images(plan(file, Wanted(**wanted)))
    text = "\n".join([*tree(file), "", *steps(found)]) + "\n"
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("SEACAN_GOLDEN"):
        path.write_text(text)
    assert text == path.read_text()


def with_images(found: Plan) -> Plan:
    for stage in found.every:
        if isinstance(stage.base, ImageOrigin):
            triggers = IMAGES.get(stage.base.reference, {}).get("OnBuild") or []
            found = with_triggers(found, stage.index, triggers)
    return found


def tree(file: Dockerfile) -> list[str]:
    lines = [f"syntax {file.syntax}"] if file.syntax else []
    if file.escape != "\\":
        lines.append(f"escape {file.escape}")
    if file.empty_continuations:
        lines.append(f"empty lines within what ends at {file.empty_continuations}")
    lines += [shown(arg) for arg in file.global_args]
    for stage in file.stages:
        lines.append(shown(stage.begin))
        lines += [f"  {shown(each)}" for each in stage.instructions]
    return lines


def steps(found: Plan) -> list[str]:
    lines = []
    done: dict[int, Evaluated] = {}
    for stage in found.stages:
        base = stage.base
        match base:
            case StageOrigin(index=index):
                begin = done[index]
            case ImageOrigin(reference=reference):
                begin = Evaluated(IMAGES.get(reference, {"Env": ["PATH=/bin"]}))
            case _:
                begin = Evaluated({})
        done[stage.index] = evaluate(found, stage, begin)
        title = f"stage {stage.index} {stage.name}".rstrip()
        if stage.platform:
            title += f" for {stage.platform}"
        lines.append(f"{title} on {origin(base)}, needs {sorted(stage.needs)}")
        lines += [f"  {line}" for step in done[stage.index].steps for line in step_lines(step)]
    config = json.dumps(done[found.target.index].config, sort_keys=True, ensure_ascii=False)
    return [*lines, "", f"config {config}"]


def step_lines(step: Step) -> list[str]:
    mark = "onbuild " if step.is_onbuild else ""
    if step.created_by:
        lines = [f"{mark}{step.created_by!r}"]
    else:
        lines = [f"{mark}{shown(step.instruction)}"]
    if step.origin:
        lines.append(f"  from {origin(step.origin)}")
    if step.argv:
        lines.append(f"  argv {list(step.argv)}")
        own = {name: value for name, value in step.environment.items() if name != "PATH"}
        lines.append(f"  environment {own}")
    if step.script:
        lines.append(f"  script {shown(step.script)}")
    lines += [f"  {shown(mount)} from {origin(where)}" for mount, where in step.mounts]
    return lines


def origin(where: Origin | None) -> str:
    return "nothing" if where is None else shown(where)


def shown(record: Any) -> str:
    """Return a record without what is as it is when nobody says anything."""
    parts = []
    for field in msgspec.structs.fields(record):
        value = getattr(record, field.name)
        if isinstance(value, Source):
            last = f"-{value.last_line}" if value.last_line > value.first_line else ""
            parts.append(f"{value.first_line}{last}")
        elif value != field.default:
            parts.append(f"{field.name}={shown_value(value)}")
    return f"{type(record).__name__}({', '.join(parts)})"


def shown_value(value: Any) -> str:
    if isinstance(value, Platform):
        return str(value)
    if isinstance(value, tuple):
        return f"[{', '.join(shown_value(each) for each in value)}]"
    return shown(value) if isinstance(value, msgspec.Struct) else repr(value)
