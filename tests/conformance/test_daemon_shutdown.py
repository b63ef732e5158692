"""A daemon that is to leave no container running, and the next one on its roots."""

import json
import os
import signal
from pathlib import Path

import pytest
from tests.daemon import running_daemon, wait_until

pytestmark = [pytest.mark.root, pytest.mark.conformance]

OBEDIENT = "trap 'echo told to end; exit 3' TERM; echo ready; sleep 1000 & wait"


def test_its_containers_end_with_it_and_by_policy_begin_with_the_next(
    busybox_tar: Path, tmp_path: Path
) -> None:
    path = tmp_path / "daemon.json"
    path.write_text(json.dumps({"live-restore": True}))
    with running_daemon("--config-file", str(path)) as daemon:
        daemon.load(busybox_tar)
        always = {"Name": "always"}
        obedient = daemon.run(OBEDIENT, RestartPolicy=always)
        backing_off = daemon.run("exit 1", RestartPolicy=always)
        removed = daemon.run(OBEDIENT, AutoRemove=True)
        status, answer = daemon.request("POST", "/containers/create", {
            "Image": "busybox", "Cmd": ["sleep", "1000"], "StopTimeout": 0,
            "HostConfig": {"NetworkMode": "none"},
        })  # fmt: skip
        assert status == 201, answer
        deaf = answer["Id"]
        assert daemon.request("POST", f"/containers/{deaf}/start")[0] == 204
        daemon.request("POST", f"/containers/{deaf}/pause")
        path_of_log = f"/containers/{obedient}/logs?stdout=1"
        wait_until(lambda: b"ready" in daemon.request("GET", path_of_log)[1], "its trap to be set")

        path.write_text(json.dumps({"live-restore": False, "shutdown-timeout": 30}))
        os.kill(daemon.pid, signal.SIGHUP)
        wait_until(
            lambda: daemon.request("GET", "/info")[1]["LiveRestoreEnabled"] is False, "the new keys"
        )
        daemon.stop()
        wait_until(lambda: not daemon.engine_processes(), "launcher and shims to end")

        daemon.start()
        wait_until(lambda: daemon.state(obedient)["Running"], "the policy to be followed")
        assert b"told to end" in daemon.request("GET", path_of_log)[1]
        # While it is tried again, it has none.
        wait_until(lambda: daemon.state(backing_off)["ExitCode"] == 1, "its end")
        wait_until(
            lambda: daemon.request("GET", f"/containers/{removed}/json")[0] == 404, "the removal"
        )
        state = daemon.state(deaf)
        assert (state["Status"], state["ExitCode"]) == ("exited", 137)
