import os

from seacan.runtime.bundle import check_config
from seacan.runtime.commands.spec import example, rootless


def test_the_example_is_valid() -> None:
    assert check_config(example()) == example()


def test_rootless_is_in_a_user_namespace_of_the_caller() -> None:
    config = rootless(example())
    linux = config["linux"]
    kinds = [namespace["type"] for namespace in linux["namespaces"]]
    assert "user" in kinds
    assert "network" not in kinds
    assert "resources" not in linux
    assert linux["uidMappings"] == [{"containerID": 0, "hostID": os.geteuid(), "size": 1}]
    by_place = {entry["destination"]: entry for entry in config["mounts"]}
    assert by_place["/sys"]["options"][0] == "rbind"
    assert not any("gid" in option for option in by_place["/dev/pts"]["options"])
    assert example()["mounts"][2]["options"][-1] == "gid=5"
