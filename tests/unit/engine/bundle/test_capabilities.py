from seacan.engine.bundle.capabilities import DEFAULT, of_container
from seacan.kernel.capabilities import NAMES, mask_of

ALL = list(NAMES)


def test_the_default_is_dockers_set() -> None:
    assert mask_of(of_container([], [], ALL, privileged=False)) == 0xA80425FB


def test_some_are_added_and_dropped() -> None:
    made = of_container(["net_admin", "CAP_KILL", "Cap_Bpf"], ["chown"], ALL, privileged=False)
    assert set(made) == (set(DEFAULT) - {"CAP_CHOWN"}) | {"CAP_NET_ADMIN", "CAP_BPF"}
    assert len(made) == len(set(made))


def test_all_are_added_but_the_dropped() -> None:
    made = of_container(["all"], ["MKNOD"], ALL, privileged=False)
    assert made == [name for name in ALL if name != "CAP_MKNOD"]


def test_all_are_dropped_but_the_added() -> None:
    assert of_container(["chown"], ["ALL"], ALL, privileged=False) == ["CAP_CHOWN"]
    assert of_container([], ["ALL"], ALL, privileged=False) == []


def test_privileged_is_all_that_the_daemon_has() -> None:
    assert of_container([], ["chown"], ["CAP_CHOWN", "CAP_KILL"], privileged=True) == [
        "CAP_CHOWN",
        "CAP_KILL",
    ]


def test_what_the_daemon_lacks_cannot_be_given() -> None:
    assert of_container([], [], ["CAP_KILL"], privileged=False) == ["CAP_KILL"]
