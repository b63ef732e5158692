"""Rules, messages and lines are those of BuildKit's own check of the same files."""

import pytest

from seacan.build.arguments import Wanted
from seacan.build.lint.check import check, may_fail, place
from seacan.build.lint.rules import Rule
from seacan.build.origins import ImageOrigin
from seacan.errors import InvalidArgument
from seacan.spec import dockerignore
from seacan.spec.image import ExecutionConfig


def known_base(_image: ImageOrigin) -> ExecutionConfig:
    return {"Env": ["PATH=/bin"]}


def told(text: str, ignore: str = "") -> list[str]:
    ignored = dockerignore.parse(ignore.encode())
    report = check(text.encode(), Wanted(), ignored, known_base)
    assert report.error is None
    return [f"{each.first_line} {each.rule.title}: {each.message}" for each in report.findings]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM a AS BuiLd", ["1 StageNameCasing: Stage name 'BuiLd' should be lowercase"]),
        ("FROM a as x\nfrom a AS y",
         ["1 FromAsCasing: 'as' and 'FROM' keywords' casing do not match",
          "2 ConsistentInstructionCasing: Command 'from' should match the case of the command "
          "majority (uppercase)",
          "2 FromAsCasing: 'AS' and 'from' keywords' casing do not match"]),
        ("FROM a\nRUN a \\\n\n b", ["4 NoEmptyContinuation: Empty continuation line"]),
        ("from a\nrun a\nCmd [\"b\"]",
         ["3 ConsistentInstructionCasing: Command 'Cmd' should match the case of the command "
          "majority (lowercase)"]),
        ("FROM a AS x\nFROM a AS x",
         ['2 DuplicateStageName: Duplicate stage name "x", stage names should be unique']),
        ("FROM a AS context",
         ["1 ReservedStageName: Stage name should not use the same name as reserved stage "
          '"context"']),
        ("FROM a\nCMD b\nENTRYPOINT c",
         [f"{line} JSONArgsRecommended: JSON arguments recommended for {name} to prevent "
          "unintended behavior related to OS signals" for line, name in ((2, "CMD"),
                                                                        (3, "ENTRYPOINT"))]),
        ('FROM a\nSHELL ["/bin/sh", "-c"]\nCMD b', []),
        ("FROM a\nMAINTAINER x", ["2 MaintainerDeprecated: Maintainer instruction is deprecated in "
                                  "favor of using label"]),
        ("ARG verion=1\nFROM a:x$version",
         ["2 UndefinedArgInFrom: FROM argument 'version' is not declared (did you mean verion?)"]),
        ("FROM a\nWORKDIR b\nWORKDIR c",
         ['2 WorkdirRelativePath: Relative workdir "b" can have unexpected results if the base '
          "image changes"]),
        ("FROM a AS x\nWORKDIR /y\nFROM x\nWORKDIR z", []),
        ("FROM a\nENV a=$PAHT b=$none",
         ["2 UndefinedVar: Usage of undefined variable '$PAHT' (did you mean $PATH?)",
          "2 UndefinedVar: Usage of undefined variable '$none'"]),
        ("FROM a\nARG b\nENV c=$b\nRUN echo $d", []),
        ("FROM scratch\nCOPY <<E /\n$none\nE\n",
         ["2 UndefinedVar: Usage of undefined variable '$none'"]),
        ('FROM a\nCMD ["a"]\nCMD ["b"]\nHEALTHCHECK NONE\nHEALTHCHECK NONE',
         [f"{line} MultipleInstructionsDisallowed: Multiple {name} instructions should not be used "
          "in the same stage because only the last one will be used"
          for line, name in ((2, "CMD"), (4, "HEALTHCHECK"))]),
        ("FROM a\nENV b c\nLABEL d e",
         [f'{line} LegacyKeyValueFormat: "{name} key=value" should be used instead of legacy '
          f'"{name} key value" format' for line, name in ((2, "ENV"), (3, "LABEL"))]),
        ("FROM --platform=$TARGETPLATFORM a",
         ["1 RedundantTargetPlatform: Setting platform to predefined $TARGETPLATFORM in FROM is "
          "redundant as this is the default behavior"]),
        ("FROM --platform=linux/amd64 a",
         ["1 FromPlatformFlagConstDisallowed: FROM --platform flag should not use constant value "
          '"linux/amd64"']),
        ("FROM --platform=linux/amd64 a AS x-amd64\nFROM --platform=$BUILDPLATFORM a", []),
        ("FROM a\nENV SECRET_KEY=1 KEY_FILE=x MONKEY=1\nARG GITHUB_TOKEN PUBLIC_KEY",
         ["2 SecretsUsedInArgOrEnv: Do not use ARG or ENV instructions for sensitive data "
          '(ENV "SECRET_KEY")',
          "3 SecretsUsedInArgOrEnv: Do not use ARG or ENV instructions for sensitive data "
          '(ARG "GITHUB_TOKEN")']),
        ("FROM a\nEXPOSE 80/TCP 1.2.3.4:81:81",
         ["2 ExposeInvalidFormat: EXPOSE instruction should not define an IP address or host-port "
          "mapping, found '1.2.3.4:81:81'",
          "2 ExposeProtoCasing: Defined protocol '80/TCP' in EXPOSE instruction should be "
          "lowercase"]),
        ("# check=experimental=all\n# x is\nARG y=1\n# wrong\nFROM a AS base\n# ok is\nARG ok\n"
         "# else\n\nARG z",
         ["3 InvalidDefinitionDescription: Comment for ARG should follow the format: "
          "`# y <description>`",
          "5 InvalidDefinitionDescription: Comment for FROM should follow the format: "
          "`# base <description>`"]),
        ("# check=skip=JSONArgsRecommended,UndefinedVar\nFROM a\nCMD $x\nUSER $x", []),
        ("# check=skip=all\nFROM a\nCMD x", []),
        ("FROM a\n# check=skip=MaintainerDeprecated\nMAINTAINER x\nMAINTAINER y",
         ["4 MaintainerDeprecated: Maintainer instruction is deprecated in favor of using label"]),
    ],
)  # fmt: skip
def test_findings(text: str, expected: list[str]) -> None:
    assert sorted(told(text)) == expected


