"""docker events: what is told of what is done, in which order, to whom."""

import contextlib
import io
import json
import select
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker as sdk
import pytest
from tests.conformance.docker_cli import Docker, Engine
from tests.daemon import wait_until
from tests.images.busybox import busybox_archive

pytestmark = [
    pytest.mark.root,
    pytest.mark.conformance,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.usefixtures("garbage_of_docker_py"),
]

RUN = ("--network", "none")
DETACH = b"\x10\x11"  # ctrl-P ctrl-Q


class Recorder:
    """What the engine tells of one container, image or network of it since this was made."""

    def __init__(self, docker: Docker) -> None:
        self._docker = docker
        self.since = _now()

    def events(self, *filters: str) -> list[dict[str, Any]]:
        words = [word for value in filters for word in ("--filter", value)]
        return _parse(
            self._docker.ok(
                "events", "--since", self.since, "--until", _now(), "--format", "json", *words
            )
        )

    def of_container(self, name: str) -> list[tuple[str, dict[str, str]]]:
        """Return actions and attributes, without the labels and the name of all of them.

        Of a network, those that say that the container joined or left it.
        """
        found = self.events()
        ids = {e["Actor"]["ID"] for e in found if e["Actor"]["Attributes"].get("name") == name}
        told: list[tuple[str, dict[str, str]]] = []
        for event in found:
            attributes = event["Actor"]["Attributes"]
            if event["Type"] == "network" and attributes.get("container") in ids:
                assert (attributes["name"], attributes["type"]) == ("none", "null")
                told.append((f"network {event['Action']}", {}))
            elif event["Actor"]["ID"] in ids:
                assert event["status"] == event["Action"]
                assert event["id"] == event["Actor"]["ID"]
                assert attributes.pop("image") == event["from"] == "busybox"
                assert attributes.pop("name") == name
                assert attributes.pop("seacan.test") == self._docker.name
                told.append((event["Action"], attributes))
        return told

    def of_image(self, image_id: str) -> list[tuple[str, str]]:
        return [
            (event["Action"], event["Actor"]["Attributes"]["name"])
            for event in self.events("type=image")
            if event["Actor"]["ID"] == image_id
        ]


def _now() -> str:
    return f"{time.time():.9f}"


