import pytest

from seacan.kernel.cgroups.units import Unit, cgroups_path, is_scope, slice_path, unit_of


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("", Unit("seacan-ID.scope", "system.slice", "/system.slice/seacan-ID.scope")),
        (
            "system.slice:docker:0123",
            Unit("docker-0123.scope", "system.slice", "/system.slice/docker-0123.scope"),
        ),
        ("a-b.slice:p:n", Unit("p-n.scope", "a-b.slice", "/a.slice/a-b.slice/p-n.scope")),
        ("-.slice:p:n", Unit("p-n.scope", "-.slice", "/p-n.scope")),
        (":p:n.slice", Unit("n.slice", "system.slice", "/system.slice/n.slice")),
        ("::n", Unit("-n.scope", "system.slice", "/system.slice/-n.scope")),
    ],
)
def test_units(path: str, expected: Unit) -> None:
    unit = unit_of(path, "ID", user=False)
    assert unit == expected
    assert unit.is_slice == (unit.name == "n.slice")


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("/seacan/ID", "/seacan/ID"),
        ("/system.slice/seacan-ID.scope", "system.slice:seacan:ID"),
        ("/a.slice/a-b.slice/p-x-y.scope", "a-b.slice:p:x-y"),
        ("/p-n.scope", "-.slice:p:n"),
        ("/container/p-n.scope", "-.slice:p:n"),  # of a systemd whose own cgroup is not the root
    ],
)
def test_what_asks_for_a_path(path: str, asked: str) -> None:
    assert cgroups_path(path) == asked
    assert is_scope(path) == (path != asked)


def test_a_users_units_are_in_its_slice() -> None:
    assert unit_of("", "ID", user=True).path == "/user.slice/seacan-ID.scope"


@pytest.mark.parametrize(
    "path",
    [
        "/a/b",
        "a:b",
        "a:b:c:d",
        "x:p:n",
        "a--b.slice:p:n",
        "-a.slice:p:n",
        ".slice:p:n",
        "a/b.slice:p:n",
    ],
)
def test_what_is_no_unit(path: str) -> None:
    with pytest.raises(OSError, match=r"linux\.cgroupsPath: ") as caught:
        unit_of(path, "ID", user=False)
    assert caught.value.errno == 22


@pytest.mark.parametrize("path", [":p:a/b", ":p:../b", "::.slice"])
def test_names_that_would_leave_the_slice(path: str) -> None:
    with pytest.raises(OSError, match="not the name of a unit"):
        unit_of(path, "ID", user=False)


def test_slices() -> None:
    assert slice_path("-.slice") == "/"
    assert slice_path("a.slice") == "/a.slice"
    assert slice_path("a-b-c.slice") == "/a.slice/a-b.slice/a-b-c.slice"
