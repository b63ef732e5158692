import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.unit.elf.programs import MACHINES, command

import seacan

SEALED = "/memfd:seacan-python (deleted)"
# As an installer writes it.
SECOND_STAGE = (Path(seacan.__file__).parent / "runtime/second_stage.py").read_text()
SECOND_STAGE = SECOND_STAGE.replace("/usr/bin/env python3", sys.executable, 1)
# A script that says what it was executed with.
SAY = """import json, os, sys
print(json.dumps(dict(argv=sys.argv, exe=os.readlink("/proc/self/exe"))))
"""
MODULE = """
import fcntl, json, os, sys
def main():
    executable = os.open("/proc/self/exe", os.O_RDONLY)
    try:
        seals = fcntl.fcntl(executable, fcntl.F_GET_SEALS)
    except OSError:
        seals = 0
    os.close(executable)
    said = dict(exe=os.readlink("/proc/self/exe"), seals=seals, argv=sys.argv, env=dict(os.environ))
    said["site"] = "site" in sys.modules
    said["flags"] = [sys.flags.isolated, sys.flags.no_site]
    said["fds"] = os.listdir("/proc/self/fd")
    said["executable"] = sys.executable
    print(json.dumps(said))
"""


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    """Where something that is called seacan has been installed."""
    (tmp_path / "bin").mkdir()
    package = site_packages(tmp_path) / "seacan/runtime"
    package.mkdir(parents=True)
    for file in (package.parent / "__init__.py", package / "__init__.py"):
        file.touch()
    (package / "__main__.py").write_text(MODULE)
    return tmp_path


@pytest.fixture(params=["amd64", "arm64"])
def first_stage(prefix: Path, request: pytest.FixtureRequest) -> list[str]:
    return install(prefix, request.param)


@pytest.fixture
def native(prefix: Path) -> list[str]:
    """The program of this machine; qemu-user has no execveat(2) before 8.0."""
    return install(prefix, MACHINES.get(os.uname().machine, "amd64"))


def install(prefix: Path, machine: str) -> list[str]:
    write_script(prefix, SECOND_STAGE)
    words = command(prefix / "bin", "first_stage", machine)
    path = Path(words[-1]).rename(prefix / "bin/seacan-runtime")
    return [*words[:-1], str(path)]


def site_packages(prefix: Path) -> Path:
    version = sys.version_info
    return prefix / f"lib/python{version.major}.{version.minor}/site-packages"


def write_script(prefix: Path, text: str) -> Path:
    path = prefix / "bin/seacan-runtime.py"
    path.write_text(text)
    path.chmod(0o755)
    return path


def ask(words: list[str], **options: Any) -> dict[str, Any]:
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, **options)
    assert done.stderr == ""
    said: dict[str, Any] = json.loads(done.stdout)
    return said


@pytest.mark.parametrize("word", ["create", "run", "exec", "restore"])
def test_what_enters_runs_from_a_sealed_copy(native: list[str], prefix: Path, word: str) -> None:
    said = ask([*native, "--root", "/x", word, "a b"], env={"A": "x"})
    script = str(prefix / "bin/seacan-runtime.py")
    assert (said["exe"], said["seals"]) == (SEALED, 15)
    assert said["argv"] == [script, "--root", "/x", word, "a b"]
    assert said["env"]["A"] == "x"


@pytest.mark.parametrize("words", [[], ["list"], ["runs"], ["ru"], [""], ["--root", "x", "state"]])
def test_what_does_not_enter_needs_no_copy(
    first_stage: list[str], prefix: Path, words: list[str]
) -> None:
    said = ask([*first_stage, *words])
    assert said["exe"] == os.path.realpath(sys.executable)
    assert said["argv"] == [str(prefix / "bin/seacan-runtime.py"), *words]


@pytest.mark.parametrize("word", ["run", "state"])
def test_the_interpreter_is_the_scripts_own_and_isolated(native: list[str], word: str) -> None:
    said = ask([*native, word], env={"PYTHONHOME": "/nosuch", "PYTHONPATH": "/nosuch"})
    assert said["executable"] == sys.executable
    assert (said["site"], said["flags"]) == (False, [1, 1])


@pytest.mark.parametrize("word", ["run", "state"])
def test_an_interpreter_with_a_space_in_its_path(
    native: list[str], prefix: Path, word: str
) -> None:
    """For which pip writes what the kernel would not understand."""
    interpreter = prefix / "a b/python"
    interpreter.parent.mkdir()
    interpreter.symlink_to(sys.executable)
    write_script(prefix, SECOND_STAGE.replace(sys.executable, str(interpreter), 1))
    assert ask([*native, word])["executable"] == str(interpreter)


@pytest.mark.parametrize("word", ["run", "state"])
def test_no_descriptor_is_left_to_the_interpreter(native: list[str], word: str) -> None:
    assert ask([*native, word])["fds"] == ["0", "1", "2", "3"]  # 3 is the listing's own


