import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from tests.fakes.volume_plugin import VolumePlugin, serving

from seacan.errors import Internal, NotFound, Unavailable
from seacan.volumes.driver import Seen
from seacan.volumes.plugin_places import Places
from seacan.volumes.plugins import Plugins
from seacan.volumes.volume import Volume


@pytest.fixture
def place() -> Iterator[Path]:
    with TemporaryDirectory(prefix="sc-") as directory:  # a socket's path has to be short
        yield Path(directory)


@pytest.fixture
def plugin(place: Path) -> Iterator[VolumePlugin]:
    with serving(VolumePlugin(place / "data"), place / "box.sock") as plugin:
        yield plugin


@pytest.fixture
def plugins(place: Path) -> Plugins:
    return Plugins(Places(place, [place / "specs"]), shutil.rmtree)


def volume(name: str = "vol", options: dict[str, str] | None = None) -> Volume:
    return Volume(name, "box", "2026-11-24T01:33:18Z", None, options)


def test_the_life_of_a_volume(plugin: VolumePlugin, plugins: Plugins) -> None:
    box = plugins.find("box")
    with box.making(volume(options={"size": "1"})):
        assert plugin.options == {"vol": {"size": "1"}}
    assert box.take(volume(), "container") == plugin.root / "vol"
    assert box.look(volume()) == Seen(str(plugin.root / "vol"), "local", {"full": "no"})
    assert box.list() == {"vol": Seen(str(plugin.root / "vol"), "local", {})}
    box.leave(volume(), "container")
    assert plugin.mounts == {"vol": []}
    with box.removing(volume()):
        assert plugin.options == {}
    plugins.find("box")
    assert plugin.calls == [
        *["Activate", "Create vol", "Mount vol", "Get vol", "Capabilities", "List"],
        *["Unmount vol", "Remove vol"],
    ]


def test_one_whose_row_is_not_written_is_removed(plugin: VolumePlugin, plugins: Plugins) -> None:
    with pytest.raises(ZeroDivisionError), plugins.find("box").making(volume()):
        _ = 1 // 0
    assert plugin.options == {}


def test_its_scope_may_be_global(plugin: VolumePlugin, plugins: Plugins) -> None:
    plugin.scope = "Global"
    with plugins.find("box").making(volume()):
        pass
    assert plugins.find("box").look(volume()).scope == "global"


def test_it_need_not_know_its_capabilities(plugin: VolumePlugin, plugins: Plugins) -> None:
    plugin.errors["VolumeDriver.Capabilities"] = "what?"
    with plugins.find("box").making(volume()):
        pass
    assert plugins.find("box").look(volume()).scope == "local"


@pytest.mark.parametrize("method", ["Create", "Mount", "Remove"])
def test_its_errors_are_told(plugin: VolumePlugin, plugins: Plugins, method: str) -> None:
    box = plugins.find("box")
    plugin.options["vol"] = {}
    plugin.errors[f"VolumeDriver.{method}"] = "full"
    act: Callable[[], object] = {
        "Create": box.making(volume()).__enter__,
        "Mount": lambda: box.take(volume(), "x"),
        "Remove": box.removing(volume()).__enter__,
    }[method]
    with pytest.raises(Internal, match=f"VolumeDriver.{method}: full"):
        act()


def test_what_it_does_not_have_is_not_found(plugin: VolumePlugin, plugins: Plugins) -> None:
    with pytest.raises(NotFound, match="get none: no such volume"):
        plugins.find("box").look(volume("none"))


@pytest.mark.usefixtures("plugin")
@pytest.mark.parametrize("name", ["nope", "../box", "box/../box", "b", ""])
def test_what_is_no_plugin(plugins: Plugins, name: str) -> None:
    with pytest.raises(NotFound) as caught:
        plugins.find(name)
    assert str(caught.value) == (
        f'error looking up volume plugin {name}: plugin "{name}" not found'
    )


def test_a_plugin_for_something_else(plugin: VolumePlugin, plugins: Plugins) -> None:
    plugin.implements = ("NetworkDriver",)
    with pytest.raises(NotFound, match="does not implement the requested driver"):
        plugins.find("box")
    warnings: list[str] = []
    assert plugins.all(warnings) == []
    assert warnings == []


def test_one_that_does_not_listen_is_warned_of(place: Path, plugins: Plugins) -> None:
    with serving(VolumePlugin(place / "data"), place / "gone.sock"):
        (place / "gone.sock").rename(place / "kept.sock")
        (place / "gone.sock").touch()  # to be removed in the end
    with pytest.raises(
        Unavailable, match=r"error looking up volume plugin kept: Plugin\.Activate: "
    ):
        plugins.find("kept")
    warnings: list[str] = []
    assert plugins.all(warnings) == []
    assert len(warnings) == 1


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("kind", ["spec", "json"])
def test_its_address_may_stand_in_a_file(
    plugin: VolumePlugin, plugins: Plugins, place: Path, kind: str, nested: bool
) -> None:
    directory = place / "specs" / "other" if nested else place / "specs"
    directory.mkdir(parents=True)
    url = f"unix://{place}/box.sock"
    text = url + "\n" if kind == "spec" else json.dumps({"Name": "other", "Addr": url})
    (directory / f"other.{kind}").write_text(text)
    with plugins.find("other").making(volume()):
        assert list(plugin.options) == ["vol"]
    assert [one.name for one in plugins.all([])] == ["box", "other"]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"[1]", "Plugin.Activate: the answer is no JSON object"),
        (b"{", "Plugin.Activate: the answer is no JSON object"),
        (b"[" * 100_000, "Plugin.Activate: the answer is no JSON object"),
    ],
)
def test_an_answer_that_is_none(
    plugin: VolumePlugin, plugins: Plugins, monkeypatch: pytest.MonkeyPatch, answer: bytes,
    message: str,
) -> None:  # fmt: skip
    monkeypatch.setattr("tests.fakes.volume_plugin.json.dumps", lambda _: answer.decode())
    with pytest.raises(Internal, match=message):
        plugins.find("box")
