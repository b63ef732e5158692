import pytest

from seacan.build.arguments import Wanted
from seacan.build.dockerfile.errors import DockerfileError
from seacan.build.dockerfile.parse import parse
from seacan.build.evaluation import Evaluated, evaluate
from seacan.build.plan import plan, unused_args, with_triggers
from seacan.errors import InvalidArgument


@pytest.mark.parametrize(
    ("text", "sentence", "line"),
    [
        ("ARG a\nFROM $a", "base name ($a) should not be blank", 2),
        ("FROM Foo", 'failed to parse stage name "Foo": invalid reference format: '
         "repository name (library/Foo) must be lowercase", 1),
        ("FROM ${a", 'failed to process "${a": syntax error: missing \'}\'', 1),
        ("ARG b=${a\nFROM x", 'failed to process "${a": syntax error: missing \'}\'', 1),
        ("FROM --platform=a/b/c/d x", "failed to parse platform a/b/c/d: "
         '"a/b/c/d": cannot parse platform specifier: invalid argument', 1),
        ("FROM --platform=$TARGTPLATFORM x", "empty platform value from expression "
         "$TARGTPLATFORM (did you mean TARGETPLATFORM?)", 1),
        ("FROM a\nCOPY --from=3 a b", "invalid from flag value 3: index out of bounds", 2),
        ("FROM a\nCOPY --from=0 a b", "invalid from flag value 0: index out of bounds", 2),
        ("FROM a AS x\nCOPY --from=x a b", 'cannot copy from stage "x", '
         'it needs to be defined before current stage "x"', 2),
        ("FROM a\nCOPY --from=x a b\nFROM b AS x", 'cannot copy from stage "x", '
         'it needs to be defined before current stage "stage-0"', 2),
        ("FROM a\nCOPY --from=$x a b", "variable expansion is not supported for --from, define a "
         "new stage with FROM using ARG from global scope as a workaround", 2),
        ("FROM a\nCOPY --from=A:b:c a b",
         "invalid from flag value A:b:c: invalid reference format: "
         "repository name (library/A) must be lowercase", 2),
        ("FROM a\nRUN --mount=from=$x,target=/a y",
         "'from' doesn't support variable expansion, define alias stage instead", 2),
    ],
)  # fmt: skip
def test_errors(text: str, sentence: str, line: int) -> None:
    with pytest.raises(DockerfileError) as raised:
        plan(parse(text.encode()), Wanted())
    assert str(raised.value) == sentence
    assert raised.value.line == line


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("USER ${x", "failed to process \"${x\": syntax error: missing '}'"),
        ("USER ${x:?oh}", 'failed to process "${x:?oh}": x: oh'),
        ("STOPSIGNAL FOO", "invalid signal: FOO"),
        ("STOPSIGNAL 0", "invalid signal: 0"),
        ("EXPOSE 1x", "Invalid containerPort: 1x"),
        ("EXPOSE 80/icmp", "Invalid proto: icmp"),
        ("EXPOSE 3-1", "Invalid containerPort: 3-1"),
        ("EXPOSE 70000", "Invalid containerPort: 70000"),
        ("EXPOSE x:80", "Invalid hostPort: x"),
        ("VOLUME $x", "VOLUME specified can not be an empty string"),
        ("ENV $x=1", "ENV names can not be blank"),
        ("RUN --mount=type=$x,target=/a y", 'unsupported mount type ""'),
    ],
)
def test_errors_of_values(text: str, sentence: str) -> None:
    found = plan(parse(f"FROM scratch\n{text}".encode()), Wanted())
    with pytest.raises(DockerfileError) as raised:
        evaluate(found, found.target, Evaluated({}))
    assert str(raised.value) == sentence
    assert raised.value.line == 2


def test_no_such_target() -> None:
    with pytest.raises(InvalidArgument) as raised:
        plan(parse(b"FROM a AS build"), Wanted(target="biuld"))
    assert str(raised.value) == 'target stage "biuld" could not be found (did you mean build?)'


def test_names_are_of_the_last_stage_before() -> None:
    text = b"FROM a AS x\nFROM b AS x\nFROM x\nCOPY --from=x / /"
    assert [stage.index for stage in plan(parse(text), Wanted()).stages] == [1, 2]


def test_arguments_that_nobody_asks_for() -> None:
    file = parse(b"ARG a\nFROM x\nARG b")
    given = dict.fromkeys(["a", "b", "c", "http_proxy", "TARGETARCH", "d"], "1")
    assert unused_args(plan(file, Wanted(build_args=given)), file) == ["c", "d"]


ARGS = """FROM scratch AS one
ARG A=1
ENV E=$A
ARG E=arg
RUN a
ENV A=env
RUN b
ARG A=2
ARG A
RUN c
FROM one
RUN d
"""


