"""What a build can be given: the texts are those of BuildKit 0.25 for the same file."""

from typing import Any

from seacan.api.buildkit import outline
from seacan.api.buildkit.outline import Item, Outline
from seacan.build.arguments import Wanted
from seacan.build.dockerfile.parse import parse
from seacan.build.plan import plan
from seacan.images.platforms import Platform

DOCKERFILE = b"""# v is the version of all
ARG V=1
ARG UNUSED=2
ARG NAME=busy
ARG B=${NAME}box
# base is where it begins
FROM ${B} AS base
# WHO is who is greeted
ARG WHO=me
RUN --mount=type=secret,id=tok,required=true --mount=type=ssh,id=k echo $WHO > /w
FROM busybox AS other
ARG NOT=1
RUN --mount=type=secret,id=not true
# app is what runs
FROM base AS app
ARG OTHER PAIR="a b"
ARG V
RUN --mount=type=secret,id=opt,env=OPT --mount=type=ssh --mount=type=secret,id=tok true
"""


def outlined(target: str = "", **arguments: str) -> Outline:
    file = parse(DOCKERFILE)
    return outline.outline(file, plan(file, Wanted(target, arguments, Platform("amd64"))))


def lines(items: list[Item]) -> dict[str, int]:
    return {item.name: item.source.first_line for item in items}


def test_arguments_of_all_that_the_target_needs() -> None:
    found = outlined()
    assert found.target.name == "app"
    assert lines(found.arguments) == {
        "V": 2, "NAME": 4, "B": 5, "WHO": 9, "OTHER": 16, "PAIR": 16,
    }  # fmt: skip
    values = {item.name: item.value for item in found.arguments}
    assert values == {
        "V": "1", "NAME": "busy", "B": "busybox", "WHO": "me", "OTHER": "", "PAIR": "a b",
    }  # fmt: skip


def test_what_is_given_is_the_value() -> None:
    found = outlined(V="7", OTHER="given", NOBODY="1")
    values = {item.name: item.value for item in found.arguments}
    assert (values["V"], values["OTHER"]) == ("7", "given")
    assert lines(found.arguments)["V"] == 17
    assert "NOBODY" not in values


def test_secrets_and_agents() -> None:
    found = outlined()
    assert [(item.name, item.is_required) for item in found.secrets] == [
        ("opt", False),
        ("tok", False),
    ]
    assert [item.name for item in found.agents] == ["k", "default"]
    assert [item.name for item in outlined("base").secrets] == ["tok"]
    assert outlined("base").secrets[0].is_required
    assert [item.name for item in outlined("other").secrets] == ["not"]


def test_texts() -> None:
    told: dict[str, Any] = {
        "name": "app",
        "description": "is what runs",
        "args": [
            {"name": "V", "value": "1"},
            {"name": "WHO", "value": "me", "description": "is who is greeted"},
        ],
        "secrets": [{"name": "tok", "required": True}, {"name": "opt"}],
        "ssh": [{"name": "k"}],
    }
    assert outline.text(told) == (
        "TARGET:      app\nDESCRIPTION: is what runs\n\n"
        "BUILD ARG   VALUE   DESCRIPTION\n"
        "V           1       \nWHO         me      is who is greeted\n\n"
        "SECRET   REQUIRED\ntok      true\nopt      \n\n"
        "SSH   REQUIRED\nk     \n\n"
    )
    assert outline.text({"name": "other"}) == "TARGET: other\n\n"
