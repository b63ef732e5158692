"""`seacan compose watch` and `up --watch`: containers follow the files that are edited."""

import re
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pytest
from tests.conformance.composing import Composer, Setting
from tests.conformance.docker_cli import Docker, Engine
from tests.daemon import wait_until
from tests.terminal import Terminal

pytestmark = [pytest.mark.root, pytest.mark.conformance]

_FOREVER = "trap 'exit 0' TERM; echo up; sleep 1000 & wait"
APPLICATION = f"""
services:
  web:
    build:
      dockerfile_inline: |
        FROM busybox
        COPY src /app
        COPY list /list
        USER sailor
        CMD ["sh", "-c", "{_FOREVER}"]
    deploy: {{replicas: 2}}
    stop_grace_period: 5s
    develop:
      watch:
        - {{path: src, action: sync, target: /app, ignore: ["*.md"], initial_sync: true}}
        - {{path: conf, action: sync+restart, target: /conf}}
        - {{path: data, action: sync+exec, target: /data, exec: {{command: touch /tmp/told}}}}
        - {{path: list, action: rebuild}}
        - {{path: signal, action: restart, include: ["*.now"]}}
  quiet: {{image: busybox, command: ["sh", "-c", "{_FOREVER}"]}}
"""


@pytest.fixture
def setting(tmp_path: Path, engine: Engine, docker: Docker) -> Iterator[Setting]:
    for name in ("src", "conf", "data", "signal"):
        (tmp_path / name).mkdir()
    (tmp_path / "src" / "a").write_text("first")
    (tmp_path / "list").write_text("one")
    (tmp_path / ".dockerignore").write_text("src/left-out\n")
    with Setting(tmp_path, engine, docker, APPLICATION) as setting:
        yield setting
        setting.seacan("down", "--rmi", "local", "-t", "0")


class Watching:
    """A watch that runs while a `with` lasts."""

    def __init__(self, setting: Setting, *words: str, composer: Composer | None = None) -> None:
        self._composer = composer or setting.seacan
        self._words = words
        self.lines: list[str] = []

    def __enter__(self) -> Self:
        self.process = self._composer.popen(*self._words)
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        self.wait_for("Watch enabled")
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(120)
        finally:
            self.process.kill()
            self._reader.join()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                self.lines.append(line.rstrip())

    def wait_for(self, line: str) -> None:
        """Wait until a line that matches is printed; those before are not seen again."""

        def find() -> bool:
            is_over = not self._reader.is_alive()
            for at, printed in enumerate(self.lines):
                if re.search(line, printed):
                    del self.lines[: at + 1]
                    return True
            assert not is_over, f"ended without {line}"
            return False

        wait_until(find, f"{line}; {self.lines}")


def inside(setting: Setting, *words: str, number: int = 1) -> str:
    return setting.docker("exec", f"{setting.name}-web-{number}", *words).out.strip()


def wait_for_file(setting: Setting, number: int, path: str, content: str) -> None:
    wait_until(lambda: inside(setting, "cat", path, number=number) == content, path)


def test_each_action(setting: Setting) -> None:
    source = setting.directory / "src"
    with Watching(setting, "watch", "--quiet") as watching:
        # Copied into all containers, as the user that they run as.
        (source / "a").write_text("second")
        (source / "deep").mkdir()
        (source / "deep" / "b").write_text("deep")
        watching.wait_for('Syncing service "web" after')
        for number in (1, 2):
            wait_for_file(setting, number, "/app/a", "second")
            wait_for_file(setting, number, "/app/deep/b", "deep")
        assert inside(setting, "stat", "-c", "%U", "/app/a") == "sailor"
        # What goes here goes there; what is left out is not there at all.
        (source / "a").unlink()
        (source / "c.md").write_text("")
        (source / "left-out").write_text("")
        (source / ".a.swp").write_text("")
        wait_until(lambda: inside(setting, "ls", "/app") == "deep", "a to be gone")

        before = setting.containers()
        (setting.directory / "conf" / "x").write_text("x")
        watching.wait_for(r'service\(s\) \["web"\] restarted')
        assert inside(setting, "cat", "/conf/x") == "x"

        def has_begun_twice() -> bool:
            logged = setting.seacan.ok("logs", "--no-color", "web").splitlines()
            return sum(line.startswith("web-1") for line in logged) == 2

        wait_until(has_begun_twice, "its second line")

        (setting.directory / "data" / "y").write_text("y")
        wait_until(lambda: inside(setting, "ls", "/tmp/told", "/data/y"), "the command")

        (setting.directory / "signal" / "later").write_text("")
        (setting.directory / "signal" / "x.now").write_text("")
        watching.wait_for(r'service\(s\) \["web"\] restarted')
        assert setting.containers() == before

        (setting.directory / "list").write_text("two")
        watching.wait_for(r'Rebuilding service\(s\) \["web"\] after changes were detected')
        for number in (1, 2):
            wait_for_file(setting, number, "/list", "two")
        after = setting.containers()
        assert {name for name in before if before[name] != after[name]} == {"web-1", "web-2"}
        nameless = ("image", "ls", "-q", "--filter", "dangling=true")
        wait_until(lambda: setting.docker.ok(*nameless) == "", "the old image to be removed")
    assert watching.process.returncode == 130
    assert watching.lines[-1].endswith("Watch disabled")
    assert setting.seacan.ok("ps", "--services").split() == ["quiet", "web"]


