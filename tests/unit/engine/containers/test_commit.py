from typing import Any

import pytest

from seacan.build import changes
from seacan.engine.containers.commit import execution, merge

CONTAINER: Any = {
    "Hostname": "h",
    "User": "7",
    "Env": ["A=1", "B=2"],
    "Cmd": ["run"],
    "Entrypoint": ["entry"],
    "Labels": {"a": "1"},
    "ExposedPorts": {"80/tcp": {}},
    "Healthcheck": {"Test": ["CMD", "x"], "Retries": 3},
    "WorkingDir": "/w",
}


@pytest.mark.parametrize(
    ("config", "field", "value"),
    [
        ({}, "User", "7"),
        ({"User": "8"}, "User", "8"),
        ({"Env": ["A=9", "C=3"]}, "Env", ["A=9", "C=3", "B=2"]),
        ({}, "Cmd", ["run"]),
        ({"Entrypoint": ["other"]}, "Cmd", None),
        ({"Entrypoint": []}, "Entrypoint", []),
        ({"Cmd": ["x"]}, "Entrypoint", ["entry"]),
        ({"Labels": {"b": "2"}}, "Labels", {"a": "1", "b": "2"}),
        ({"ExposedPorts": {"1/udp": {}}}, "ExposedPorts", {"80/tcp": {}, "1/udp": {}}),
        ({"Healthcheck": {"Retries": 5}}, "Healthcheck", {"Test": ["CMD", "x"], "Retries": 5}),
        ({}, "Hostname", None),
    ],
)
def test_what_the_new_config_does_not_say_comes_from_the_container(
    config: Any, field: str, value: object
) -> None:
    merged: Any = merge(execution(config), execution(CONTAINER))
    assert merged.get(field) == value


def test_a_new_entry_point_ends_the_command_of_the_old_one() -> None:
    assert "Cmd" not in changes.apply(['ENTRYPOINT ["e"]'], execution(CONTAINER))
    both = changes.apply(['CMD ["c"]', 'ENTRYPOINT ["e"]'], execution(CONTAINER))
    assert (both["Cmd"], both["Entrypoint"]) == (["c"], ["e"])


def test_changes_build_on_the_config_and_leave_it_alone() -> None:
    before = execution(CONTAINER)
    changed = changes.apply(["ENV A=${B}x", "LABEL b=2", "WORKDIR sub"], before)
    assert changed["Env"] == ["A=2x", "B=2"]
    assert changed["Labels"] == {"a": "1", "b": "2"}
    assert changed["WorkingDir"] == "/w/sub"
    assert before == execution(CONTAINER)
