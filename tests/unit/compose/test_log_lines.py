import io

from seacan.cli.compose.log_lines import LogLines


def lines(**choices: bool) -> tuple[LogLines, io.StringIO]:
    output = io.StringIO()
    return LogLines(output=output, **{"colors": False, "prefix": True, **choices}), output


def test_names_stand_in_a_column() -> None:
    log, output = lines()
    log.expect("longer-1")
    log.write("a-1", b"x\n")
    log.write("longer-1", b"y\n")
    assert output.getvalue() == "a-1       | x\nlonger-1  | y\n"


def test_pieces_of_lines_are_put_together() -> None:
    log, output = lines()
    log.write("a", b"on")
    log.write("b", b"other\n")
    log.write("a", b"e\ntwo")
    log.end("a")
    assert output.getvalue() == "b  | other\na  | one\na  | two\n"


def test_without_prefix() -> None:
    log, output = lines(prefix=False)
    log.write("a", b"x\r\n")
    log.tell("a", "exited with code 0")
    assert output.getvalue() == "x\na exited with code 0\n"


def test_colors_go_round() -> None:
    log, output = lines(colors=True)
    for name in "ab":
        log.write(name, b"x\n")
    assert output.getvalue() == "\x1b[36ma  | \x1b[0mx\n\x1b[33mb  | \x1b[0mx\n"
