"""Writes what docker compose says of the applications here: record.py /path/to/docker-compose

Each directory has an application and, in `words`, command lines about it (`config` without that
file). To the Nth of them belong

    N.json     what `… --format json` prints, without_place()
    N.error    or the last line that it complains with
    N.hashes   what `config --hash '*'` prints, of applications without paths in them

Recorded with docker compose 2.40.3.
"""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ENVIRONMENT = {"HOME": "/home/someone", "PATH": "/usr/bin:/bin"}


def command_lines(case: Path) -> list[list[str]]:
    words = case / "words"
    return (
        [line.split() for line in words.read_text().splitlines()]
        if words.exists()
        else [["config"]]
    )


def record(program: str, case: Path) -> None:
    for at, words in enumerate(command_lines(case)):
        done = run(program, case, [*words, "--format", "json"])
        name = f"{at}.json" if done.returncode == 0 else f"{at}.error"
        text = done.stdout if done.returncode == 0 else done.stderr.splitlines()[-1] + "\n"
        (case / name).write_text(without_place(text, case))
        if done.returncode == 0 and words == ["config"] and not has_paths(case, done.stdout):
            (case / f"{at}.hashes").write_text(run(program, case, [*words, "--hash", "*"]).stdout)


def without_place(text: str, case: Path) -> str:
    """Return `text` as if `case` were /project, and its neighbours in /projects."""
    return text.replace(str(case), "/project").replace(str(HERE), "/projects")


def has_paths(case: Path, text: str) -> bool:
    """Tell whether what is hashed has paths in it; that of an env_file is not printed."""
    return str(HERE) in text or case.name == "env_file"


def run(program: str, case: Path, words: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [program, *words], cwd=case, env=ENVIRONMENT, capture_output=True, text=True, check=False
    )


if __name__ == "__main__":
    for directory in sorted(path for path in HERE.iterdir() if path.is_dir()):
        record(sys.argv[1], directory)
