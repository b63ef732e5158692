"""What steps of a build may do, and what hostile ones may not."""

import base64
import hashlib
import http.server
import json
import secrets
import subprocess
import tarfile
import threading
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.conformance.built import come_to
from tests.conformance.docker_cli import Engine
from tests.conformance.test_build_survival import Client, build, context
from tests.daemon import Daemon
from tests.images.archives import member, symlink, tar
from tests.images.busybox import BUSYBOX

pytestmark = [pytest.mark.root, pytest.mark.conformance]

NO_CACHE = "networkmode=none&nocache=1"


@pytest.fixture(scope="module")
def daemon(engine: Engine) -> Iterator[Daemon]:
    assert engine.daemon is not None
    yield engine.daemon
    engine.daemon.assert_nothing_left()


def text_of(lines: list[dict[str, Any]]) -> str:
    """Return what was printed, and the error at the end if there was one."""
    return "".join(line.get("stream", line.get("error", "")) for line in lines)


def built(daemon: Daemon, dockerfile: str, *members: Any, query: str = NO_CACHE) -> str:
    """Build what must succeed; return what was printed."""
    lines = build(daemon, context(dockerfile.encode(), *members), query)
    assert "error" not in lines[-1], lines[-1]
    return text_of(lines)


def without_steps(printed: str) -> str:
    """Return what the commands printed."""
    lines = printed.splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(("Step ", " ---> ")))


def image_id(lines: list[dict[str, Any]]) -> str:
    return str(next(line["aux"]["ID"] for line in lines if "aux" in line))


def files_of(daemon: Daemon, image: str) -> dict[str, str]:
    status, _, archive = daemon.raw("GET", f"/images/{image}/get")
    assert status == 200
    files: dict[str, str] = come_to(archive)["files"]
    return files


def test_mounts_of_run(daemon: Daemon) -> None:
    printed = built(
        daemon,
        "FROM busybox AS other\nRUN mkdir /o && echo of-stage > /o/f\n"
        "FROM busybox\nWORKDIR /w\n"
        "RUN --mount=type=bind,source=d,target=/ctx --mount=type=bind,source=d/f,target=/file "
        "--mount=type=bind,from=other,source=/o,target=rel "
        "--mount=type=bind,from=other,source=/o/f,target=/of "
        "--mount=type=tmpfs,target=/t cat /ctx/f /file rel/f /of && touch /t/x && "
        "! touch /ctx/no 2>/dev/null && ! touch rel/no 2>/dev/null\n"
        "RUN --mount=type=bind,source=d,target=/ctx,rw echo more > /ctx/more && cat /ctx/more\n"
        "RUN echo left: $(ls -d /ctx /file /of /t /w/rel 2>/dev/null) && ls -A /w | wc -l\n",
        member("d/f", b"of-context\n"),
    )
    assert "of-context\nof-context\nof-stage\nof-stage\n" in printed
    assert "more\n" in printed
    assert "left:\n" in printed  # no mount point stays
    assert "\n0\n ---> Removed" in printed.replace("left:", "")


def test_mounts_at_the_working_directory(daemon: Daemon) -> None:
    printed = built(
        daemon,
        "FROM busybox\nWORKDIR /w\n"
        "RUN --mount=type=bind,target=. cat d/f && ! touch no 2>/dev/null\n"
        "RUN --mount=source=d cat f\n"
        "RUN --mount=type=bind,target=.,rw --mount=type=cache,target=kept touch x kept/y && ls\n"
        "RUN echo left: $(ls)\n",
        member("d/f", b"of-context\n"),
    )
    assert "of-context\nof-context\n" in without_steps(printed)
    assert "\nd\nkept\nx\n" in printed
    assert "left:\n" in printed


