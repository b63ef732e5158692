"""A Dockerfile → its findings."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Final

import msgspec
from msgspec.structs import replace

from seacan.build.arguments import Wanted, global_values
from seacan.build.dockerfile.errors import DockerfileError
from seacan.build.dockerfile.expansion import Lexer
from seacan.build.dockerfile.lines import Lines
from seacan.build.dockerfile.parse import parse
from seacan.build.lint import options as options_
from seacan.build.lint.findings import Finding, Findings
from seacan.build.lint.layout import check_layout
from seacan.build.lint.stages import FindConfig, check_bases, check_stages
from seacan.build.plan import plan
from seacan.errors import InvalidArgument
from seacan.spec.dockerignore import Ignored

_ARGUMENT: Final = "BUILDKIT_DOCKERFILE_CHECK"  # says in place of the directive what counts


class Report(msgspec.Struct, frozen=True):
    findings: Sequence[Finding]
    error: InvalidArgument | None = None  # what stands against a build at all
    is_error: bool = False  # findings are to let the build fail

    @property
    def violation(self) -> str:
        """The sentence that a build fails with, if it is to."""
        titles = sorted({each.rule.title for each in self.findings})
        return f"lint violation found for rules: {', '.join(titles)}" if titles else ""

    def enforce(self) -> None:
        """Raise InvalidArgument if the build is to fail of what was found."""
        if self.is_error and self.violation:
            raise InvalidArgument(self.violation)


def may_fail(data: bytes, wanted: Wanted) -> bool:
    """Tell whether a build may have to fail of findings: few ask for it. Raises DockerfileError."""
    return "error" in wanted.build_args.get(_ARGUMENT, Lines(data).directives.get("check", ""))


def check(
    data: bytes,
    wanted: Wanted,
    ignored: Ignored | None = None,
    find_config: FindConfig = lambda _image: None,
) -> Report:
    """Return what is to be said of a Dockerfile: of all its stages, if there is no target.

    `ignored` is what .dockerignore leaves out of the context. Variables are taken as defined where
    the base image is not known.
    """
    found = Findings(options_.Options())
    try:
        file = parse(data)
        options = _options(wanted.build_args.get(_ARGUMENT, file.checks))
        found = Findings(options)
        check_layout(file, found)
        with suppress(InvalidArgument):  # the plan says it again, and where
            values = global_values(file, wanted, Lexer(escape=file.escape))
            check_bases(file, wanted, values, found)
        planned = plan(file, wanted)
        if not wanted.target:
            planned = replace(planned, stages=planned.every)
        check_stages(planned, ignored, find_config, found)
    except InvalidArgument as err:
        return Report(found.all(), error=err)
    return Report(found.all(), is_error=options.is_error)


def _options(text: str) -> options_.Options:
    try:
        return options_.parse(text)
    except InvalidArgument as err:
        raise InvalidArgument(f"failed to parse check options: {err}") from err


def place(error: InvalidArgument) -> tuple[int, int]:
    """Return the first and last line of what is wrong; zeros if it is the whole."""
    return (error.line, error.last_line) if isinstance(error, DockerfileError) else (0, 0)
