"""What a ref is, what a key is made of, and whom a token is for."""

import base64

import pytest

from seacan.build.git.repositories import Commit, authorization
from seacan.spec.git_urls import Repository, commit_of

ONE, TWO, THREE = ("1" * 40, "2" * 40, "3" * 40)
TOP = Repository("https://h/n.git", "main", "sub")
ELSEWHERE = Repository("https://g:8443/n.git")


@pytest.mark.parametrize(
    ("listed", "ref", "commit"),
    [
        (f"{ONE}\tHEAD\n", "HEAD", ONE),
        (f"{ONE}\trefs/heads/x/b\n{TWO}\trefs/heads/b\n", "b", TWO),
        (f"{ONE}\trefs/tags/b\n{TWO}\trefs/heads/b\n", "b", TWO),
        (f"{ONE}\trefs/tags/v\n{TWO}\trefs/tags/v^{{}}\n", "v", TWO),
        (f"{ONE}\trefs/pull/7/head\n", "pull/7/head", ONE),
        (f"{ONE}\trefs/pull/7/head\n", "refs/pull/7/head", ONE),
        (f"{ONE}\trefs/heads/a/b\n", "b", ""),
        ("--upload-pack=x\trefs/heads/b\n", "b", ""),
        ("", "b", ""),
    ],
)
def test_a_ref(listed: str, ref: str, commit: str) -> None:
    assert commit_of(listed, ref) == commit


def test_a_key_is_of_the_commit_and_not_of_the_place() -> None:
    digest = Commit(TOP, ONE).digest
    assert Commit(Repository("git://mirror/n", "v1", "sub"), ONE).digest == digest
    others = [Commit(TOP, TWO), Commit(TOP, ONE, keeps_git_directory=True)]
    others.append(Commit(Repository("https://h/n.git", "main"), ONE))
    assert len({digest, *(other.digest for other in others)}) == 4


def test_a_token_is_for_the_host_that_was_asked_for() -> None:
    secrets = {"GIT_AUTH_TOKEN": b"t\n"}
    told = base64.b64encode(b"x-access-token:t").decode()
    assert authorization(TOP, TOP, secrets) == {
        "http.https://h/.extraHeader": f"Authorization: basic {told}"
    }
    assert authorization(ELSEWHERE, TOP, secrets) == {}
    assert authorization(Repository("git@h:n"), TOP, secrets) == {}
    assert authorization(Repository("ssh://h/n"), TOP, secrets) == {}


def test_secrets_of_a_host_come_first() -> None:
    secrets = {"GIT_AUTH_TOKEN": b"t", "GIT_AUTH_HEADER.g:8443": b"Bearer b"}
    assert authorization(ELSEWHERE, TOP, secrets) == {
        "http.https://g:8443/.extraHeader": "Authorization: Bearer b"
    }


@pytest.mark.parametrize("name", ["GIT_AUTH_TOKEN", "GIT_AUTH_HEADER.h"])
def test_a_submodule_without_tls_gets_no_secret(name: str) -> None:
    """A repository's .gitmodules had the token sent where all on the way could read it."""
    without = Repository("http://h/other.git")
    assert authorization(without, TOP, {name: b"t"}) == {}
    assert authorization(without, ELSEWHERE, {name: b"t"}) == {}
    assert authorization(without, Repository("http://h/n.git"), {name: b"t"})