def test_a_stage_that_is_written_to(daemon: Daemon) -> None:
    printed = built(
        daemon,
        "FROM busybox AS other\nRUN mkdir -m 700 /o && echo of-stage > /o/f && chown -R 7:8 /o\n"
        "FROM busybox\n"
        "RUN --mount=from=other,source=/o,target=/m,rw echo more >> /m/f && cat /m/f "
        "&& stat -c '%u:%g %a' /m\n"
        "RUN --mount=from=other,target=/m,rw rm -r /m/bin && cat /m/o/f\n"
        "RUN --mount=from=other,source=/o/f,target=/f cat /f\n",
    )
    said = without_steps(printed)
    assert "of-stage\nmore\n7:8 700\nof-stage\nof-stage\n" in said


def test_a_cache_that_is_read_only(daemon: Daemon) -> None:
    printed = built(
        daemon,
        "FROM busybox\nRUN --mount=type=cache,id=ro,target=/c echo kept > /c/f\n"
        "RUN --mount=type=cache,id=ro,target=/c,ro cat /c/f && ! touch /c/no 2>/dev/null\n",
    )
    assert "\nkept\n" in printed


def test_a_name_that_overlayfs_reads_as_two(daemon: Daemon) -> None:
    text = (
        "FROM busybox AS s\nRUN mkdir -p /x /x:/etc && echo 1 > /x:/etc/one\n"
        "RUN echo 2 > /x:/etc/two && touch /x/f\n"
        "FROM busybox\nRUN --mount=from=s,source=/x:/etc,target=/m ls /m\n"
    )
    end = build(daemon, context(text.encode()), NO_CACHE)[-1]
    assert "a character that cannot be mounted" in end["error"]


def test_caches_are_kept_and_shared(daemon: Daemon) -> None:
    text = (
        "FROM busybox\nRUN --mount=type=cache,id=kept,target=/c echo $((`cat /c/n` + 1)) > /c/n; "
        "echo n=`cat /c/n`\nRUN ls -d /c 2>&1 | true; test ! -e /c\n"
    )
    assert "n=1\n" in built(daemon, text)
    assert "n=2\n" in built(daemon, text)
    assert "n=2\n" not in built(daemon, text, query="networkmode=none")  # found in the cache


def test_a_cache_begins_as_something(daemon: Daemon) -> None:
    text = (
        "FROM busybox AS start\nRUN mkdir -p /s/d && echo stage > /s/d/f && chown -R 7:8 /s/d\n"
        "FROM busybox\n"
        "RUN --mount=type=cache,id=begun,from=start,source=/s,target=/c echo `cat /c/d/f` "
        "`stat -c %u /c/d`; echo more >> /c/d/f\n"
        "RUN --mount=type=cache,id=begun,from=context,source=d,target=/c,uid=9 "
        "echo `cat /c/x` `stat -c %u /c`; echo more >> /c/x; ls /c\n"
    )
    members = (member("named/d/x", b"context\n"), member("named/d/y", b""))
    contexts = json.dumps({"context": "sent://named"})
    query = f"networkmode=none&contexts={urllib.parse.quote(contexts)}"
    printed = built(daemon, text, *members, query=query)
    assert "\nstage 7\n" in printed
    assert "\ncontext 9\nx\ny\n" in printed
    text = text.replace("echo `cat", "echo  `cat")  # other commands, with the same caches
    again = built(daemon, text, *members, query=query)
    assert "\nstage more 7\n" in again
    assert "\ncontext more 9\nx\ny\n" in again
    changed = built(daemon, text.replace("echo stage", "echo other"), *members, query=query)
    assert "\nother 7\n" in changed


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("from=busybox,source=/none", "from=busybox has no directory /none"),
        ("from=busybox,source=/bin/busybox", "from=busybox has no directory /bin/busybox"),
        ("source=/x", "source=/x needs a from="),
    ],
)
def test_a_cache_that_cannot_begin(daemon: Daemon, options: str, said: str) -> None:
    text = f"FROM busybox\nRUN --mount=type=cache,target=/c,id=none,{options} true\n"
    assert said in build(daemon, context(text.encode()), NO_CACHE)[-1]["error"]