def _parse(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def recorder(docker: Docker) -> Recorder:
    return Recorder(docker)


def _actions(told: list[tuple[str, dict[str, str]]]) -> list[str]:
    return [action for action, _ in told]


def test_run_rm(docker: Docker, recorder: Recorder) -> None:
    docker("run", "--rm", *RUN, "--name", docker.name, "busybox", "sh", "-c", "exit 3")
    told = recorder.of_container(docker.name)
    died = dict(told)["die"]
    assert int(died.pop("execDuration")) < 60  # whole seconds
    assert told == [
        ("create", {}),
        ("attach", {}),
        ("network connect", {}),
        ("start", {}),
        ("network disconnect", {}),
        ("die", {"exitCode": "3"}),
        ("destroy", {}),
    ]


def test_stop_restart_kill_remove(docker: Docker, recorder: Recorder) -> None:
    name = docker.name
    docker.ok("run", "-d", *RUN, "--name", name, "busybox", "sleep", "100")
    docker.ok("kill", "-s", "WINCH", name)
    docker.ok("restart", "-t", "0", name)
    docker.ok("stop", "-t", "0", name)
    docker.ok("start", name)
    docker.ok("kill", name)
    docker.ok("wait", name)
    docker.ok("start", name)
    docker.ok("rm", "-f", name)
    told = recorder.of_container(name)
    signals = [attributes["signal"] for action, attributes in told if action == "kill"]
    assert signals == ["28", "15", "9", "15", "9", "9", "9"]
    start = ["network connect", "start"]
    end = ["kill", "network disconnect"]
    # dockerd tells of die and stop in no certain order: here they are sorted.
    assert _sorted_ends(_actions(told)) == [
        *["create", *start, "kill"],
        *["kill", *end, "die", "stop", *start, "restart"],
        *["kill", *end, "die", "stop"],
        *[*start, *end, "die"],
        *[*start, *end, "die", "destroy"],
    ]


def _sorted_ends(actions: list[str]) -> list[str]:
    return ",".join(actions).replace("stop,die", "die,stop").split(",") if actions else []


def test_a_start_that_fails(docker: Docker, recorder: Recorder) -> None:
    docker.ok("create", *RUN, "--name", docker.name, "busybox", "nosuchcommand")
    assert docker("start", docker.name).status == 1
    docker.ok("rm", docker.name)
    told = recorder.of_container(docker.name)
    assert _actions(told) == ["create", "network disconnect", "destroy"]


def test_exec(docker: Docker, recorder: Recorder) -> None:
    docker.ok("run", "-d", *RUN, "--name", docker.name, "busybox", "sleep", "100")
    docker("exec", docker.name, "sh", "-c", "exit 4")
    docker.ok("exec", "-d", docker.name, "true")
    wait_until(lambda: len(recorder.events("event=exec_die")) == 2, "the end of two execs")
    assert docker("exec", docker.name, "nosuchcommand").status == 127
    told = recorder.of_container(docker.name)[3:]
    assert _actions(told) == [
        *["exec_create: sh -c exit 4", "exec_start: sh -c exit 4", "exec_die"],
        *["exec_create: true ", "exec_start: true ", "exec_die"],
        *["exec_create: nosuchcommand ", "exec_start: nosuchcommand "],
    ]
    ids = [attributes["execID"] for _, attributes in told]
    assert len({*ids[:3]}) == len({*ids[3:6]}) == 1
    assert told[2][1] == {"execID": ids[0], "exitCode": "4"}
    assert told[5][1] == {"execID": ids[3], "exitCode": "0"}


def test_resize(engine: Engine, docker: Docker, recorder: Recorder) -> None:
    docker.ok("run", "-dt", *RUN, "--name", docker.name, "busybox", "sh")
    with contextlib.closing(sdk.APIClient(base_url=engine.host)) as client:
        client.resize(docker.name, height=50, width=132)
    (resize,) = recorder.events("event=resize", f"container={docker.name}")
    attributes = resize["Actor"]["Attributes"]
    assert (attributes["height"], attributes["width"]) == ("50", "132")


def test_detach(engine: Engine, docker: Docker, recorder: Recorder) -> None:
    """By keys that the engine sees: the docker CLI keeps them to itself."""
    docker.ok("run", "-dit", *RUN, "--name", docker.name, "busybox", "sh")
    with contextlib.closing(sdk.APIClient(base_url=engine.host)) as client:
        exec_id = client.exec_create(docker.name, ["sh"], stdin=True, tty=True)["Id"]
        _detach(client.attach_socket(docker.name, params={"stdin": 1, "stdout": 1, "stream": 1}))
        _detach(client.exec_start(exec_id, tty=True, socket=True))

    def told() -> list[tuple[str, str | None]]:
        told = recorder.of_container(docker.name)
        return [(action, a.get("execID")) for action, a in told if "detach" in action]

    wait_until(lambda: ("detach", None) in told(), "the event")
    if engine.daemon is not None:  # dockerd 28 has a word for it, and does not say it
        wait_until(lambda: told() == [("detach", None), ("exec_detach", exec_id)], "the other")


def _detach(stream: Any) -> None:
    stream._sock.sendall(DETACH)
    while stream._sock.recv(1000):
        pass
    stream._sock.close()
    stream.close()


def test_out_of_memory(docker: Docker, recorder: Recorder) -> None:
    script = "x=a; while true; do x=$x$x; done"
    command = (
        "run",
        "--rm",
        *RUN,
        "--name",
        docker.name,
        "-m",
        "8m",
        "busybox",
        "sh",
        "-c",
        script,
    )
    assert docker(*command).status == 137
    actions = _actions(recorder.of_container(docker.name))
    assert actions[-4:] == ["oom", "network disconnect", "die", "destroy"]


def test_images(docker: Docker, recorder: Recorder) -> None:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        tar.addfile(tarfile.TarInfo(docker.name))  # else it would be an image that is known
    labels = ("-c", "LABEL tier=db")
    name = f"{docker.name}:1"
    image = docker.ok("import", *labels, "-", name, stdin=archive.getvalue())
    docker.ok("tag", name, f"{docker.name}:2")
    docker.ok("rmi", f"{docker.name}:2")
    docker.ok("rmi", name)
    assert recorder.of_image(image) == [
        ("tag", name),
        ("import", image),
        ("tag", f"{docker.name}:2"),
        ("untag", image),
        ("untag", image),
        ("delete", image),
    ]
    with_labels = recorder.events("type=image", "label=tier=db")
    assert [e["Action"] for e in with_labels] == ["tag", "import", "tag", "untag", "untag"]
    assert all("from" not in event and event["id"] == image for event in with_labels)


def test_load(docker: Docker, recorder: Recorder, tmp_path: Path) -> None:
    archive = busybox_archive(tmp_path / "busybox.tar", f"{docker.name}:loaded")
    docker.ok("load", "-i", str(archive))
    image = docker.inspect(f"{docker.name}:loaded", "{{.Id}}")
    docker.ok("rmi", f"{docker.name}:loaded")
    assert recorder.of_image(image)[:2] == [("load", image), ("untag", image)]


@pytest.mark.parametrize(
    ("filters", "actions"),
    [
        (("container={name}",), ["create", "start", "kill", "die", "stop", "destroy"]),
        (("container={name}", "event=start"), ["start"]),
        (("container={name}", "event=start", "event=stop"), ["start", "stop"]),
        (("container={name}", "type=network"), []),
        (("label=seacan.test={name}", "event=die"), ["die"]),
        (("label=seacan.test={name}", "image=busybox", "event=die"), ["die"]),
        (("label=seacan.test={name}", "image=nosuch"), []),
        (("label=seacan.test={name}", "scope=swarm"), []),
        (("label=seacan.test={name}", "label=nosuch"), []),
    ],
)
def test_filters(
    docker: Docker, recorder: Recorder, filters: tuple[str, ...], actions: list[str]
) -> None:
    name = docker.name
    docker.ok("run", "-d", *RUN, "--init", "--name", name, "busybox", "sleep", "100")
    docker.wait_for_command(name, "sleep")
    docker.ok("stop", name)
    docker.ok("rm", name)
    found = recorder.events(*(text.format(name=name) for text in filters))
    assert _sorted_ends([event["Action"] for event in found]) == actions


def test_times_increase(docker: Docker, recorder: Recorder) -> None:
    for _ in range(3):
        docker.ok("run", "--rm", *RUN, "busybox", "true")
    found = recorder.events(f"label=seacan.test={docker.name}")
    times = [event["timeNano"] for event in found]
    assert len(times) == 3 * 5
    assert times == sorted({*times})
    assert all(event["time"] == event["timeNano"] // 10**9 for event in found)


def test_follow_until_a_time(docker: Docker) -> None:
    label = f"label=seacan.test={docker.name}"
    out = ""
    for patience_s in (5, 20, 80):  # on a busy machine it may listen only when it is time to end
        until = time.time() + patience_s
        listening = docker.popen(
            "events", "--until", f"{until:.3f}", "--filter", label, "--format", "{{.Action}}"
        )
        assert listening.stdout is not None
        while not select.select([listening.stdout], [], [], 0)[0]:
            docker.ok("create", *RUN, "busybox", "true")
        out, _ = listening.communicate(timeout=180)
        assert listening.returncode == 0
        assert until - 0.5 < time.time()
        if out:
            break
    assert {*out.split()} == {"create"}


@pytest.mark.parametrize("words", [[], ["--format", "json"], ["--filter", "type=container"]])
def test_seacan_says_it_as_docker_does(
    docker: Docker, recorder: Recorder, words: list[str]
) -> None:
    docker.ok("run", "--rm", *RUN, "busybox", "true")
    span = ["events", "--since", recorder.since, "--until", _now(), *words]
    command = [sys.executable, "-m", "seacan.cli.main", *span]
    ours = subprocess.run(command, env=docker.env, capture_output=True, check=True, timeout=60)
    assert ours.stdout.decode().strip() == docker.ok(*span)
    assert b"destroy" in ours.stdout


def test_docker_py(engine: Engine, docker: Docker) -> None:
    told: list[dict[str, Any]] = []
    with contextlib.closing(sdk.DockerClient(base_url=engine.host)) as client:
        stream = client.events(decode=True, filters={"label": f"seacan.test={docker.name}"})
        reader = threading.Thread(target=lambda: told.extend(_until_closed(stream)))
        reader.start()
        docker.ok("run", "--rm", *RUN, "busybox", "true")
        wait_until(lambda: [e["Action"] for e in told][-1:] == ["destroy"], "the last event")
        stream.close()
        reader.join()
    assert [e["Action"] for e in told] == ["create", "attach", "start", "die", "destroy"]
    assert all(event["status"] == event["Action"] for event in told)


def _until_closed(stream: Any) -> Iterator[dict[str, Any]]:
    yield from stream
