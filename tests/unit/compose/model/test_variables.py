"""What texts with variables may come to; what they mean, test_config.py has."""

import pytest

from seacan.compose.model.variables import LIMIT_CHARACTERS, InvalidTemplate, substitute


def ignore(_name: str) -> None: ...


def nested(depth: int) -> str:
    return "${A:-" * depth + "x" + "}" * depth


def test_variables_within_variables_have_an_end() -> None:
    assert substitute(nested(100), lambda _: None, ignore) == "x"
    with pytest.raises(InvalidTemplate, match="go too deep"):
        substitute(nested(101), lambda _: None, ignore)


def test_a_variable_that_is_doubled_and_doubled() -> None:
    half = "x" * (LIMIT_CHARACTERS // 2)

    assert len(substitute("$A$A", lambda _: half, ignore)) == LIMIT_CHARACTERS
    with pytest.raises(InvalidTemplate, match=r"more than 4194304 characters: \$A\$A-"):
        substitute("$A$A-", lambda _: half, ignore)
