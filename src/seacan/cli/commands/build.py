"""`seacan build`: a Dockerfile and a context become an image."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import sys

from seacan.cli.build import contexts, findings, output, progress, sending, sources
from seacan.cli.build.options import FLAGS as FLAGS
from seacan.cli.build.options import build_args, query_of, secrets
from seacan.cli.build.picture import harmless
from seacan.cli.credentials import Credentials
from seacan.cli.input import open_error
from seacan.cli.session import complain
from seacan.client.client import messages
from seacan.errors import Internal, InvalidArgument, Unsupported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.build.output import Output
    from seacan.cli.build.sources import Source
    from seacan.cli.flags import Values
    from seacan.cli.session import Session
    from seacan.client.transport import Response


def run(session: Session, values: Values, arguments: list[str]) -> int:
    outputs = _outputs(values)
    source = sources.find(arguments[0], values.text("file"))
    if values.on("check"):
        return _check(session, values, source)
    try:
        image_id = _build(session, values, source, _names(values, outputs))
    except progress.BuildFailed as err:
        complain(_failure(err, source, has_output=not values.on("quiet")))
        return 1
    _write(values.text("iidfile"), image_id)
    _write(values.text("metadata-file"), _metadata(values, image_id))
    for each in outputs:
        output.write(session, each, image_id, values.texts("tag"))
    if values.on("quiet") and not any(each.is_to_stdout for each in outputs):
        print(image_id)
    return 0


def _outputs(values: Values) -> list[Output]:
    outputs = [output.parse(text) for text in values.texts("output")]
    if values.on("push"):
        outputs.append(output.parse("type=registry"))
    if len(values.texts("platform")) > 1:
        output.require_several(outputs, has_name=bool(values.texts("tag")))
    return outputs


def _names(values: Values, outputs: list[Output]) -> list[str]:
    """Return what the image is to be called, each once."""
    return list(dict.fromkeys([*values.texts("tag"), *(n for each in outputs for n in each.names)]))


def _build(session: Session, values: Values, source: Source, names: list[str]) -> str:
    """Return the id of the image. Raises BuildFailed, and others before anything was done."""
    kind = "quiet" if values.on("quiet") else values.text("progress")
    more: dict[str, object] = {"progress": "graph", "t": names}
    with (
        _agents(session, values) as (agents, word),
        _send(session, values, source, {**more, "ssh": agents}, word) as reply,
    ):
        image_id = progress.show(messages(reply.pieces()), kind, sys.stderr)
    if not image_id:
        raise Internal("the daemon ended the build without an image")
    return image_id


def _agents(
    session: Session, values: Values
) -> contextlib.AbstractContextManager[tuple[list[str], str]]:
    """Yield the ids of the agents that the build may ask, and the word that it is sent with."""
    texts = values.texts("ssh")
    if not texts:
        return contextlib.nullcontext(([], ""))
    from seacan.cli.build import ssh

    _require_seacan(session)
    return ssh.forwarded(session.client, texts)


def _send(
    session: Session, values: Values, source: Source, more: dict[str, object], word: str = ""
) -> Response:
    """Send the context and what is asked for, with `more` in the query.

    `word` is what connections to agents are given to this build by.
    """
    source, places = contexts.with_contexts(source, values.mapping("build-context"))
    query = {**query_of(values, source, places, _arguments(session, values)), **more}
    headers = Credentials(session.config_path).all_header()
    found = secrets(values.texts("secret"))
    if places or found or values.texts("cache-to"):
        _require_seacan(session)
    if found:
        texts = {name: base64.b64encode(content).decode() for name, content in found.items()}
        encoded = base64.urlsafe_b64encode(json.dumps(texts).encode())
        headers["X-Seacan-Secrets"] = encoded.decode()
    if word:
        headers["X-Seacan-Build"] = word
    return sending.send(session.client, source, query, headers)


def _arguments(session: Session, values: Values) -> dict[str, str | None]:
    """Return the build arguments: those given, and the proxies of config.json."""
    given = build_args(values.texts("build-arg"))
    if "proxies" not in session.config:
        return given
    from seacan.cli.proxies import proxy_variables

    return given | proxy_variables(session, given)


def _require_seacan(session: Session) -> None:
    """Raise Unsupported if the daemon would build without what it does not know."""
    platform = session.client.system.version().get("Platform") or {}
    if platform.get("Name") != "seacan":
        raise Unsupported(
            "this daemon's builder knows no --secret, --ssh, --build-context and --cache-to"
        )


def _check(session: Session, values: Values, source: Source) -> int:
    if source.remote or not source.text:
        raise Unsupported("not supported: --check of a Dockerfile that is not on this machine")
    source = sources.for_check(source)
    with _send(session, values, source, {"check": True}) as reply:
        found = next(messages(reply.pieces()), {})
    if "warnings" not in found:
        raise Unsupported("this daemon does not check Dockerfiles")
    text, code = findings.report(found, source.shown, source.text.decode(errors="replace"))
    print(text, end="")
    return code


def _failure(err: progress.BuildFailed, source: Source, *, has_output: bool) -> str:
    parts = []
    if err.step and err.step.tail and has_output:
        rule = "-" * 6
        parts += [rule, f" > {err.step.label}:", *err.step.tail, rule]
    text = source.text.decode(errors="replace")
    if shown := progress.excerpt(source.shown, text, err.line, err.last_line):
        parts.append(shown.rstrip("\n"))
    said = "\n".join([*parts, f"ERROR: failed to build: {err}"])
    if not sys.stderr.isatty():
        return said
    return "\n".join(map(harmless, said.split("\n")))


def _metadata(values: Values, image_id: str) -> str:
    found: dict[str, object] = {"containerimage.config.digest": image_id}
    if tags := values.texts("tag"):
        found["image.name"] = ",".join(tags)
    return json.dumps(found, indent=2) + "\n"


def _write(path: str, text: str) -> None:
    """Write a file, if it was asked for; it is there as a whole or not at all."""
    if not path:
        return
    unfinished = f"{path}.{os.getpid()}.tmp"
    try:
        with open(unfinished, "x", encoding="utf-8") as file:
            file.write(text)
        os.rename(unfinished, path)
    except OSError as err:
        if os.path.exists(unfinished):
            os.unlink(unfinished)
        raise InvalidArgument(str(open_error(path, err))) from err
