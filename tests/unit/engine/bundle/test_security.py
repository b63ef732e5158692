import pytest

from seacan.engine.bundle.security import Security, parse
from seacan.errors import Unsupported


@pytest.mark.parametrize(
    ("options", "security"),
    [
        ([], Security()),
        (["no-new-privileges"], Security(no_new_privileges=True)),
        (["no-new-privileges=t"], Security(no_new_privileges=True)),
        (["no-new-privileges", "no-new-privileges:False"], Security()),
        (["seccomp:unconfined"], Security(seccomp="unconfined")),
        (['seccomp={"a":"b=c"}'], Security(seccomp='{"a":"b=c"}')),
        (["writable-cgroups"], Security(writable_cgroups=True)),
        (["writable-cgroups=0"], Security(writable_cgroups=False)),
        (["apparmor=unconfined", "label=disable", "disable"], Security(apparmor="unconfined")),
        (["apparmor=one", "apparmor:other"], Security(apparmor="other")),
    ],
)
def test_options(options: list[str], security: Security) -> None:
    assert parse(options) == security


@pytest.mark.parametrize("option", ["label=type:svirt_t"])
def test_a_confinement_that_is_not_there_is_refused(option: str) -> None:
    with pytest.raises(Unsupported, match=f"^security option {option} is not supported$"):
        parse([option])
