import pytest

from seacan.errors import InvalidArgument
from seacan.registry.access import CATALOG, Scope
from seacan.registry.auth.rules import EVERYTHING_FOR_USERS, Visitor, read

RULES = [
    read("ci:pull,push:team/*"),
    read("*:pull:*"),
    read("anonymous:pull:public/*"),
    read("boss:*:*"),
]


@pytest.mark.parametrize(
    ("user", "repository", "allowed"),
    [
        ("ci", "team/app", {"pull", "push"}),
        ("ci", "team/a/b/c", {"pull", "push"}),
        ("ci", "team", {"pull"}),
        ("ci", "other/team/app", {"pull"}),
        ("boss", "anything", {"pull", "push", "delete"}),
        ("somebody", "team/app", {"pull"}),
        (None, "team/app", set()),
        (None, "public/app", {"pull"}),
    ],
)
def test_who_may_do_what(user: str | None, repository: str, allowed: set[str]) -> None:
    visitor = Visitor(user, RULES)

    actions = ("pull", "push", "delete")
    assert {a for a in actions if visitor.may(Scope(repository, a))} == allowed
    assert visitor.sees(repository) == ("pull" in allowed)
    assert visitor.may(CATALOG) == (user is not None)


def test_without_rules_users_may_do_everything() -> None:
    assert Visitor("ci", EVERYTHING_FOR_USERS).may(Scope("a", "delete"))
    assert not Visitor(None, EVERYTHING_FOR_USERS).may(Scope("a", "pull"))


@pytest.mark.parametrize(
    "text",
    ["", "ci", "ci:pull", "ci:pull:a:b", "ci:write:a", "ci:pull,:a", ":pull:a", "ci:pull:[a]"],
)
def test_what_is_no_rule(text: str) -> None:
    with pytest.raises(InvalidArgument, match="rule"):
        read(text)