@pytest.mark.parametrize(
    ("ignore", "line", "verb"),
    [
        ("*.md", "COPY b /a.md c/../d.md /x/", "Copy"),
        ("d.md", "ADD ./d.md /", "Add"),
        ("*", "COPY d.md /", "Copy"),
    ],
)
def test_ignored_files(ignore: str, line: str, verb: str) -> None:
    message = f'Attempting to {verb} file "d.md" that is excluded by .dockerignore'
    assert f"2 CopyIgnoredFile: {message}" in told(f"FROM a\n{line}", ignore)


@pytest.mark.parametrize(
    ("ignore", "line"),
    [("*.md", "COPY . /"), ("*\n!d.md", "COPY d.md /"), ("x", "ADD https://example.com/x /")],
)
def test_files_that_may_be_there(ignore: str, line: str) -> None:
    assert told(f"FROM a\n{line}", ignore) == []


def test_variables_of_an_unknown_base_are_taken_as_defined() -> None:
    assert check(b"FROM a AS x\nUSER $y\nFROM x\nUSER $z", Wanted()).findings == []


def test_default_that_makes_no_name() -> None:
    report = check(b"ARG TAG\nFROM busybox:$TAG", Wanted(build_args={"TAG": "1"}))
    assert report.error is None
    assert [each.message for each in report.findings] == [
        "Default value for ARG busybox:$TAG results in empty or invalid base image name"
    ]


def test_all_stages_are_looked_at_unless_there_is_a_target() -> None:
    text = b"FROM a AS x\nCMD y\nFROM scratch AS z"
    assert [each.first_line for each in check(text, Wanted()).findings] == [2]
    assert check(text, Wanted(target="z")).findings == []


def test_what_stands_against_a_build() -> None:
    report = check(b"FROM a as x\nCMD y\nFROM ${z", Wanted())
    assert [each.rule for each in report.findings] == [Rule.FROM_AS_CASING]
    assert report.error is not None
    assert place(report.error) == (3, 3)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("bogus=1", 'invalid check option "bogus"'),
        ("skip", 'invalid check option "skip"'),
        ("error=x", 'failed to parse check option "error=x"'),
    ],
)
def test_bad_options(text: str, sentence: str) -> None:
    error = check(f"# check={text}\nFROM a".encode(), Wanted()).error
    assert str(error) == f"failed to parse check options: {sentence}"


def test_findings_may_be_errors() -> None:
    report = check(b"# check=error=true\nFROM a\nCMD x\nMAINTAINER y", Wanted())
    assert report.is_error
    assert report.violation == (
        "lint violation found for rules: JSONArgsRecommended, MaintainerDeprecated"
    )


def test_an_argument_says_what_counts() -> None:
    text = b"# check=skip=all\nFROM a\nCMD x"
    wanted = Wanted(build_args={"BUILDKIT_DOCKERFILE_CHECK": "error=true"})
    assert may_fail(text, wanted)
    assert not may_fail(text, Wanted())
    with pytest.raises(InvalidArgument, match=r"^lint violation found for rules: JSONArgs"):
        check(text, wanted).enforce()
    check(text, Wanted()).enforce()


def test_every_rule_has_a_page() -> None:
    assert Rule.JSON_ARGS_RECOMMENDED.url.endswith("/rule/json-args-recommended/")
    assert Rule.SECRETS_USED_IN_ARG_OR_ENV.url.endswith("/rule/secrets-used-in-arg-or-env/")
    assert len({rule.url for rule in Rule}) == len(Rule)
