"""COPY --link and ADD --link: layers that say nothing of what is below, and are put on any base."""

import json
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conformance.docker_cli import Docker, Engine
from tests.conformance.test_build_steps import NO_CACHE, built, files_of, image_id, text_of
from tests.conformance.test_build_survival import Client, build, check, context, kill
from tests.conformance.test_seacan_build import seacan
from tests.daemon import Daemon
from tests.images.archives import member, tar

pytestmark = [pytest.mark.root, pytest.mark.conformance]

QUERY = "networkmode=none"
USED = " ---> Using cache\n"
FILES = (member("d/f", b"of the context\n"), member("d/sub/g", b"g"))


@pytest.fixture(scope="module")
def daemon(engine: Engine) -> Iterator[Daemon]:
    assert engine.daemon is not None
    yield engine.daemon
    engine.daemon.assert_nothing_left()


def based(said: str, *steps: str) -> str:
    """Return a Dockerfile whose steps come after one that says something else each time."""
    base = f"RUN echo {said} > /base; chmod 700 /home; mkdir /real; ln -s real /place"
    return "\n".join(["FROM busybox", base, *steps, ""])


def layers_of(daemon: Daemon, image: str) -> list[str]:
    status, body = daemon.request("GET", f"/images/{image}/json")
    assert status == 200, body
    return [*body["RootFS"]["Layers"]]


def steps_used(printed: str) -> list[bool]:
    """Tell of each step but FROM whether it was found in the cache."""
    return [USED in step for step in re.split(r"^Step \d+/", printed, flags=re.MULTILINE)[2:]]


def test_only_the_base_changes(daemon: Daemon, docker: Docker, tmp_path: Path) -> None:
    """By both command lines: the layers stay the same to the bit, and are on what there is."""
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "f").write_text("of the context\n")
    copied, below = set(), set()
    for number in range(3):
        text = based(f"cli-{number}", "COPY --link d /home/d", "ADD --link d/f /place/")
        (tmp_path / "Dockerfile").write_text(text)
        words = ("build", "--network", "none", "-t", f"linked:{number}", str(tmp_path))
        if number < 2:
            done = seacan(daemon, *words, "--progress", "plain")
            assert (done.status, done.err.count("CACHED")) == (0, 2 * number), done.err
        else:
            assert steps_used(docker.ok(*words)) == [False, True, True]
        layers = layers_of(daemon, f"linked:{number}")
        copied.add(tuple(layers[-2:]))
        below.add(layers[-3])
        script = "cat base /home/d/f /place/f; stat -c %a.%u /home /place; test -L /place; echo $?"
        command = ("run", "--rm", "--network", "none", f"linked:{number}", "sh", "-c", script)
        text = "of the context\n"
        assert docker.ok(*command) == f"cli-{number}\n{text}{text}755.0\n755.0\n1"
    assert (len(copied), len(below)) == (1, 3)
    check(daemon)


def test_what_a_linked_layer_is_made_of(daemon: Daemon) -> None:
    """Content, place and owner are in its key; a config, or a step before it, is not."""
    step = "COPY --link --chown=7 d /w/"
    built(daemon, based("key", step), *FILES)
    for text, files, is_used in (
        (based("key-2", "ENV A=b", "USER 9", 'SHELL ["/bin/false"]', step), FILES, True),
        (based("key-2", step), (member("d/f", b"changed"),), False),
        (based("key-2", step.replace("7", "8")), FILES, False),
        (based("key-2", step.replace("/w/", "/x/")), FILES, False),
        (based("key-2", step.replace("--link ", "")), FILES, False),
        (based("key-2", "WORKDIR /y", step.replace("/w/", "w/")), FILES, False),
    ):
        printed = built(daemon, text, *files, query=QUERY)
        assert steps_used(printed)[-1] is is_used, text
    assert steps_used(built(daemon, based("key-3", step), *FILES))[-1] is False  # nocache=1


def test_only_what_is_copied_is_hidden(daemon: Daemon) -> None:
    """Directories of the base keep what they have, whether files are listed or come as archives."""
    printed = built(
        daemon,
        based(
            "hidden",
            "COPY --link d /etc/",
            "COPY --link d/f /home",
            "COPY --link --from=busybox /bin/busybox /etc/sub/",
            "COPY --link <<here /etc/sub/\nwritten\nhere",
            "RUN cat /etc/passwd /etc/f /home /etc/sub/g /etc/sub/here; ls /etc/sub/busybox",
        ),
        *FILES,
    )
    for text in ("root:x:0:0:", "of the context\nof the context\ng", "written\n/etc/sub/busybox\n"):
        assert text in printed


def test_linked_layers_are_as_their_archives_say(daemon: Daemon) -> None:
    """Squashed, which goes by the archives, an image has the files that containers of it see."""
    text = based("archives", "COPY --link d /home/", "COPY --link d/f /place/f").encode()
    whole, merged = (
        image_id(build(daemon, context(text, *FILES), f"{QUERY}&squash={squash}"))
        for squash in (0, 1)
    )
    files = files_of(daemon, whole)
    assert files == files_of(daemon, merged)
    assert {"home/f", "home/sub/g", "place/f"} <= files.keys()


def test_with_chmod_links_are_followed(daemon: Daemon) -> None:
    text = based("chmod", "COPY --link --chmod=600 d/f /place/", "RUN cat /real/f")
    assert "\nof the context\n" in built(daemon, text, *FILES)


@pytest.mark.parametrize("owner", ["root", "root:0", "0"])
def test_root_has_a_name(daemon: Daemon, owner: str) -> None:
    text = based("owner", f"COPY --link --chown={owner} d /w/", "RUN stat -c o=%u.%g /w/f")
    assert "\no=0.0\n" in built(daemon, text, *FILES)


@pytest.mark.parametrize("owner", ["daemon", "7:daemon", "daemon:7"])
def test_others_have_none(daemon: Daemon, owner: str) -> None:
    text = based("owner", f"COPY --link --chown={owner} d /w/").encode()
    lines = build(daemon, context(text, *FILES), NO_CACHE)
    assert "invalid chown flag with --link: daemon is not a number" in text_of(lines)


def test_no_device_takes_away_what_is_below(daemon: Daemon) -> None:
    """A device 0:0, of an archive that keeps its owners, is how overlayfs notes a removed file."""
    device = tarfile.TarInfo("passwd")
    device.type = tarfile.CHRTYPE
    sent = context(
        based("device", "ADD --link a.tar /etc/").encode(), member("a.tar", tar([(device, b"")]))
    )
    assert "cannot copy passwd: it is a device" in text_of(build(daemon, sent, NO_CACHE))


def test_kill_of_the_daemon(daemon: Daemon) -> None:
    """While layers are made, or put on another base."""
    steps = ["COPY --link d /d", "COPY --link d /home/d", "RUN echo end"]
    files = [member(f"d/{number}", b"x" * number) for number in range(300)]
    for number, query in enumerate((NO_CACHE, QUERY)):
        sent = context(based(f"kill-{number}", *steps).encode(), *files)
        client = Client(daemon, sent, query)
        client.read_until(b"Step 3/")
        kill(daemon, client)
        printed = text_of(build(daemon, sent, QUERY))
        assert "Successfully built" in printed
        sent = context(based(f"again-{number}", *steps).encode(), *files)
        assert steps_used(text_of(build(daemon, sent, QUERY)))[1:3] == [True, True]
        check(daemon)
    status, _, body = daemon.raw("POST", "/build/prune?all=1")
    assert (status, bool(json.loads(body)["CachesDeleted"])) == (200, True)
    check(daemon)