def test_a_context_is_a_base(daemon: Daemon) -> None:
    text = "FROM rootfs AS base\nENV A=b\nRUN echo $A `cat /d/f` `stat -c %u /d`\nFROM base\n"
    root = [member("root/bin/busybox", BUSYBOX.read_bytes(), mode=0o755)]
    root += [symlink(f"root/bin/{name}", "busybox") for name in ("sh", "cat", "stat")]
    contexts = json.dumps({"rootfs": "sent://root"})
    query = f"networkmode=none&contexts={urllib.parse.quote(contexts)}"
    members = [*root, member("root/d/f", b"content", mode=0o644)]
    assert "\nb content 0\n" in built(daemon, text, *members, query=query)
    assert " ---> Using cache\n" in built(daemon, text, *members, query=query)


def test_here_documents(daemon: Daemon) -> None:
    printed = built(
        daemon,
        "FROM busybox\nARG A=1\nRUN <<EOF\necho a=$A\necho second\nEOF\n"
        "RUN <<EOF\n#!/bin/sh -e\necho script $0\nEOF\n"
        "COPY <<one <<'two' /docs/\nis $A\none\nis $A\ntwo\nRUN cat /docs/one /docs/two\n",
    )
    assert "a=1\nsecond\n" in printed
    assert "script /dev/pipes/EOF\n" in printed
    assert "is 1\nis $A\n" in printed


def test_modes_parents_and_excludes(daemon: Daemon) -> None:
    printed = built(
        daemon,
        "FROM busybox\nCOPY --chmod=4711 d/f /a\nCOPY --chmod=go=,u+x --chown=7 d /b/\n"
        "COPY --parents d/sub/g /c/\nCOPY --exclude=*.skip --exclude=sub d /e/\n"
        "RUN stat -c '%n %a %u' /a /b/f /b/sub; find /c /e -type f | sort | tr '\\n' ' '\n",
        member("d/f", b"", mode=0o644),
        member("d/x.skip", b""),
        member("d/sub/g", b"", mode=0o644),
    )
    assert "/a 4711 0\n" in printed
    assert "/b/f 700 7\n" in printed
    assert "/c/d/sub/g /e/f " in printed


def test_stages_are_built_side_by_side_and_told_in_order(daemon: Daemon) -> None:
    """Each of two stages waits for the other: one after the other they would not end."""
    wait = "for i in $(seq 300); do [ -e /m/{other} ] && break; sleep 0.1; done; [ -e /m/{other} ]"
    lines = [
        f"FROM busybox AS {own}\n"
        f"RUN --mount=type=cache,id=meet,target=/m touch /m/{own} && {wait.format(other=other)} "
        f"&& echo met-{other} && touch /{own}\n"
        for own, other in (("a", "b"), ("b", "a"))
    ]
    text = "".join(lines) + "FROM busybox\nCOPY --from=a /a /\nCOPY --from=b /b /\n"
    printed = built(daemon, text)
    assert printed.index("met-b\n") < printed.index("Step 3/") < printed.index("met-a\n")


def test_what_stages_have_in_common_is_done_once(daemon: Daemon) -> None:
    """Also if the cache is not to be used; but a stage that says it twice has it done twice."""
    work = "RUN cat /proc/sys/kernel/random/uuid > /id"
    text = (
        f"FROM busybox AS a\n{work}\nRUN echo ran\nRUN echo ran\nFROM busybox AS b\n{work}\n"
        "FROM busybox\nCOPY --from=a /id /a\nCOPY --from=b /id /b\nRUN cmp /a /b && echo same\n"
    )
    for _ in range(2):
        printed = built(daemon, text, query=NO_CACHE)
        assert printed.count("\nran\n") == 2
        assert "\nsame\n" in printed
        assert printed.count(" ---> Using cache\n") == 1


