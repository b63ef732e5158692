from seacan.runtime import devices


def test_device_rules_begin_with_none_and_end_with_terminals() -> None:
    given = {"allow": True, "type": "b", "major": 8, "minor": 0, "access": "r"}
    rules = devices.with_device_rules({"devices": [given], "pids": {"limit": 1}})  # type: ignore[list-item]
    assert rules["pids"] == {"limit": 1}
    assert rules["devices"][0] == {"allow": False, "access": "rwm"}
    assert rules["devices"][1] == given
    assert {"allow": True, "type": "c", "major": 136, "access": "rwm"} in rules["devices"]
    tun = {"allow": True, "type": "c", "major": 10, "minor": 200, "access": "rwm"}
    assert tun in rules["devices"]  # a network of its own is the container's to tunnel out of
