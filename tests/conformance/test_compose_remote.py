"""Compose files that are in repositories of git, on the loopback, and docker compose beside it."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conformance.composing import SEACAN, Composer, docker_compose
from tests.fakes.git_server import Repository, over_http

pytestmark = pytest.mark.conformance

BASE = """
name: far
services:
  web: {image: "web:${TAG:-1}", volumes: ["./data:/data"], env_file: [web.env]}
"""
SUB = "services: {api: {image: api, build: ., extends: {file: ../compose.yaml, service: web}}}\n"


class Place:
    """A directory to work in, and a repository that is served."""

    def __init__(self, directory: Path, repository: Repository, url: str) -> None:
        self.directory = directory
        self.repository = repository
        self.url = url
        self.seacan = Composer(SEACAN, "unix:///nonexistent", directory)
        self.cache = Path(self.seacan.env["XDG_CACHE_HOME"]) / "seacan" / "compose" / "remote"

    def config(self, *words: str, compose: Composer | None = None) -> dict[str, object]:
        text = (compose or self.seacan).ok(*words, "config", "--format", "json")
        # Where it is kept is each one's own affair.
        own = f"{self.seacan.env['XDG_CACHE_HOME']}/"
        text = text.replace(f"{own}seacan/compose/remote/", "/c/")
        model: dict[str, object] = json.loads(text.replace(f"{own}docker-compose/", "/c/"))
        return model

    def beside(self) -> Composer:
        program = docker_compose()
        if program is None:
            pytest.skip("there is no docker compose 2 here")
        return Composer(program, "unix:///nonexistent", self.directory)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    repository = Repository(tmp_path / "served" / "app.git")
    files = {"compose.yaml": BASE, "web.env": "A=1\n", "sub/compose.yaml": SUB}
    repository.commit(files)
    directory = tmp_path / "work"
    directory.mkdir()
    with over_http(tmp_path / "served") as server:
        url = f"http://127.0.0.1:{server.server_address[1]}/app.git"
        yield Place(directory, repository, url)


@pytest.mark.parametrize("fragment", ["", "#main", "#main:sub", "#:sub/compose.yaml", "#v1"])
def test_a_file_of_a_repository(place: Place, fragment: str) -> None:
    place.repository.git("tag", "v1")
    ours = place.config("-f", f"{place.url}{fragment}")
    theirs = place.config("-f", f"{place.url}{fragment}", compose=place.beside())
    if "sub" in fragment:  # what is not named is called after the directory
        assert ours["services"] == theirs["services"]
    else:
        assert ours == theirs


def test_include_and_extends(place: Place) -> None:
    (place.directory / "compose.yaml").write_text(f"""
name: near
include: ["{place.url}#main"]
services:
  own: {{image: x, extends: {{file: "{place.url}#main:compose.yaml", service: web}}}}
""")
    model = json.loads(place.seacan.ok("config", "--format", "json"))
    commit = place.repository.git("rev-parse", "HEAD")
    source = f"{place.cache}/{commit}/data"
    for name, image in (("web", "web:1"), ("own", "x")):
        service = model["services"][name]
        assert service["image"] == image
        assert service["volumes"][0]["source"] == source
        assert service["environment"] == {"A": "1"}


def test_a_new_commit_is_fetched_and_an_old_one_kept(place: Place) -> None:
    first = place.repository.git("rev-parse", "HEAD")
    place.config("-f", place.url)
    place.repository.commit({"compose.yaml": BASE.replace("web:$", "other:$")})
    assert "other:1" in json.dumps(place.config("-f", place.url))
    second = place.repository.git("rev-parse", "HEAD")
    place.repository.git("tag", "-a", "-m", "with a message", "v2")
    place.config("-f", f"{place.url}#v2")
    assert sorted(os.listdir(place.cache)) == sorted([first, second])
    # By its whole id nobody is asked: the server has not got it any more.
    place.repository.path.rename(place.repository.path.with_name("gone"))
    assert "web:1" in json.dumps(place.config("-f", f"{place.url}#{first}"))


def test_nothing_of_a_repository_is_run(place: Place) -> None:
    """No hook of a template, and no filter that it asks for and nobody has configured."""
    template = place.directory / "template" / "hooks"
    template.mkdir(parents=True)
    hook = template / "post-checkout"
    hook.write_text(f"#!/bin/sh\ntouch {place.directory}/run\n")
    hook.chmod(0o755)
    place.seacan.env["GIT_TEMPLATE_DIR"] = str(template.parent)
    place.repository.commit({".gitattributes": "* filter=own\n"})
    place.config("-f", place.url)
    assert not (place.directory / "run").exists()


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("{url}#nope", "repository does not contain ref nope"),
        ("{url}?checksum=abcdef1&ref=main", "expected checksum to match abcdef1, got "),
        ("{url}#--upload-pack=x", "invalid ref"),
        ("{url}#main:../..", "leads out"),
        ("{url}#main:link", "leads out"),
        ("{url}#main:data", "no compose file"),
        ("http://127.0.0.1:1/none.git", "git ls-remote"),
        ("ssh://-oProxyCommand=x/a.git", "invalid URL of a repository"),
    ],
)
def test_what_is_refused(place: Place, url: str, text: str) -> None:
    (place.directory / "compose.yaml").write_text("services: {outside: {image: x}}")
    (place.repository.path / "link").symlink_to(place.directory)
    place.repository.git("add", "link")
    place.repository.commit({"data/x": ""})
    refused = place.seacan("-f", url.format(url=place.url), "config")
    assert refused.status == 1
    assert text in refused.err
    kept = os.listdir(place.cache) if place.cache.exists() else []
    assert not [name for name in kept if name.startswith(".new")]


def test_it_can_be_forbidden(place: Place) -> None:
    place.seacan.env["COMPOSE_EXPERIMENTAL_GIT_REMOTE"] = "false"
    refused = place.seacan("-f", place.url, "config")
    assert 'disabled by "COMPOSE_EXPERIMENTAL_GIT_REMOTE"' in refused.err
    assert not place.cache.exists()


def test_nobody_is_asked_for_a_password(place: Place, tmp_path: Path) -> None:
    with over_http(tmp_path / "served", token="secret") as server:
        url = f"http://127.0.0.1:{server.server_address[1]}/app.git"
        refused = place.seacan("-f", url, "config")
    assert refused.status == 1
    assert "git ls-remote" in refused.err


@pytest.mark.parametrize("words", [("up",), ("up", "-d")], ids="-".join)
def test_up_asks_before_it_gives_variables(place: Place, words: tuple[str, ...]) -> None:
    """Nobody answers; a daemon is not even looked for."""
    asked = place.seacan("-f", place.url, *words)
    assert asked.status == 1
    assert f'Your compose stack "{place.url}" is stored in "{place.cache}' in asked.err
    assert "TAG        1       compose file   no         1" in asked.err
    assert asked.err.endswith("[Y/n]: operation cancelled by user\n")
    sure = place.seacan("-f", place.url, *words, "--yes")
    assert "variables" not in sure.err
    assert "nonexistent" in sure.err
