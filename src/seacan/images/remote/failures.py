"""What goes wrong with a registry: it refuses, or it cannot be spoken to; in Docker's words.

Source of the codes: distribution-spec, "Error Codes"; of the sentences: moby and Go's net/http,
since clients match them.
"""

import errno
import ssl
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

import msgspec
from urllib3 import exceptions

from seacan.errors import Internal, NotFound, SeacanError, Unauthorized
from seacan.images.references import Reference
from seacan.images.remote import challenges
from seacan.images.remote.pace import TooSlow

_DENIED: Final = ("denied", "requested access to the resource is denied")
_UNAUTHORIZED: Final = ("unauthorized", "authentication required")
_BY_STATUS: Final = {
    401: _UNAUTHORIZED,
    403: _DENIED,
    404: ("manifest unknown", "manifest unknown"),
    429: ("toomanyrequests", "too many requests"),
}
_LONGEST_TEXT: Final = 1000
LONGEST_DELAY_S: Final = 30.0  # between two attempts


class _Error(msgspec.Struct):
    code: str = ""
    message: str = ""


class _Errors(msgspec.Struct):
    errors: list[_Error] = []
    details: str = ""  # what token servers of Docker say


_ERRORS: Final = msgspec.json.Decoder(_Errors)


class Broken(Exception):
    """No answer, or half of one: trying again may help."""


class NoCredentials(Exception):
    """The registry wants to know who asks, and the client did not say."""

    def __init__(self, url: str = "") -> None:
        super().__init__("no basic auth credentials")
        self.url = url