@pytest.mark.parametrize(
    ("is_classic", "arguments"),
    [
        (False, [{"A": "1", "E": "arg"}, {"E": "arg"}, {"A": "2", "E": "arg"}, {}]),
        (True, [{"A": "1"}, {}, {}, {}]),
    ],
)
def test_an_argument_after_a_variable_of_its_name(
    is_classic: bool, arguments: list[dict[str, str]]
) -> None:
    found = plan(parse(ARGS.encode()), Wanted(is_classic=is_classic))
    one = evaluate(found, found.every[0], Evaluated({}))
    two = evaluate(found, found.every[1], one)
    runs = [step for step in (*one.steps, *two.steps) if step.argv]
    assert [step.args for step in runs] == arguments
    hidden = {"A": "env", "E": "1"}
    assert {name: runs[-1].environment[name] for name in hidden} == hidden
    assert runs[2].environment["A"] == ("env" if is_classic else "2")


def test_triggers_may_need_other_stages() -> None:
    found = plan(parse(b"FROM a AS tools\nFROM b\nFROM c"), Wanted())
    assert [stage.index for stage in found.stages] == [2]
    found = with_triggers(found, 2, ["COPY --from=tools /x /x"])
    assert [stage.index for stage in found.stages] == [0, 2]
    assert found.target.triggers == 1


@pytest.mark.parametrize("trigger", ["", "RUN a\nRUN b", "FROM x", "ONBUILD RUN x"])
def test_no_trigger(trigger: str) -> None:
    found = plan(parse(b"ARG x\nFROM a"), Wanted())
    with pytest.raises(DockerfileError) as raised:
        with_triggers(found, 0, [trigger])
    assert str(raised.value) == "onbuild trigger should be a single expression"
    assert raised.value.line == 2


def test_triggers_are_bounded() -> None:
    lines = ["FROM a AS x", *(["ONBUILD RUN y"] * 900), *(["FROM x"] * 10)]
    with pytest.raises(DockerfileError, match="too many ONBUILD triggers"):
        plan(parse("\n".join(lines).encode()), Wanted())


def test_an_environment_is_bounded() -> None:
    names = " ".join(f"n{number}=" for number in range(3000))
    found = plan(parse(f"FROM scratch\nENV {names}".encode()), Wanted())
    with pytest.raises(DockerfileError, match="the environment is too large"):
        evaluate(found, found.target, Evaluated({}))


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("EXPOSE " + "0-65535 " * 7000, "EXPOSE of too many ports"),
        ("EXPOSE 0-65535\n" * 100, "EXPOSE of too many ports"),
        ("WORKDIR a/" + "b/" * 1000 + "\nWORKDIR " + "c/" * 2000, "WORKDIR is too long"),
        ("VOLUME " + " ".join(f"/{number}" for number in range(3000)), "too many volumes"),
        ("LABEL " + " ".join(f"l{number}=" for number in range(3000)), "too many labels"),
        ("ENV v=" + "a" * 60_000 + "\nENV " + " ".join(["a=${v##%s}" % ("*a" * 400)] * 7),
         "expand to too much text"),
    ],
    ids=["ports", "ports-again", "path", "volumes", "labels", "patterns"],
)  # fmt: skip
def test_a_config_is_bounded(line: str, why: str) -> None:
    found = plan(parse(f"FROM scratch\n{line}".encode()), Wanted())
    with pytest.raises(DockerfileError, match=why):
        evaluate(found, found.target, Evaluated({}))


@pytest.mark.parametrize("owner", ["daemon", "7:daemon", "daemon:7", "-1"])
def test_owners_of_linked_files_are_numbers(owner: str) -> None:
    found = plan(parse(f"FROM a\nCOPY --link --chown={owner} b /".encode()), Wanted())
    with pytest.raises(DockerfileError, match="invalid chown flag with --link: ") as raised:
        evaluate(found, found.target, Evaluated({}))
    assert (raised.value.line, raised.value.column) == (2, 21)


def test_unset_variables_are_told() -> None:
    found = plan(parse(b"FROM a\nARG known\nENV x=$known$gone y=${none:-z}"), Wanted())
    told = []
    evaluate(
        found, found.target, Evaluated({}), unset=lambda source, name: told.append((name, source))
    )
    assert [(name, source.first_line) for name, source in told] == [("gone", 3), ("none", 3)]


def test_where_an_image_is_named() -> None:
    text = b"FROM a AS x\nFROM b\nRUN y\nCOPY --from=c / /\nRUN --mount=from=d,target=/d \\\n z"
    found = plan(parse(text), Wanted())
    stage = found.target
    lines = {
        image.written: (source.first_line, source.last_line)
        for image in stage.images
        for source in [found.source_of(stage, image)]
    }
    assert lines == {"b": (2, 2), "c": (4, 4), "d": (5, 6)}