def test_what_is_wanted_twice_at_once_is_done_once(daemon: Daemon) -> None:
    text = b"FROM busybox\nRUN sleep 0.3; head -c 8 /dev/urandom > /random\n"
    ids: list[str] = []
    threads = [
        threading.Thread(
            target=lambda: ids.append(
                image_id(build(daemon, context(text), "networkmode=none&labels={}"))
            )
        )
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids) == 3
    assert len(set(ids)) == 1


def test_equal_inputs_make_equal_bits(daemon: Daemon) -> None:
    text = (
        b"FROM scratch\nCOPY --from=busybox / /\nENV A=b\nCOPY d /d\nWORKDIR /new\n"
        b"RUN mkdir -p /m/n && echo x > /m/n/f && ln -s f /m/n/l && rm -r /var\n"
    )
    query = f"{NO_CACHE}&buildargs=%7B%22SOURCE_DATE_EPOCH%22%3A%221700000000%22%7D"
    ids = {
        image_id(build(daemon, context(text, member("d/f", b"x", mtime=mtime)), query))
        for mtime in (1_800_000_000, 1_900_000_000)
    }
    assert len(ids) == 1
    status, image = daemon.request("GET", f"/images/{ids.pop()}/json")
    assert (status, image["Created"]) == (200, "2023-11-14T22:13:20Z")


def test_squash_leaves_one_layer_of_what_there_is_in_the_end(daemon: Daemon) -> None:
    text = (
        b"FROM busybox\nRUN mkdir /d && echo 1 > /d/one && echo 2 > /two && ln /two /hard\n"
        b"RUN rm -r /d /usr && mkdir /d && echo 3 > /d/three && rm /etc/group && chmod 700 /home\n"
        b"ENV A=b\n"
    )
    whole, merged = (
        image_id(build(daemon, context(text), f"networkmode=none&squash={squash}"))
        for squash in (0, 1)
    )
    assert files_of(daemon, merged) == files_of(daemon, whole)
    _, image = daemon.request("GET", f"/images/{merged}/json")
    assert len(image["RootFS"]["Layers"]) == 2
    assert "A=b" in image["Config"]["Env"]
    _, history = daemon.request("GET", f"/images/{merged}/history")
    assert history[0]["Comment"].startswith(f"merge {whole} to sha256:")


def test_triggers_of_a_base(daemon: Daemon) -> None:
    built(daemon, "FROM busybox\nONBUILD COPY f /f\nONBUILD RUN cat /f\n", query=f"{NO_CACHE}&t=ob")
    printed = built(daemon, "FROM ob\nRUN echo own\n", member("f", b"of the user\n"))
    assert "# Executing 2 build triggers\n" in printed
    assert "of the user\n" in printed
    assert "own\n" in printed
    daemon.request("DELETE", "/images/ob?force=1")


def test_the_cache_of_an_image(daemon: Daemon) -> None:
    text = "FROM busybox\nENV A=b\nRUN touch one\nRUN touch two\n"
    built(daemon, text, query="networkmode=none&t=source")
    used = "---> Using cache"
    assert built(daemon, text, query='networkmode=none&cachefrom=["source"]').count(used) == 3
    assert used not in built(daemon, text, query='networkmode=none&cachefrom=["nope"]')
    daemon.request("DELETE", "/images/source?force=1")


def test_a_filtered_cache(daemon: Daemon) -> None:
    text = "FROM busybox AS a\nRUN touch one\nFROM a AS b\nRUN touch two\n"
    built(daemon, text)
    printed = built(daemon, text, query="networkmode=none&nocachefilter=b")
    assert printed.count("---> Using cache") == 1