def test_without_up_it_watches_what_runs(setting: Setting) -> None:
    setting.seacan.ok("up", "-d")
    before = setting.containers()
    (setting.directory / "src" / "a").write_text("before the watch")
    with Watching(setting, "watch", "--no-up", "web"):
        # initial_sync: what was written before it came.
        assert inside(setting, "cat", "/app/a") == "before the watch"
    assert setting.containers() == before


def test_without_rules_nothing_is_begun(setting: Setting) -> None:
    for words in (["watch", "quiet"], ["up", "--watch", "quiet"]):
        refused = setting.seacan(*words)
        assert refused.status == 1
        assert "none of the selected services is configured for watch" in refused.err
        assert setting.containers() == {}


def test_up_goes_on_while_it_replaces(setting: Setting) -> None:
    with Watching(setting, "up", "--watch", "--no-color") as watching:
        (setting.directory / "signal" / "x.now").write_text("")
        watching.wait_for(r"web-1\s+\| up")
        (setting.directory / "list").write_text("two")
        watching.wait_for(r'service\(s\) \["web"\] successfully built')
        watching.wait_for(r"web-\d\s+\| up")
        wait_for_file(setting, 2, "/list", "two")
        (setting.directory / "src" / "a").write_text("after")
        watching.wait_for("Syncing service")
    assert watching.process.returncode == 130
    assert setting.seacan.ok("ps", "-q") == ""


def test_a_build_that_fails_leaves_what_runs(setting: Setting) -> None:
    with Watching(setting, "watch") as watching:
        before = setting.containers()
        (setting.directory / "list").unlink()
        watching.wait_for("Build failed. Error: ")
        assert setting.containers() == before
        (setting.directory / "list").write_text("again")
        watching.wait_for("successfully built")


def test_docker_compose_syncs_into_our_containers(setting: Setting) -> None:
    setting.seacan.ok("up", "-d")
    with Watching(setting, "watch", "--no-up", composer=setting.beside()) as watching:
        (setting.directory / "src" / "a").write_text("second")
        watching.wait_for('Syncing service "web" after')
        for number in (1, 2):
            wait_for_file(setting, number, "/app/a", "second")
        assert inside(setting, "stat", "-c", "%U", "/app/a") == "sailor"


def test_keys_on_a_terminal(setting: Setting) -> None:
    words = setting.seacan.command("--project-directory", str(setting.directory), "up")
    with Terminal(words, setting.seacan.env) as terminal:
        terminal.expect("Enable Watch.*Detach")
        terminal.send("w")
        terminal.expect("Watch enabled")
        terminal.expect("Disable Watch")
        terminal.send("xw")
        terminal.expect("Watch disabled")
        terminal.send("d")
        assert terminal.wait() == 0
    states = setting.seacan.ok("ps", "-a", "--format", "{{.State}}")
    assert states.splitlines() == ["running"] * 3
    with Terminal(words, setting.seacan.env | {"COMPOSE_MENU": "false"}) as terminal:
        terminal.expect("Attaching to")
        terminal.send("\x03")
        assert "Detach" not in terminal.expect(r"Gracefully Stopping[^\0]*web-1  Stopped")[0]
        assert terminal.wait() == 130
