import pytest
from hypothesis import given
from hypothesis import strategies as st

from seacan.build.dockerfile.errors import DockerfileError
from seacan.build.dockerfile.instructions import Run
from seacan.build.dockerfile.parse import MOST_INSTRUCTIONS, parse

PARSE = "failed to parse Dockerfile: "
LINE_2 = "dockerfile parse error on line 2: "


@pytest.mark.parametrize(
    ("text", "sentence", "place"),
    [
        ("", "the Dockerfile (Dockerfile) cannot be empty", (1, 0)),
        ("\n# x\n", f"{PARSE}file with no instructions", (2, 0)),
        ("ARG x\n", "dockerfile contains no stages to build", (1, 0)),
        ("RUN x\nFROM a", "no build stage in current context", (1, 0)),
        ("#escape=x", f"{PARSE}invalid escape token 'x' does not match ` or \\", (1, 0)),
        ("#escape=`\n#escape=`", f"{PARSE}only one escape parser directive can be used", (2, 0)),
        ("FROM a\n  FOO x", f"{LINE_2}unknown instruction: FOO (did you mean FROM?)", (2, 3)),
        ("FROM a\nrum x", f"{LINE_2}unknown instruction: rum (did you mean run?)", (2, 1)),
        ("FROM a\nINCLUDE x", f"{LINE_2}unknown instruction: INCLUDE", (2, 1)),
        ("FROM a\nRUN <<E\nx", f"{PARSE}unterminated heredoc", (2, 0)),
        ("FROM a\nENV a", f"{PARSE}ENV must have two arguments", (2, 0)),
        ("FROM a\nENV a=1 b", f'{PARSE}Syntax error - can\'t find = in "b". '
         "Must be of the form: name=value", (2, 9)),
        ("FROM a\nENV =x", f"{LINE_2}ENV names can not be blank", (2, 5)),
        ("FROM a\nENV", f"{LINE_2}ENV requires at least one argument", (2, 0)),
        ("FROM a\nLABEL =x", f"{LINE_2}LABEL names can not be blank", (2, 7)),
        ("FROM a\nARG", f"{LINE_2}ARG requires at least one argument", (2, 0)),
        ("FROM a\nARG =1", f"{LINE_2}ARG names can not be blank", (2, 5)),
        ("# escape=\\\n# syntax=example.com/llvm:1\nFROM a", "syntax example.com/llvm:1 is not "
         "supported: only Dockerfiles are read (docker/dockerfile)", (2, 10)),
        ("FROM a\nCMD [1]", f"{PARSE}when using JSON array syntax, arrays must be comprised of "
         "strings only", (2, 0)),
        ("FROM a\nRUN", f"{LINE_2}RUN requires at least one argument", (2, 0)),
        ("FROM a\nRUN []", f"{LINE_2}RUN requires at least one argument", (2, 0)),
        ("FROM a\nRUN --network=x y", f'{LINE_2}invalid network mode "x"', (2, 15)),
        ("FROM a\nRUN --security=x y", f'{LINE_2}security "x" is not valid', (2, 16)),
        ("FROM a\nRUN \\\n  --devise=x \\\n y", f"{LINE_2}unknown flag: --devise", (3, 3)),
        ("FROM a\nCOPY --frm=x a b", f"{LINE_2}unknown flag: --frm (did you mean from?)", (2, 6)),
        ("FROM a\nCOPY --from a b", f"{LINE_2}missing a value on flag: --from", (2, 6)),
        ("FROM a\nCOPY --link= a b", f"{LINE_2}missing a value on flag: --link", (2, 6)),
        ("FROM a\nCOPY --link=x a b",
         f"{LINE_2}expecting boolean value for flag --link, not: x", (2, 6)),
        ("FROM a\nCOPY --chown=1 --chown=2 a b",
         f"{LINE_2}duplicate flag specified: --chown", (2, 16)),
        ("FROM a\nCOPY a", f"{LINE_2}COPY requires at least two arguments, but only one was "
         "provided. Destination could not be determined", (2, 0)),
        ("FROM a\nCOPY b <<E\nE\n", f"{LINE_2}COPY cannot accept a heredoc as a destination",
         (2, 8)),
        ("FROM a b", "dockerfile parse error on line 1: FROM requires either one or three "
         "arguments", (1, 0)),
        ("FROM a AS 1b", 'dockerfile parse error on line 1: invalid name for build stage: "1b", '
         "name can't start with a number or contain symbols", (1, 11)),
        ("FROM a\nSHELL x", f"{LINE_2}SHELL requires the arguments to be in JSON form", (2, 0)),
        ("FROM a\nSHELL []", f"{LINE_2}SHELL requires at least one argument", (2, 0)),
        ("FROM a\nUSER", f"{LINE_2}USER requires exactly one argument", (2, 0)),
        ("FROM a\nVOLUME", f"{LINE_2}VOLUME requires at least one argument", (2, 0)),
        ('FROM a\nVOLUME [" "]', f"{LINE_2}VOLUME specified can not be an empty string", (2, 0)),
        ("FROM a\nEXPOSE", f"{LINE_2}EXPOSE requires at least one argument", (2, 0)),
        ("FROM a\nONBUILD", f"{LINE_2}ONBUILD requires at least one argument", (2, 0)),
        ("FROM a\nONBUILD ONBUILD x",
         f"{LINE_2}Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed", (2, 0)),
        ("FROM a\nONBUILD from x", f"{LINE_2}FROM isn't allowed as an ONBUILD trigger", (2, 0)),
        ("FROM a\nONBUILD FOO x",
         f"{LINE_2}unknown instruction: FOO (did you mean FROM?)", (2, 0)),
        ("FROM a\nHEALTHCHECK", f"{LINE_2}HEALTHCHECK requires at least one argument", (2, 0)),
        ("FROM a\nHEALTHCHECK CMD", f"{LINE_2}Missing command after HEALTHCHECK CMD", (2, 0)),
        ("FROM a\nHEALTHCHECK NONE x", f"{LINE_2}HEALTHCHECK NONE takes no arguments", (2, 0)),
        ("FROM a\nHEALTHCHECK EXEC x",
         f'{LINE_2}Unknown type "EXEC" in HEALTHCHECK (try CMD)', (2, 13)),
        ("FROM a\nHEALTHCHECK --retries=-1 CMD x",
         f"{LINE_2}--retries cannot be negative (-1)", (2, 0)),
        ("FROM a\nHEALTHCHECK --interval=1us CMD x",
         f'{LINE_2}Interval "interval" cannot be less than 1ms', (2, 0)),
        ("FROM a\nHEALTHCHECK --timeout=1 CMD x",
         f'{LINE_2}time: missing unit in duration "1"', (2, 0)),
        ("FROM a\nRUN " + "x" * 70_000,
         f"{PARSE}dockerfile line greater than max allowed size of 65535", (2, 0)),
    ],
)  # fmt: skip
def test_errors(text: str, sentence: str, place: tuple[int, int]) -> None:
    with pytest.raises(DockerfileError) as raised:
        parse(text.encode())
    assert str(raised.value) == sentence
    assert (raised.value.line, raised.value.column) == place


