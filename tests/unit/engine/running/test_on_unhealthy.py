import pytest

from seacan.engine.running.on_unhealthy import check_config
from seacan.errors import InvalidArgument


@pytest.mark.parametrize("action", ["", "none", "kill", "restart", "stop"])
def test_actions(action: str) -> None:
    check_config({"OnFailure": action})


@pytest.mark.parametrize("action", ["reboot", "KILL", "kill,stop"])
def test_there_are_no_others(action: str) -> None:
    with pytest.raises(InvalidArgument, match=f"none of none, kill, restart, stop: {action}"):
        check_config({"OnFailure": action})
