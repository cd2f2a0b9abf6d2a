"""Getting a file over the network: with progress, cancellable at any moment, whole and checked or not at all."""

from __future__ import annotations

import hashlib
import http.client
import os
import queue
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from explorer.engine.records import Step
from explorer.errors import UserError
from explorer.sentences import Sentence

TIMEOUT = 15.0
"""Seconds without an answer after which a connection counts as broken off."""
_CHUNK = 1 << 18
_AT_ONCE = 64
_PATIENCE = 0.05
"""Seconds that one step waits for data at most."""


@dataclass(frozen=True)
class Checksum:
    """What a file's digest, in hexadecimal, must begin with; `algorithm` is hashlib's name."""

    algorithm: str
    beginning: str


@dataclass
class _Line:
    """The way from the reading thread to the job: chunks, then None or what went wrong."""

    chunks: queue.Queue[bytes | Exception | None] = field(default_factory=lambda: queue.Queue(_AT_ONCE))
    stop: threading.Event = field(default_factory=threading.Event)
    size: int | None = None

    def put(self, item: bytes | Exception | None) -> bool:
        """Hand over an item; False when nobody wants it any more."""
        while not self.stop.is_set():
            try:
                self.chunks.put(item, timeout=_PATIENCE)
                return True
            except queue.Full:
                continue
        return False


def download(url: str, target: Path, checksum: Checksum, title: str) -> Generator[Step, None, Path]:
    """Fetch `url` into `target`.

    A thread reads from the network; the job itself writes, so that closing the generator at any step leaves neither
    an open file nor half a one. No step waits longer than a moment.

    Args:
        url: http or https.
        target: where the file goes; its folder is made. A file that is there stays until the new one is whole.
        checksum: what to check it by.
        title: what it is, for progress and errors.

    Raises:
        UserError: no connection, no such file, broken off, not the file it should be, or the folder can't be written.
    """
    line = _Line()
    thread = threading.Thread(target=_read, args=(url, line), name="download", daemon=True)
    try:
        with _unfinished(target) as file:
            thread.start()
            digest = hashlib.new(checksum.algorithm, usedforsecurity=False)
            yield from _write(file, digest, line, url, title)
            file.close()
            if not digest.hexdigest().startswith(checksum.beginning):
                raise UserError(
                    "What came from {host} is not the file of {title} (its checksum differs); try again later.",
                    host=urlsplit(url).hostname, title=title,
                )  # fmt: skip
            os.replace(file.name, target)
    except OSError as error:
        raise UserError(
            "{title} can't be saved in {folder}: {reason}.",
            title=title, folder=target.parent, reason=error.strerror or error,
        ) from None  # fmt: skip
    finally:
        line.stop.set()
    return target


@contextmanager
def _unfinished(target: Path) -> Iterator[IO[bytes]]:
    """A new file beside the target, which is gone afterwards."""
    target.parent.mkdir(parents=True, exist_ok=True)
    path = target.with_name(f"{target.name}.{uuid.uuid4().hex}.part")
    file = path.open("xb")
    try:
        yield file
    finally:
        file.close()
        path.unlink(missing_ok=True)


def _write(file: IO[bytes], digest: hashlib._Hash, line: _Line, url: str, title: str) -> Generator[Step, None, None]:
    done, told = 0, time.monotonic()
    while True:
        # Not after each chunk: whoever runs the job may let some time pass between two steps.
        if time.monotonic() - told > _PATIENCE:
            yield _step(done, line.size, title)
            told = time.monotonic()
        try:
            item = line.chunks.get(timeout=_PATIENCE)
        except queue.Empty:
            continue
        if isinstance(item, Exception):
            raise _failure(item, url, title)
        if item is None:
            break
        file.write(item)
        digest.update(item)
        done += len(item)
    yield _step(done, line.size, title)
    if line.size is not None and done < line.size:
        raise _broken_off(url, title)


def _step(done: int, size: int | None, title: str) -> Step:
    if not done:
        return Step(None, Sentence("Connecting for {title}", title=title), waiting=True)
    if not size:
        return Step(None, Sentence("Downloading {title}: {done:.1f} MB", title=title, done=done / 1e6), waiting=True)
    words = Sentence("Downloading {title}: {done:.1f} of {size:.1f} MB", title=title, done=done / 1e6, size=size / 1e6)
    return Step(min(done / size, 1.0), words, waiting=True)


def _read(url: str, line: _Line) -> None:
    """The thread: from the network into the line."""
    try:
        request = urllib.request.Request(url, headers={"User-Agent": "resnet-explorer"})
        with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
            length = response.headers.get("Content-Length", "")
            line.size = int(length) if length.isdigit() else None
            while chunk := response.read1(_CHUNK):
                if not line.put(chunk):
                    return
        line.put(None)
    except Exception as error:  # Whatever it is, the job must hear of it, or it would wait for ever.
        line.put(error)


def _failure(error: Exception, url: str, title: str) -> UserError:
    host = urlsplit(url).hostname
    if isinstance(error, urllib.error.HTTPError):
        return UserError(
            "{host} does not give out {title} (it answers {code}); try again later.",
            host=host, title=title, code=error.code,
        )  # fmt: skip
    if isinstance(error, urllib.error.URLError):
        reason = error.reason
        words = reason.strerror if isinstance(reason, OSError) and reason.strerror else reason
        return UserError(
            "{title} can't be downloaded, since {host} can't be reached ({reason}); check the connection.",
            title=title, host=host, reason=str(words).rstrip("."),
        )  # fmt: skip
    if isinstance(error, OSError | http.client.HTTPException):
        return _broken_off(url, title)
    return UserError("{title} can't be downloaded from {url}: {reason}.", title=title, url=url, reason=error)


def _broken_off(url: str, title: str) -> UserError:
    return UserError(
        "The download of {title} from {host} broke off; nothing was kept, so try again.",
        title=title, host=urlsplit(url).hostname,
    )  # fmt: skip