class Files(http.server.BaseHTTPRequestHandler):
    """/file, /archive.tar, contexts, and /to-unix, which leads to the daemon."""

    content = b"downloaded\n"

    def do_GET(self) -> None:
        archive = tar([member("in/f", self.content)])
        if self.path == "/context.tar":
            dockerfile = b"FROM busybox\nCOPY f /f\nRUN cat /f\n"
            archive = tar([member("Dockerfile", dockerfile), member("f", b"/f\n")])
        self.send_response(302 if self.path == "/to-unix" else 200)
        if self.path == "/to-unix":
            self.send_header("Location", "unix:///run/seacan.sock")
        self.send_header("Last-Modified", "Tue, 14 Nov 2023 22:13:20 GMT")
        self.end_headers()
        if self.path == "/Dockerfile":
            self.wfile.write(b"FROM busybox\nRUN echo alone\n")
        else:
            self.wfile.write(archive if self.path.endswith(".tar") else self.content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Files) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_downloads(daemon: Daemon, url: str) -> None:
    digest = hashlib.sha256(Files.content).hexdigest()
    printed = built(
        daemon,
        f"FROM busybox\nADD {url}/file /one\nADD {url}/archive.tar /two/\n"
        f"ADD --checksum=sha256:{digest} {url}/file /three/\n"
        f"ADD --unpack=true {url}/archive.tar /four/\n"
        "RUN stat -c '%n %a %Y' /one /two/archive.tar && cat /three/file /four/in/f\n",
    )
    assert "/one 600 1700000000\n" in printed
    assert "/two/archive.tar 600 1700000000\n" in printed
    assert "downloaded\ndownloaded\n" in printed
    led = build(daemon, context(f"FROM busybox\nADD {url}/to-unix /x\n".encode()))
    assert led[-1]["error"].startswith(f'ADD failed: Get "{url}/to-unix": ')
    lines = build(
        daemon, context(f"FROM busybox\nADD --checksum=sha256:{'0' * 64} {url}/file /\n".encode())
    )
    assert "digest mismatch" in lines[-1]["error"]


def test_contexts_at_urls(daemon: Daemon, url: str) -> None:
    """An archive, and a Dockerfile alone."""
    for name, step in (("context.tar", "RUN cat /f\n"), ("Dockerfile", "RUN echo alone\n")):
        query = f"{NO_CACHE}&remote={url}/{name}"
        lines = build(daemon, b"", query)
        assert "error" not in lines[-1], lines[-1]
        assert step.split()[-1] in text_of(lines)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("ftp://x/", "remoteURL (ftp://x/) could not be recognized as URL"),
        ("unix:///run/seacan.sock", "could not be recognized as URL"),
        ("file:///etc/passwd", "could not be recognized as URL"),
        ("ext::sh%20-c%20id", "could not be recognized as URL"),
        ("git://127.0.0.1:1/x", "git ls-remote: fatal: unable to connect to 127.0.0.1"),
        ("https://127.0.0.1:1/x.git", "unable to access 'https://127.0.0.1:1/x.git/'"),
        (
            "http://127.0.0.1:1/x",
            "dial tcp 127.0.0.1:1: connect: connection refused",
        ),
    ],
)
def test_urls_that_are_refused(daemon: Daemon, url: str, said: str) -> None:
    status, _, body = daemon.raw("POST", f"/build?remote={url}", b"")
    assert (status >= 400, said in body.decode()) == (True, True), body


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("COPY out /x", "file not found in build context"),
        ("COPY out-dir/passwd /x", "file not found in build context"),
        ("COPY dev /x", "it is no file, directory or link"),
        ("COPY pipe /x", "it is no file, directory or link"),
        ("ADD evil.tar /x/", "is outside of the root"),
        ("ADD unix:///run/seacan.sock /x", "file not found in build context"),
        ("ADD file:///etc/passwd /x", "file not found in build context"),
        ("ADD ext::sh%20-c%20id /x", "file not found in build context"),
        ("ADD ssh://-oProxyCommand=id/b.git /x", "invalid URL of a repository"),
        ("RUN --security=insecure true", "security.insecure is not allowed"),
        ("RUN --network=host true", "network.host is not allowed"),
        ("RUN --mount=type=secret,id=nope,required=true true", "secret nope: not found"),
        ("RUN --mount=type=ssh,required true", "no ssh agent 'default' was forwarded"),
    ],
)
def test_hostile_steps(daemon: Daemon, text: str, said: str) -> None:
    sent = context(
        f"FROM busybox\n{text}\n".encode(),
        member("f", b"x"),
        symlink("out", "../../../../../etc/passwd"),
        symlink("out-dir", "/etc"),
        member("dev", type=tarfile.CHRTYPE, devmajor=1, devminor=1),
        member("pipe", type=tarfile.FIFOTYPE),
        member("evil.tar", tar([member("../../evil", b"x")])),
    )
    lines = build(daemon, sent)
    assert said in text_of(lines), lines
    assert not Path("/evil").exists()


