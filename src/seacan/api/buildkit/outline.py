"""`docker build --call=outline`: what a build of a target can be given, by its Dockerfile.

Source: moby/buildkit, frontend/subrequests/outline; frontend/dockerfile/dockerfile2llb/outline.go.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import msgspec

from seacan.api.buildkit.needs import mounts_of, secret_id
from seacan.build.dockerfile import expansion
from seacan.build.dockerfile.instructions import Arg, Declaration, Dockerfile, From, Source
from seacan.build.dockerfile.mounts import MountType
from seacan.build.evaluation import Evaluated, evaluate
from seacan.build.origins import StageOrigin
from seacan.build.plan import Plan, StagePlan

_AGENT: Final = "default"


class Item(msgspec.Struct, frozen=True):
    """An argument, a secret or an agent, where it is first asked for."""

    name: str
    source: Source
    value: str = ""
    is_required: bool = False


class Outline(msgspec.Struct, frozen=True):
    """In the order of the file."""

    target: From
    arguments: list[Item]
    secrets: list[Item]
    agents: list[Item]


def outline(file: Dockerfile, plan: Plan) -> Outline:
    """Return what the target, and all that it needs, can be given. Raises InvalidArgument."""
    stages = [*_by_nearness(plan)]
    secrets: dict[str, Item] = {}
    agents: dict[str, Item] = {}
    for stage in stages:
        for instruction in stage.instructions:
            for mount in mounts_of(instruction):
                item = Item("", instruction.source, is_required=mount.is_required)
                if mount.type is MountType.SECRET:
                    secrets.setdefault(secret_id(mount), item)
                elif mount.type is MountType.SSH:
                    agents.setdefault(mount.id or _AGENT, item)
    return Outline(
        file.stages[plan.target.index].begin,
        _in_order(_arguments(file, plan, stages)),
        _in_order(_named(secrets)),
        _in_order(_named(agents)),
    )


def _by_nearness(plan: Plan) -> Iterator[StagePlan]:
    """Yield the target, what it is based on, and then the rest of what it needs."""
    seen: set[int] = set()
    waiting = [plan.target]
    while waiting:
        stage = waiting.pop(0)
        if stage.index in seen:
            continue
        seen.add(stage.index)
        yield stage
        needed = [plan.every[index] for index in sorted(stage.needs)]
        bases = [plan.every[stage.base.index]] if isinstance(stage.base, StageOrigin) else []
        waiting = [*bases, *waiting, *needed]


def _named(found: Mapping[str, Item]) -> Iterable[Item]:
    return [msgspec.structs.replace(item, name=name) for name, item in found.items()]


def _in_order(items: Iterable[Item]) -> list[Item]:
    return sorted(items, key=lambda item: item.source.first_line)


def _arguments(file: Dockerfile, plan: Plan, stages: list[StagePlan]) -> Iterable[Item]:
    """Return the arguments that stages declare, and those before them that FROM uses."""
    known = {each.name: (each, arg.source) for arg in file.global_args for each in arg.declarations}
    values = _values(plan)
    found: dict[str, Item] = {}
    used: set[str] = set()
    for stage in stages:
        begin = file.stages[stage.index].begin
        for text in (begin.base, begin.platform):
            used |= expansion.expand(plan.lexer, text, plan.global_args).used
        for arg in (each for each in stage.instructions if isinstance(each, Arg)):
            for each in arg.declarations:
                value = values[stage.index].get(each.name) or ""
                found.setdefault(
                    each.name, Item(each.name, _declared(each, arg, plan, known), value)
                )
    for name in _with_defaults(used, plan, known):
        found.setdefault(name, Item(name, known[name][1], plan.global_args.get(name, "")))
    return found.values()


def _declared(
    each: Declaration, arg: Arg, plan: Plan, known: Mapping[str, tuple[Declaration, Source]]
) -> Source:
    """Return where an argument of a stage has its value from."""
    is_taken_over = each.default is None and each.name not in plan.wanted.build_args
    return known[each.name][1] if is_taken_over and each.name in known else arg.source


def _with_defaults(
    names: Iterable[str], plan: Plan, known: Mapping[str, tuple[Declaration, Source]]
) -> set[str]:
    """Return those of the names that are declared before FROM, and those in their defaults."""
    found: set[str] = set()
    waiting = [*names]
    while waiting:
        name = waiting.pop()
        if name in found or name not in known:
            continue
        found.add(name)
        default = known[name][0].default or ""
        waiting += expansion.expand(plan.lexer, default, plan.global_args).used
    return found


def _values(plan: Plan) -> dict[int, Mapping[str, str | None]]:
    """Return the values of arguments by stage, as far as they follow from the Dockerfile."""
    done: dict[int, Evaluated] = {}
    for stage in plan.stages:
        base = done[stage.base.index] if isinstance(stage.base, StageOrigin) else Evaluated({})
        done[stage.index] = evaluate(plan, stage, base)
    return {index: evaluated.args for index, evaluated in done.items()}


# -- told -----------------------------------------------------------------------------------------


def text(told: Mapping[str, Any]) -> str:
    """Return, as a text, what is told of an outline as JSON."""
    parts = []
    if told.get("name") or told.get("description"):
        rows = [("TARGET:", told.get("name") or "(default)")]
        if description := told.get("description"):
            rows.append(("DESCRIPTION:", description))
        parts.append(_table(rows, 1))
    if arguments := told.get("args"):
        rows3 = [(a["name"], a.get("value", ""), a.get("description", "")) for a in arguments]
        parts.append(_table([("BUILD ARG", "VALUE", "DESCRIPTION"), *rows3], 3))
    for key, title in (("secrets", "SECRET"), ("ssh", "SSH")):
        if items := told.get(key):
            rows = [(each["name"], "true" if each.get("required") else "") for each in items]
            parts.append(_table([(title, "REQUIRED"), *rows], 3))
    return "".join(f"{part}\n" for part in parts)


def _table(rows: Iterable[tuple[str, ...]], gap: int) -> str:
    rows = [*rows]
    widths = [max(map(len, column)) + gap for column in zip(*rows, strict=True)]
    widths[-1] = 0
    return "".join(
        "".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + "\n"
        for row in rows
    )
