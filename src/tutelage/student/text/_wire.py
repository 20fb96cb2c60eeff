"""One JSON request to a server that may be slow, busy or wrong, over the standard library's HTTP.

An answer is waited for `timeout` seconds in all. What may pass (no connection, silence, a busy or broken server, an
answer that makes no sense) is asked again after 0.5, 1, 2, ... seconds, at most 30, or as long as the server says, at
most 60. What will not pass is refused at once, in the server's own words. A redirection is not followed: the key would
go along. The key appears in no message.
"""

from __future__ import annotations

import http.client
import json
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from tutelage.core.errors import Fault, Refused, TutelageError
from tutelage.student.text._openai import Said

PASSES = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 520, 522, 524, 529})
LARGEST = 64_000_000  # bytes of an answer
FIRST, MOST, TOLD = 0.5, 30.0, 60.0  # seconds


class Wire(NamedTuple):
    """Where to ask, and how patiently. key_env: the name of the variable that `key` came from."""

    url: str
    key: str | None
    key_env: str
    timeout: float
    retries: int


class Passing(Exception):
    """Something that may be gone the next time. wait: seconds that the server asked for."""

    def __init__(self, what: str, wait: float | None = None) -> None:
        super().__init__(what)
        self.wait = wait


class _Stay(urllib.request.HTTPRedirectHandler):
    """Follows nobody."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


def local(url: str) -> bool:
    """Whether the server is on this machine."""
    return urllib.parse.urlsplit(url).hostname in {"localhost", "127.0.0.1", "::1"}


def post(wire: Wire, path: str, body: Mapping[str, Any], read: Callable[[Any], Said]) -> Said:
    """What `read` makes of the server's answer; its ValueError says that the answer makes no sense.

    Refused for what will not pass; TutelageError when it has not passed after all retries.
    """
    data = json.dumps(body, ensure_ascii=False).encode()
    for turn in range(wire.retries + 1):
        try:
            return _once(wire, f"{wire.url.rstrip('/')}/{path}", data, read)
        except Passing as passing:
            if turn == wire.retries:
                times = f"{turn + 1} times" if turn else "once"
                help = "what was bought so far is kept: tutelage resume last"
                raise TutelageError(f"{wire.url}: asked {times}, last: {passing}\n    {help}") from None
            time.sleep(min(FIRST * 2**turn, MOST) if passing.wait is None else min(passing.wait, TOLD))
    raise AssertionError("a loop of at least one turn ends above")


def _once(wire: Wire, url: str, data: bytes, read: Callable[[Any], Said]) -> Said:
    headers = {"Content-Type": "application/json", "Accept": "application/json", "User-Agent": "tutelage"}
    if wire.key is not None:
        headers["Authorization"] = f"Bearer {wire.key}"
    handlers = [_Stay(), *([urllib.request.ProxyHandler({})] if local(url) else [])]
    request = urllib.request.Request(url, data=data, headers=headers, method="POST")
    ends = time.monotonic() + wire.timeout
    try:
        with urllib.request.build_opener(*handlers).open(request, timeout=wire.timeout) as answer:
            return read(json.loads(_read(answer, ends)))
    except urllib.error.HTTPError as error:
        with error:
            raise _refusal(wire, error) from None
    except urllib.error.URLError as error:
        if isinstance(error.reason, ssl.SSLCertVerificationError):
            raise Refused(Fault("student.url", f"{wire.url}: {error.reason.verify_message}")) from None
        raise Passing(f"no connection ({error.reason})") from None
    except TimeoutError:
        raise Passing(f"no answer within {wire.timeout:g} s") from None
    except (OSError, http.client.HTTPException) as error:
        raise Passing(f"the connection broke ({type(error).__name__}: {error})") from None
    except ValueError as error:
        raise Passing(f"the answer makes no sense ({error})") from None


def _read(answer: Any, ends: float) -> bytes:
    """The whole body; a server that sends it drop by drop has no more time than one that is silent."""
    held: list[bytes] = []
    size = 0
    while piece := answer.read1(65_536):
        held.append(piece)
        size += len(piece)
        if size > LARGEST:
            raise ValueError(f"it is longer than {LARGEST} bytes")
        if time.monotonic() > ends:
            raise TimeoutError
    return b"".join(held)


def _refusal(wire: Wire, error: urllib.error.HTTPError) -> Exception:
    """What an HTTP status means: to be asked again, or a fault of the request."""
    code = error.code
    said = _message(error.read(65_536).decode(errors="replace"))
    if wire.key:
        said = said.replace(wire.key, "***")
    what = f"{wire.url} answers {code}: {said or error.reason}"
    if code in PASSES:
        after = error.headers.get("Retry-After", "")
        return Passing(what, float(after) if after.replace(".", "", 1).isdigit() else None)
    if code in {401, 403}:
        held = f"the key in the environment variable {wire.key_env} was sent" if wire.key else "no key was sent"
        return Refused(Fault("student.key_env", f"{what}; {held}", "name the variable that holds the key: key_env"))
    if 300 <= code < 400:
        return Refused(
            Fault("student.url", f"{what}, to {error.headers.get('Location', '?')}", "give the final address")
        )
    help = "is the model called so there, and does url end as the server says, often in /v1?" if code == 404 else ""
    return Refused(Fault("student.text.endpoint", what, help))


def _message(body: str) -> str:
    """The sentence inside an error's body, at most 300 characters."""
    try:
        told = json.loads(body)
    except ValueError:
        told = body
    while isinstance(told, dict):
        told = next((told[key] for key in ("error", "message", "detail") if key in told), json.dumps(told))
    return " ".join(str(told).split())[:300]
