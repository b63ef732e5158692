import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from seacan.cli.commands import system_install
from seacan.cli.daemon_choice import DaemonChoice
from seacan.cli.flags import parse
from seacan.cli.session import Session
from seacan.cli.systemd_units import units
from seacan.errors import Conflict


def install(directory: Path, *words: str) -> int:
    values, arguments = parse(system_install.FLAGS, ["--directory", str(directory), *words])
    return system_install.run(Session(DaemonChoice(config_path="/none")), values, arguments)


def test_units_are_written_and_pass_systemds_own_judgement(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert install(tmp_path) == 0
    assert "systemctl enable --now seacan.socket seacan.service" in capsys.readouterr().out
    service = (tmp_path / "seacan.service").read_text()
    assert f"ExecStart={sys.executable} -P -m seacan.daemon.main -H fd://\n" in service
    for line in ("Type=notify", "Delegate=yes", "KillMode=process", "WatchdogSec=60"):
        assert f"{line}\n" in service
    if shutil.which("systemd-analyze") is None:
        pytest.skip("there is no systemd-analyze here")
    paths = [str(tmp_path / name) for name in ("seacan.service", "seacan.socket")]
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *paths],
        check=False, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    complaints = [line for line in done.stderr.splitlines() if "seacan" in line]
    assert (done.returncode, complaints) == (0, [])


def test_what_somebody_has_changed_is_left_alone(tmp_path: Path) -> None:
    install(tmp_path)
    install(tmp_path)  # the same again
    (tmp_path / "seacan.socket").write_text("[Socket]\n")
    with pytest.raises(Conflict, match="--force writes over it"):
        install(tmp_path)
    assert (tmp_path / "seacan.socket").read_text() == "[Socket]\n"
    install(tmp_path, "--force")
    assert "ListenStream=/run/seacan.sock" in (tmp_path / "seacan.socket").read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["seacan.service", "seacan.socket"]


def test_words_are_quoted_for_systemd() -> None:
    service = units(["/opt/my python/bin", "50%", "$x"], "root")["seacan.service"]
    assert 'ExecStart="/opt/my python/bin" 50%% $$x -H fd://\n' in service
