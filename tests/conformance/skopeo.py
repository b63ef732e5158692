"""skopeo as functions; places are in its words: `docker://HOST/NAME:TAG`, `oci:DIRECTORY:TAG`, …"""

import json
import shutil
import subprocess
from typing import Any

import pytest


def needs(*programs: str) -> None:
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)}: not installed here")


def skopeo(*words: str) -> str:
    needs("skopeo")
    command = ["skopeo", "--insecure-policy", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, (words, done.stderr)
    return done.stdout


def copy(source: str, target: str, *flags: str) -> None:
    insecure = ("--src-tls-verify=false", "--dest-tls-verify=false")
    skopeo("copy", "--quiet", *insecure, *flags, source, target)


def raw(image: str, *flags: str) -> dict[str, Any]:
    tls = ("--tls-verify=false",) if image.startswith("docker:") else ()
    document: dict[str, Any] = json.loads(skopeo("inspect", "--raw", *tls, *flags, image))
    return document


def digest_of(image: str) -> str:
    tls = ("--tls-verify=false",) if image.startswith("docker:") else ()
    return skopeo("inspect", "--format", "{{.Digest}}", *tls, image).strip()