class Refused(Exception):
    """An answer that is an error. `code`: as the registry has it, in lower case, with blanks."""

    def __init__(
        self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(f"{code}: {message}" if code else message)
        self.status = status
        self.is_from_token_server = False
        self.code = code
        headers = headers or {}
        self.challenge = headers.get("WWW-Authenticate", "") if status == 401 else ""
        self.retry_after_s = _seconds(headers.get("Retry-After", ""))
        self.limit = _limit(headers)

    @property
    def status_line(self) -> str:
        return _status_line(self.status)

    @property
    def is_passing(self) -> bool:
        """Whether the same request may well succeed a little later."""
        if self.status == 429:
            return self.retry_after_s is not None and self.retry_after_s <= LONGEST_DELAY_S
        return self.status >= 500 or self.status == 408


def delay_s(error: Exception, attempt: int, first_s: float) -> float:
    """Return how long to wait after the failure of an attempt, the first of which is 1."""
    if isinstance(error, Refused) and error.retry_after_s is not None:
        return min(float(error.retry_after_s), LONGEST_DELAY_S)
    return min(first_s * float(2 ** (attempt - 1)), LONGEST_DELAY_S)


def refused(status: int, headers: Mapping[str, str], body: bytes) -> Refused:
    """Return what an answer of status 400 or more means; `body` may be cut."""
    code, message = _told(body)
    if not message:
        code, message = _BY_STATUS.get(
            status, ("", f"received unexpected HTTP status: {_status_line(status)}")
        )
    if status == 401:
        for challenge in challenges.parse(headers.get("WWW-Authenticate", "")):
            if challenge.parameters.get("error") == "insufficient_scope":
                code, message = _DENIED
    return Refused(status, code, message, headers)


def _told(body: bytes) -> tuple[str, str]:
    try:
        answer = _ERRORS.decode(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return "", ""
    if not answer.errors:
        return ("unauthorized", _line(answer.details)) if answer.details else ("", "")
    error = answer.errors[0]
    code = error.code.lower().replace("_", " ")
    return _line(code), _line(error.message or code)


def _line(text: str) -> str:
    """Return `text` as one line without control characters: it goes to terminals and logs."""
    return "".join(c if c.isprintable() else " " for c in text[:_LONGEST_TEXT]).strip()


def _status_line(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _seconds(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 8 else None


def _limit(headers: Mapping[str, str]) -> str:
    """Return the rate limit that an answer tells of, in words; "" if none.

    RateLimit-Limit: 100;w=21600, RateLimit-Remaining: 0;w=21600, Docker-RateLimit-Source: IP
    Source: Docker Hub, "Pull usage and limits".
    """
    limit, _, window = headers.get("RateLimit-Limit", "").partition(";w=")
    remaining = headers.get("RateLimit-Remaining", "").partition(";")[0]
    if not limit.isdecimal():
        return ""
    words = f"limit {limit}"
    if window.isdecimal():
        words += f" in {int(window)} s"
    if remaining.isdecimal():
        words += f", {remaining} left"
    source = _line(headers.get("Docker-RateLimit-Source", ""))
    return f"{words}, counted for {source}" if source else words


def broken(method: str, url: str, error: Exception) -> Broken:
    """Return what a failure below HTTP means: `Get "URL": cause`."""
    return Broken(f'{method.capitalize()} "{url}": {cause(error, url)}')


def cause(error: Exception, url: str) -> str:
    """Return why there was no answer, in one phrase."""
    host = urlsplit(url).hostname or ""
    address = urlsplit(url).netloc
    if slow := _too_slow(error):
        return str(slow)
    match error:
        case exceptions.ProxyError():
            return f"proxyconnect tcp: {error.original_error}"
        case exceptions.NameResolutionError():
            return f"dial tcp: lookup {host}: no such host"
        case exceptions.NewConnectionError():
            return f"dial tcp {address}: connect: {_system_error(error)}"
        case exceptions.ConnectTimeoutError():
            return f"dial tcp {address}: i/o timeout"
        case exceptions.SSLError():
            return _tls_cause(error, host)
        case exceptions.ReadTimeoutError():
            return "net/http: timeout awaiting response"
        case exceptions.IncompleteRead():
            return "unexpected EOF"
        case exceptions.ProtocolError():
            return "unexpected EOF" if "IncompleteRead" in str(error) else _line(str(error))
    return _line(str(error))


def _too_slow(error: BaseException | None) -> TooSlow | None:
    while error is not None and not isinstance(error, TooSlow):
        error = error.__cause__ or error.__context__
    return error


def _system_error(error: BaseException) -> str:
    found: BaseException | None = error
    while found is not None:
        if isinstance(found, OSError) and found.errno is not None:
            return (found.strerror or errno.errorcode.get(found.errno, "")).lower()
        found = found.__cause__ or found.__context__
    return _line(str(error))


def _tls_cause(error: exceptions.SSLError, host: str) -> str:
    inner = error.args[0] if error.args else error
    if isinstance(inner, ssl.SSLCertVerificationError):
        if "match" in inner.verify_message:
            return f"tls: failed to verify certificate: x509: it is not valid for {host}"
        if inner.verify_code == 10:  # X509_V_ERR_CERT_HAS_EXPIRED
            return "tls: failed to verify certificate: x509: certificate has expired"
        return (
            "tls: failed to verify certificate: x509: certificate signed by unknown authority"
            f" ({inner.verify_message})"
        )
    if isinstance(inner, ssl.SSLError) and inner.reason in (
        "WRONG_VERSION_NUMBER",
        "RECORD_LAYER_FAILURE",
        "HTTP_REQUEST",
    ):
        return "http: server gave HTTP response to HTTPS client"
    return f"tls: {_line(str(inner))}"


def of_pull(error: Exception, reference: Reference) -> SeacanError:
    """Return what a failed pull of `reference` is to its client."""
    if isinstance(error, Refused):
        match error.code:
            case "denied":
                return NotFound(
                    f"pull access denied for {reference.familiar_name}, repository does not exist"
                    f" or may require 'docker login': {error}"
                )
            case "manifest unknown":
                return NotFound(f"manifest for {reference.familiar} not found: {error}")
            case "name unknown":
                return NotFound(f"repository {reference.familiar_name} not found: {error}")
    return of_any(error)


def of_any(error: Exception) -> SeacanError:
    """Return what a failure of anything else is to its client."""
    if isinstance(error, SeacanError):
        return error
    if isinstance(error, Refused):
        if error.code == "unauthorized":
            return Unauthorized(str(error))
        if error.status == 404:
            return NotFound(str(error))
        if error.status == 429:
            return Internal(_rate_limited(error))
    if isinstance(error, OSError):
        return Internal(f"{error.strerror or error}".lower())
    return Internal(str(error))


def _rate_limited(error: Refused) -> str:
    text = str(error)
    if error.limit:
        text += f" ({error.limit})"
    if error.retry_after_s is not None:
        text += f"; the registry says to try again in {error.retry_after_s} s"
    return text
