from seacan.engine.bundle import environment


def test_the_later_wins_in_the_place_of_the_earlier() -> None:
    assert environment.override(["A=1", "B=1"], ["C=1", "A=2"], ["C=2=3"]) == [
        "A=2",
        "B=1",
        "C=2=3",
    ]


def test_a_name_alone_takes_a_variable_away() -> None:
    assert environment.override(["A=1", "B=1"], ["A", "X"]) == ["B=1"]


def test_an_empty_value_is_a_value() -> None:
    assert environment.override(["A=1"], ["A="]) == ["A="]


def test_the_image_fills_in_what_was_not_asked_for() -> None:
    assert environment.with_image(["A=1", "B"], ["B=2", "C=2"]) == ["A=1", "B", "C=2"]


def test_defaults_come_first_and_give_way() -> None:
    path = f"PATH={environment.DEFAULT_PATH}"
    assert environment.of_process("h", "/root") == [path, "HOSTNAME=h", "HOME=/root"]
    assert environment.of_process("h", "/", ["HOME=/x", "PATH=/bin"], has_terminal=True) == [
        "PATH=/bin",
        "HOSTNAME=h",
        "TERM=xterm",
        "HOME=/x",
    ]
    assert "TERM=xterm" not in environment.of_process("h", "/", ["TERM"], has_terminal=True)
