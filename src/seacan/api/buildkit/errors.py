"""What ends a build, as its client is told: a sentence, and where in the Dockerfile it is.

Source: moby/buildkit, solver/errdefs (errdefs.Source as JSON in the details of a status).
"""

import base64
import json
from typing import Final

from seacan.api.buildkit.steps import Place
from seacan.build.dockerfile.errors import DockerfileError
from seacan.build.runs import CommandFailed
from seacan.errors import SeacanError, Unsupported
from seacan.grpc.status import Any, CallFailed, Code, Status, of_error

_SOURCE: Final = "github.com/moby/buildkit/errdefs.Source+json"


def sentence(err: SeacanError) -> str:
    """Return what is said of an error, as BuildKit words it where clients look for that."""
    if isinstance(err, CommandFailed):
        command = " ".join(err.argv)
        return f'process "{command}" did not complete successfully: exit code: {err.status}'
    return str(err)


def placed(err: SeacanError, place: Place, filename: str, dockerfile: bytes) -> CallFailed:
    """Return `err` with the lines of the Dockerfile that it is about, if they are known.

    What is wrong with a build is of no code: clients would put its name before the sentence.
    """
    if isinstance(err, CallFailed):
        return err
    if isinstance(err, DockerfileError):
        place = Place(err.line, err.last_line)
    details = (_source(place, filename, dockerfile),) if place.first_line else ()
    code = of_error(err).code if isinstance(err, Unsupported) else Code.UNKNOWN
    return CallFailed(Status(code, sentence(err), details))


def _source(place: Place, filename: str, dockerfile: bytes) -> Any:
    told = {
        "info": {"filename": filename, "data": base64.b64encode(dockerfile).decode()},
        "ranges": [range_of(place)],
    }
    return Any(_SOURCE, json.dumps(told).encode())


def range_of(place: Place) -> dict[str, dict[str, int]]:
    return {"start": {"line": place.first_line}, "end": {"line": place.last_line}}