def run_line(text: str) -> str:
    run = parse(text.encode()).stages[0].instructions[0]
    assert isinstance(run, Run)
    return run.command.words[0]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("FROM a\nRUN a \\\n b", "a  b"),
        ("FROM a\r\nRUN a \\\r\n b\r\n", "a  b"),
        ("\ufeffFROM a\nRUN a", "a"),
        ("FROM a\nRUN a\\\\\nCMD b", "a\\\\"),
        ("FROM a\nRUN a \\  \n\n\n# c\n b", "a  b"),
        ("FROM a\nRUN a \\", "a"),
        ("FROM a\n\\\nRUN a", "a"),
        ("FROM a\nRUN -- --x", "--x"),
        ("FROM a\nRUN\t--network=none\ta", "a"),
        ('FROM a\nRUN "--x" a', '"--x" a'),
        ("FROM a\nRUN echo 'it <<EOF", "echo 'it <<EOF"),
    ],
)
def test_lines(text: str, line: str) -> None:
    assert run_line(text) == line


def test_bytes_that_are_no_text() -> None:
    assert parse(b"FROM a\nRUN \xff").stages[0].instructions[0].source.text == "RUN \ufffd"
    with pytest.raises(DockerfileError, match="not in UTF-8"):
        parse(b"FROM a\nCOPY <<E /\n\xff\nE\n")


def test_many_blanks_take_no_time() -> None:
    blanks = " " * 60_000
    file = parse(f"# check=skip{blanks}x\nFROM a\nRUN <<{blanks}x<\n".encode())
    assert file.checks == f"skip{blanks}x"


def test_a_file_is_bounded() -> None:
    with pytest.raises(DockerfileError, match="larger than"):
        parse(b"FROM a\n" + b"#\n" * (4 << 20))
    with pytest.raises(DockerfileError, match="instructions"):
        parse(b"FROM a\n" * (MOST_INSTRUCTIONS + 1))


@given(
    st.lists(
        st.one_of(
            st.sampled_from(
                ["FROM ", "RUN ", "COPY ", "ENV ", "ARG ", "ONBUILD ", "HEALTHCHECK ", "\n", "\\\n",
                 "# escape=`\n", "<<EOF ", "EOF\n", "--mount=", '["a"]', "=", "'", '"', "AS ", "$a"]
            ),
            st.text(max_size=4),
        ),
        max_size=25,
    )
)  # fmt: skip
def test_anything_is_read_or_refused(parts: list[str]) -> None:
    data = "".join(parts).encode("utf-8", "surrogatepass")
    try:
        stages = len(parse(data).stages)
    except DockerfileError as err:
        stages = err.line
    assert 1 <= stages <= data.count(b"\n") + 1
