"""Verified downloads: resumed where they were cut off, tried again, and in place only when whole."""

import hashlib
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import httpx

from shinso._checks import real, whole_number

_GONE = {400, 401, 403, 404, 405, 410, 451}  # asking the same mirror again will not help


class DownloadProgress(NamedTuple):
    """How far a download is.

    Attributes:
        name: name of the file.
        received: bytes that lie on the disk.
        total: bytes of the whole file, when the server says so.
        url: the mirror asked.
        message: what happened since, such as a retry; empty while bytes flow.
    """

    name: str
    received: int
    total: int | None
    url: str
    message: str = ""


class DownloadError(OSError):
    """No mirror gave the file; what was received lies in the `.part` file beside the destination."""


class _AttemptError(Exception):
    """One attempt failed; `again` says whether the same mirror is worth another."""

    def __init__(self, reason: str, *, again: bool = True) -> None:
        super().__init__(reason)
        self.again = again


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def download(
    urls: Sequence[str],
    destination: str | Path,
    *,
    sha256: str,
    progress: Callable[[DownloadProgress], None] | None = None,
    attempts: int = 4,
    backoff_seconds: float = 1.0,
    stall_seconds: float = 20.0,
) -> Path:
    """Return the path of a file that is downloaded, verified, and only then put in its place.

    Bytes go to `destination` + `.part`. A transfer that breaks off or stalls is taken up again where it stopped (HTTP
    Range; from the beginning where the server ignores it), after waiting `backoff_seconds`, then twice as long each
    time. A file that is whole but has another checksum is thrown away. When a mirror is exhausted, or answers that it
    has no such file, the next is asked. The finished file is moved to `destination` in one atomic step; Ctrl-C, like
    failure, leaves the `.part` file for the next call.

    Args:
        urls: the mirrors of the file, in the order in which they are asked.
        destination: where the file goes; its folder is made.
        sha256: the published SHA-256, 64 hexadecimal digits. A destination that already has it is left alone.
        progress: called with a `DownloadProgress` after each piece and before each retry.
        attempts: how often each mirror is asked, at least 1.
        backoff_seconds: wait before the second attempt, in seconds.
        stall_seconds: how long the connection may be silent before the attempt is given up, in seconds.

    Returns:
        `destination`.

    Raises:
        DownloadError: no mirror gave a file with this checksum.
        OSError: the file cannot be written (disk full, read-only folder).
        ValueError: no mirror is given, or a number is out of range.
    """
    destination = Path(destination)
    whole_number("attempts", attempts, least=1)
    real("backoff_seconds", backoff_seconds, least=0)
    real("stall_seconds", stall_seconds, above=0)
    if not urls:
        raise ValueError("urls must name at least one mirror; got none.")
    if destination.is_file() and sha256_of(destination) == sha256:
        return destination
    destination.parent.mkdir(parents=True, exist_ok=True)
    part = destination.with_name(destination.name + ".part")
    reasons: list[str] = []
    with httpx.Client(timeout=stall_seconds, follow_redirects=True) as client:
        for url in urls:
            for attempt in range(attempts):
                try:
                    _receive(client, url, part, destination.name, progress)
                    _verify(part, sha256)
                except _AttemptError as failure:
                    reasons.append(f"{url}: {failure}")
                    if not failure.again or attempt + 1 == attempts:
                        break
                    wait = backoff_seconds * 2**attempt
                    _tell(progress, destination.name, part, url, f"{failure}; trying again in {wait:g} s")
                    time.sleep(wait)
                else:
                    os.replace(part, destination)
                    return destination
    kept = f"; the {part.stat().st_size} bytes received are kept in {part}" if part.exists() else ""
    raise DownloadError(f"{destination.name} could not be downloaded ({'; '.join(dict.fromkeys(reasons))}){kept}.")


def _receive(
    client: httpx.Client,
    url: str,
    part: Path,
    name: str,
    progress: Callable[[DownloadProgress], None] | None,
) -> None:
    """Append the missing bytes of `url` to `part`, or write it anew where the server sends it all."""
    have = part.stat().st_size if part.exists() else 0
    # Identity: a server that compresses on the way would send bytes that are not the file's.
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    try:
        with client.stream("GET", url, headers=headers) as response:
            if _already_whole(response, have):
                return
            resumed = _resumes(response, part, have)
            received = have if resumed else 0
            length = response.headers.get("Content-Length", "")
            total = received + int(length) if length.isdigit() else None
            with part.open("ab" if resumed else "wb") as file:
                for piece in response.iter_raw():
                    file.write(piece)
                    received += len(piece)
                    if progress is not None:
                        progress(DownloadProgress(name, received, total, url))
                file.flush()
                os.fsync(file.fileno())
    except httpx.TimeoutException as error:
        raise _AttemptError("the connection stalled") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        again = not isinstance(error, httpx.UnsupportedProtocol | httpx.InvalidURL)
        raise _AttemptError(f"the connection failed: {error}", again=again) from error


def _already_whole(response: httpx.Response, have: int) -> bool:
    """Whether the server refuses to continue because nothing is missing."""
    return response.status_code == 416 and response.headers.get("Content-Range", "") == f"bytes */{have}"


def _resumes(response: httpx.Response, part: Path, have: int) -> bool:
    """Whether the answer continues the `have` bytes on the disk; raises `_AttemptError` when it is no file at all."""
    status = response.status_code
    if status == 200:
        return False
    if status == 206 and response.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
        return True
    if status in (206, 416):
        part.unlink(missing_ok=True)
        raise _AttemptError("the server cannot continue the file begun, which is thrown away")
    raise _AttemptError(f"the server answered {status}", again=status not in _GONE)


def _verify(part: Path, sha256: str) -> None:
    found = sha256_of(part)
    if found != sha256:
        part.unlink()
        raise _AttemptError(f"the file received has SHA-256 {found}, where {sha256} was published")


def _tell(progress: Callable[[DownloadProgress], None] | None, name: str, part: Path, url: str, message: str) -> None:
    if progress is not None:
        received = part.stat().st_size if part.exists() else 0
        progress(DownloadProgress(name, received, None, url, message))
