"""What a Dockerfile needs of the client of its build."""

import pytest

from seacan.api.buildkit.needs import Needs, needs
from seacan.build.arguments import Wanted
from seacan.build.dockerfile.parse import parse
from seacan.build.plan import plan


def of(dockerfile: str) -> Needs:
    return needs(plan(parse(dockerfile.encode()), Wanted()))


@pytest.mark.parametrize(
    ("instructions", "paths"),
    [
        ("COPY a b/c /x\nADD ./d/ http://x/y /z", ("a", "b/c", "d")),
        ("COPY *.go /x", ("*.go",)),
        ("RUN --mount=type=bind,source=s,target=/t true\nCOPY a /", ("a", "s")),
        ("COPY . /", ()),
        ("COPY a /\nCOPY $B /", ()),
        ("COPY a/**/b /", ()),
        ("RUN --mount=type=bind,target=/t true\nCOPY a /", ()),
    ],
)
def test_paths_of_the_context(instructions: str, paths: tuple[str, ...]) -> None:
    found = of(f"FROM scratch\n{instructions}\n")
    assert (found.paths, found.needs_context) == (paths, True)


@pytest.mark.parametrize(
    "instructions", ["", "RUN true", "COPY --from=busybox /a /b", "COPY <<A /b\nx\nA"]
)
def test_no_context(instructions: str) -> None:
    assert not of(f"FROM scratch\n{instructions}\n").needs_context


def test_of_the_stages_that_are_built() -> None:
    found = of(
        "FROM r.example/unused\nCOPY no /\n"
        "FROM busybox\nRUN --mount=type=secret,id=s --mount=type=ssh,id=k true\n"
        "COPY --from=q.example:5000/i:t /a /\nADD https://x.example/y.git /r\n"
    )
    assert found.registries == {"docker.io", "q.example:5000"}
    assert found.secrets == {"s"}
    assert found.agents == {"k", "default"}
    assert found.repositories == {"https://x.example/y.git"}
    assert not found.needs_context
