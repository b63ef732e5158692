"""A client's end of TLS, in memory: an ssl.SSLSocket cannot end its sending alone.

    sent      ──▶ SSLObject ──▶ records ──▶ socket
    received  ◀── SSLObject ◀── records ◀── socket

Its methods are those of a socket that the transport uses. Imported only for TLS: ssl costs more
than a request.
"""

from __future__ import annotations

import _socket
import ssl

from seacan.certificate_chains import check_as_go
from seacan.errors import InvalidArgument, Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.client.endpoint import Endpoint, TlsFiles

_PIECE_BYTES = 64 * 1024
_RECORD_BYTES = 16 * 1024


def client_context(files: TlsFiles) -> ssl.SSLContext:
    """Return how a client shows itself, and whom it trusts. Raises InvalidArgument."""
    context = check_as_go(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.hostname_checks_common_name = False
    if files.ca:
        try:
            context.load_verify_locations(files.ca)
        except (OSError, ssl.SSLError):
            raise InvalidArgument(
                f"failed to retrieve context tls info: {files.ca} seems invalid"
            ) from None
    else:
        context.load_default_certs()
    if files.certificate and files.key:
        try:
            context.load_cert_chain(files.certificate, files.key, password=_refuse_password)
        except (OSError, ssl.SSLError) as err:
            raise InvalidArgument(
                "failed to retrieve context tls info: "
                f"certificate {files.certificate} and key {files.key}: {err}"
            ) from err
    if not files.verifies:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _refuse_password() -> str:
    raise InvalidArgument("private key is encrypted - encrypted private keys are not supported")


class TlsStream:
    """TLS on a connected, blocking socket, owned. Raises Unavailable if either distrusts."""

    def __init__(self, connected: _socket.socket, endpoint: Endpoint) -> None:
        assert endpoint.tls is not None
        self._socket = connected
        self._endpoint = endpoint
        self._received = ssl.MemoryBIO()
        self._to_send = ssl.MemoryBIO()
        self._unsent = b""
        self._taken = 0
        self._decrypted = bytearray()
        self._is_ended = False
        try:
            context = client_context(endpoint.tls)
            self._tls = context.wrap_bio(
                self._received, self._to_send, server_hostname=endpoint.host
            )
            self._shake_hands()
        except BaseException:
            connected.close()
            raise

    def _shake_hands(self) -> None:
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                self._flush()
                self._receive_records()
            except ssl.SSLError as err:
                self._flush()  # the alert
                raise self._failure(err) from err
            else:
                self._flush()
                return

    def fileno(self) -> int:
        return self._socket.fileno()

    @property
    def holds_bytes(self) -> bool:
        """Whether `recv` has something although the socket may not be readable."""
        return bool(self._decrypted) or self._is_ended

    def recv(self, most_bytes: int) -> bytes:
        """Return some bytes; nothing at the end."""
        while not self._decrypted and not self._is_ended:
            self._decrypt()
            if not self.holds_bytes:
                self._receive_records()
        data = bytes(self._decrypted[:most_bytes])
        del self._decrypted[:most_bytes]
        return data

    def _decrypt(self) -> None:
        """Take all that came out of its records."""
        while not self._is_ended:
            try:
                data = self._tls.read(_PIECE_BYTES)
            except ssl.SSLWantReadError:
                return
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                # Without a farewell, too: HTTP tells by itself whether something is missing.
                self._is_ended = True
            except ssl.SSLError as err:
                raise self._failure(err) from err
            else:
                self._decrypted += data
                self._is_ended = not data

    def _receive_records(self) -> None:
        data = self._socket.recv(_PIECE_BYTES)
        if data:
            self._received.write(data)
        else:
            self._received.write_eof()

    def sendall(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[self._tls.write(rest[:_PIECE_BYTES]) :]
            self._flush()

    def send(self, data: bytes, flags: int = 0) -> int:
        """Send with MSG_DONTWAIT what fits; return how much of `data` is on its way.

        Raises BlockingIOError if nothing is; `data` has to begin with the same the next time.
        """
        if not self._taken:
            self._taken = self._tls.write(data[:_RECORD_BYTES])
            self._unsent += self._to_send.read()
        while self._unsent:
            self._unsent = self._unsent[self._socket.send(self._unsent, flags) :]
        taken, self._taken = self._taken, 0
        return taken

    def _flush(self) -> None:
        records, self._unsent = self._unsent + self._to_send.read(), b""
        if records:
            self._socket.sendall(records)

    def shutdown(self, how: int) -> None:
        """End sending (SHUT_WR): a farewell goes out, and what the daemon sends still comes."""
        try:
            self._tls.unwrap()
        except ssl.SSLError:  # it wants the daemon's farewell, which comes when all is received
            self._flush()

    def close(self) -> None:
        self._socket.close()

    def _failure(self, err: ssl.SSLError) -> Unavailable:
        """Return `err` in the words of Go's client."""
        reason = err.reason or str(err)
        if isinstance(err, ssl.SSLCertVerificationError):
            why = f"tls: failed to verify certificate: x509: {err.verify_message}"
        elif reason == "WRONG_VERSION_NUMBER":
            why = "http: server gave HTTP response to HTTPS client"
        elif "_ALERT_" in reason:
            alert = reason.partition("_ALERT_")[2].replace("_", " ").lower()
            why = f"remote error: tls: {alert}"
        else:
            why = f"tls: {reason.replace('_', ' ').lower()}"
        return Unavailable(f"error during connect: {self._endpoint}: {why}")
