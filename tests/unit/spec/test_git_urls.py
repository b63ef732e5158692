"""Which URLs are repositories, what they name, and what would be more than a name to git."""

from typing import Any

import pytest

from seacan.errors import InvalidArgument
from seacan.spec.git_urls import Repository, parse, parse_context, relative, without_secret


@pytest.mark.parametrize(
    ("text", "remote", "ref", "subdirectory"),
    [
        ("https://h/o/n.git", "https://h/o/n.git", "", ""),
        ("HTTPS://u:p@h:8443/n.git#v1", "https://u:p@h:8443/n.git", "v1", ""),
        ("http://h/n.git#main:a/b/", "http://h/n.git", "main", "a/b"),
        ("https://h/n.git#:/a", "https://h/n.git", "", "a"),
        ("git://h/n#refs/pull/7/head", "git://h/n", "refs/pull/7/head", ""),
        ("ssh://git@h:22/~u/n#b", "ssh://git@h:22/~u/n", "b", ""),
        ("git@h:o/n.git#b:c", "git@h:o/n.git", "b", "c"),
        ("deploy@[::1]:n", "deploy@[::1]:n", "", ""),
    ],
)
def test_repositories(text: str, remote: str, ref: str, subdirectory: str) -> None:
    assert parse(text) == Repository(remote, ref, subdirectory)


@pytest.mark.parametrize(
    ("query", "meant"),
    [
        ("ref=v1&subdir=/a/b/", {"ref": "v1", "subdirectory": "a/b"}),
        ("branch=b", {"ref": "refs/heads/b"}),
        ("tag=refs/tags/t#:d", {"ref": "refs/tags/t", "subdirectory": "d"}),
        ("checksum=abcdef1&ref=v%2F1", {"ref": "v/1", "checksum": "abcdef1"}),
        ("commit=" + "a" * 40, {"ref": "a" * 40, "checksum": "a" * 40}),
        ("keep-git-dir", {"keeps_git_directory": True}),
        ("keep-git-dir=0&submodules=false", {"has_submodules": False}),
        ("ref=b#b", {"ref": "b"}),
    ],
)
def test_queries(query: str, meant: dict[str, Any]) -> None:
    assert parse(f"https://h/n.git?{query}") == Repository("https://h/n.git", **meant)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("x=y", "unexpected query 'x'"),
        ("ref=", "query 'ref' has no value"),
        ("ref=a&ref=b", "query 'ref' has multiple values"),
        ("ref=a#b", "ref conflicts: 'b' vs 'a'"),
        ("tag=a&branch=a", "ref conflicts: 'refs/tags/a' vs 'refs/heads/a'"),
        ("subdir=a#:b", "subdir conflicts: 'b' vs 'a'"),
        ("submodules=x", "invalid submodules value: 'x'"),
        ("checksum=main", "invalid checksum of a commit: main"),
    ],
)
def test_queries_that_mean_nothing(query: str, said: str) -> None:
    with pytest.raises(InvalidArgument, match=said):
        parse(f"https://h/n.git?{query}")


@pytest.mark.parametrize(
    "text",
    ["https://h/n.tar.gz", "https://h/x.git/y", "https://h", "dir/n.git", "github.com/o/n",
     "file:///n.git", "ext::sh -c id", "h:n.git", "unix:///run/seacan.sock", "", "git@h"],
)  # fmt: skip
def test_others(text: str) -> None:
    assert parse(text) is None


def test_a_context_may_leave_out_the_scheme() -> None:
    assert parse_context("github.com/o/n#b:c") == Repository("https://github.com/o/n.git", "b", "c")
    assert parse_context("github.com/o/n.git") == Repository("https://github.com/o/n.git")
    asked = parse_context("github.com/o/n?tag=v")
    assert asked == Repository("https://github.com/o/n.git", "refs/tags/v")
    assert parse_context("dir") is None


@pytest.mark.parametrize(
    "text",
    [
        "https://-x/n.git", "ssh://-oProxyCommand=id/n", "ssh://u@-oProxyCommand=id/n",
        "ssh://-l@h/n", "git@-h:n", "-u@h:n", "git@h:-n", "git@h:n\nx", "git://h/n m",
        "git://h/\x01", "https://h/n.git?ref=-b", "https://h/n.git?branch=a..b",
        "https://h/n.git#-b", "https://h/n.git#a..b", "https://h/n.git#a b",
        "https://h/n.git#a^", "git@h:n#--upload-pack=id", "https://h/n.git#b@{1}",
    ],
)  # fmt: skip
def test_what_git_would_take_for_more(text: str) -> None:
    with pytest.raises(InvalidArgument):
        parse(text)


@pytest.mark.parametrize(
    ("remote", "url", "found"),
    [
        ("https://h/o/n.git", "../m.git", "https://h/o/m.git"),
        ("https://h/o/n.git/", "../../p/m", "https://h/p/m"),
        ("https://h/o/n.git", "./m", "https://h/o/n.git/m"),
        ("git@h:o/n", "../m", "git@h:o/m"),
        ("git@h:n", "../m", "git@h:m"),
        ("https://h/n", "https://g/m", "https://g/m"),
    ],
)
def test_where_a_submodule_is(remote: str, url: str, found: str) -> None:
    assert relative(remote, url) == found


@pytest.mark.parametrize(
    ("remote", "url"),
    [("https://h/n", "../../m"), ("https://h/n", "../../../m"), ("git@h:n", "../../m")],
)
def test_a_submodule_is_of_a_host(remote: str, url: str) -> None:
    with pytest.raises(InvalidArgument, match="leads out of"):
        relative(remote, url)


def test_secrets_are_not_shown() -> None:
    repository = parse("https://u:secret@h/n.git#b")
    assert repository is not None
    assert (repository.shown, repository.host) == ("https://h/n.git", "h")
    assert without_secret("fatal: 'https://u:secret@h/x' no") == "fatal: 'https://h/x' no"
    with pytest.raises(InvalidArgument) as refused:
        parse("https://u:secret@h/n.git?x=y")
    assert "secret" not in str(refused.value)