@pytest.mark.parametrize("name", ["", "seacan-runtime", "/nosuch/seacan-runtime"])
def test_neither_the_environment_nor_its_own_name_matters(
    native: list[str], prefix: Path, name: str, tmp_path: Path
) -> None:
    link = tmp_path / "link"
    link.symlink_to(native[-1])
    said = ask([name, "run"], executable=str(link), env={}, cwd="/")
    assert said["seals"] == 15
    assert said["argv"][0] == str(prefix / "bin/seacan-runtime.py")


def test_an_editable_install_is_found(native: list[str], prefix: Path, tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (site_packages(prefix) / "seacan").rename(tmp_path / "src/seacan")
    (site_packages(prefix) / "_editable_impl_seacan.pth").write_text(str(tmp_path / "src"))
    assert ask([*native, "run"])["seals"] == 15


@pytest.mark.parametrize("word", ["run", "state"])
def test_the_script_is_executed_where_seacan_is_elsewhere(
    native: list[str], prefix: Path, tmp_path: Path, word: str
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (site_packages(prefix) / "seacan").rename(tmp_path / "elsewhere/seacan")
    said = ask([*native, word, "x y"], env={"PYTHONPATH": str(tmp_path / "elsewhere")})
    assert said["argv"] == [str(prefix / "bin/seacan-runtime.py"), word, "x y"]
    assert said["flags"] == [0, 0]
    assert said["exe"] == os.path.realpath(sys.executable)  # whose affair the copy is now


@pytest.mark.parametrize("word", ["run", "state"])
def test_without_seacan_it_ends(native: list[str], prefix: Path, word: str) -> None:
    (site_packages(prefix) / "seacan/runtime/__main__.py").unlink()
    (site_packages(prefix) / "seacan/__init__.py").write_text("raise ModuleNotFoundError('no')")
    env = {"PYTHONPATH": str(site_packages(prefix))}
    done = subprocess.run([*native, word], env=env, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.endswith("ModuleNotFoundError: no\n")


@pytest.mark.parametrize(
    "first",
    [
        "#!/bin/sh\n'''exec' \"{python}\" -ISE \"$0\" \"$@\"\n' '''\n",  # pip's, for a long path
        "#!{python} -IS\n",
        "#!{python}\t-IS\n",
        "#!/usr/bin/env -S {python} -I\n",
        "#! {python}\n",
    ],
)
@pytest.mark.parametrize("word", ["run", "state"])
def test_a_script_that_names_no_plain_interpreter_is_executed(
    first_stage: list[str], prefix: Path, first: str, word: str
) -> None:
    script = write_script(prefix, first.format(python=sys.executable) + SAY)
    assert ask([*first_stage, word, "b c"])["argv"] == [str(script), word, "b c"]


@pytest.mark.parametrize("descriptors", [4, 5])  # none for the interpreter, none for the copy
def test_the_script_is_executed_where_no_copy_can_be_made(
    native: list[str], prefix: Path, descriptors: int
) -> None:
    write_script(prefix, "#!/bin/cat\n")
    limits = (descriptors, descriptors)
    done = subprocess.run(
        [*native, "--", "run"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, limits),
    )
    assert done.stdout == b"#!/bin/cat\n"


def test_the_script_is_executed_where_the_interpreter_is_itself_a_script(
    native: list[str], prefix: Path
) -> None:
    wrapper = prefix / "bin/wrapper"
    wrapper.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    wrapper.chmod(0o755)
    script = write_script(prefix, f"#!{wrapper}\n{SAY}")
    assert ask([*native, "run", "x"])["argv"] == [str(script), "run", "x"]


@pytest.mark.parametrize("text", [None, "", "#!/nosuch/python\n", "#!/"])
def test_without_a_script_it_says_so(
    first_stage: list[str], prefix: Path, text: str | None
) -> None:
    script = write_script(prefix, text or "")
    if text is None:
        script.unlink()
    done = subprocess.run([*first_stage, "run"], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == (
        "seacan-runtime: cannot execute seacan-runtime.py, which belongs beside it\n"
    )


def test_the_copy_is_made_on_arm64_as_well(prefix: Path) -> None:
    """As far as qemu-user goes, which had no execveat(2) before 8.0."""
    words = install(prefix, "arm64")
    if len(words) == 1:
        pytest.skip("this machine is one: the other tests show it")
    write_script(prefix, "#!/bin/cat\n")
    done = subprocess.run([words[0], "-strace", words[1], "run"], capture_output=True, text=True)
    calls = [line.partition(" ")[2] for line in done.stderr.splitlines()]
    copied = f"sendfile(5,4,0,2147479552,0,0) = {os.path.getsize('/bin/cat')}"
    assert [call for call in calls if call.startswith(("sendfile", "fcntl"))] == [
        copied,
        "sendfile(5,4,0,2147479552,0,0) = 0",
        "fcntl(5,F_ADD_SEALS,0x000000000000000f) = 0",
    ]
    assert any(call.startswith("execveat(5,") and ",4096,0)" in call for call in calls)


def test_the_script_is_one_for_installers() -> None:
    path = Path(seacan.__file__).parent / "runtime/second_stage.py"
    assert os.access(path, os.X_OK)
    assert path.read_text().startswith("#!/usr/bin/env python3\n")  # made "#!python" in a wheel