def test_links_of_a_stage_stay_within_it(daemon: Daemon) -> None:
    """What another stage made of its root leads COPY nowhere outside of roots."""
    printed = built(
        daemon,
        "FROM busybox AS evil\nRUN ln -s /etc /dir && ln -s ../../../../../../../etc/passwd /up && "
        "ln -s / /root-link && echo in-stage > /etc/seen\n"
        "FROM busybox\nCOPY --from=evil /dir/seen /up /root-link/etc/seen /got/\n"
        "RUN ln -s /../../../../tmp /way && cat /got/seen && head -1 /got/up\n"
        "COPY f /way/put\nRUN cat /tmp/put\n",
        member("f", b"in-root\n"),
    )
    assert "in-stage\nroot:x:0:0:root:/root:/bin/sh\n" in printed
    assert "in-root\n" in printed
    assert not Path("/tmp/put").exists()


def test_much_output_and_a_client_that_does_not_read(daemon: Daemon) -> None:
    """Output is handed on as it comes; what nobody takes does not pile up in the daemon."""
    text = b"FROM busybox\nRUN yes | head -c 20000000\n"
    client = Client(daemon, context(text), NO_CACHE)
    client.read_until(b"Running in")
    before = resident_kib(daemon)
    threading.Event().wait(1)
    assert resident_kib(daemon) - before < 10_000
    assert client.read().count(b"y") > 9_000_000
    client.close()


def resident_kib(daemon: Daemon) -> int:
    status = Path(f"/proc/{daemon.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


def test_secrets_reach_the_command_and_nothing_else(daemon: Daemon) -> None:
    secret = f"hidden-{secrets.token_hex(8)}"
    encoded = base64.b64encode(secret.encode()).decode()
    header = base64.urlsafe_b64encode(json.dumps({"token": encoded}).encode()).decode()
    text = (
        "FROM busybox\n"
        "RUN --mount=type=secret,id=token --mount=type=secret,id=token,target=/t,mode=0444,uid=7 "
        "--mount=type=secret,id=token,env=TOKEN "
        "cat /run/secrets/token | md5sum && echo $TOKEN | wc -c && stat -c '%a %u' /t && "
        "! sh -c 'echo x > /t' 2>/dev/null\n"
        "RUN ls -d /run/secrets /t 2>/dev/null; test ! -e /run/secrets\n"
    )
    client = Client(daemon, context(text.encode()), f"{NO_CACHE}&t=secretive", header)
    answer = client.read()
    client.close()
    assert b"Successfully built" in answer, answer
    assert hashlib.md5(secret.encode()).hexdigest().encode() in answer
    assert b"444 7" in answer
    found = subprocess.run(
        [
            "grep",
            "-rlaF",
            "-e",
            secret,
            "-e",
            encoded,
            str(daemon.data_root),
            str(daemon.exec_root),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.stdout == ""
    daemon.request("DELETE", "/images/secretive?force=1")
