"""Downloads: whole and checked, or not at all."""

from __future__ import annotations

import hashlib
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from explorer.engine import downloads
from explorer.engine.downloads import Checksum, download
from explorer.engine.records import Step
from explorer.engine.steps import finish
from explorer.errors import UserError
from tests.engine.files_server import Site, served
from tests.engine.sentences import assert_one_sentence

CONTENT = bytes(range(256)) * 8000
SUM = Checksum("sha256", hashlib.sha256(CONTENT).hexdigest()[:8])


@pytest.fixture
def site() -> Iterator[Site]:
    with served() as site:
        site.files["/file.bin"] = CONTENT
        yield site
    for thread in threading.enumerate():
        if thread.name == "download":
            thread.join(5)
            assert not thread.is_alive()


def refused(url: str, target: Path, checksum: Checksum = SUM) -> str:
    """The sentence; nothing is left in the folder."""
    with pytest.raises(UserError) as caught:
        finish(download(url, target, checksum, "the file"))
    assert_one_sentence(caught.value)
    assert not target.parent.is_dir() or not [path for path in target.parent.iterdir() if path != target]
    return str(caught.value)


def test_a_file_arrives_whole_with_progress(site: Site, tmp_path: Path) -> None:
    target = tmp_path / "deep" / "er" / "file.bin"
    steps: list[Step] = []
    assert finish(download(f"{site.address}/file.bin", target, SUM, "the file"), steps.append) == target
    assert target.read_bytes() == CONTENT
    assert list(target.parent.iterdir()) == [target]
    fractions = [step.fraction for step in steps if step.fraction is not None]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    assert all(step.waiting and "the file" in step.text for step in steps)


def test_a_download_that_breaks_off_leaves_nothing(site: Site, tmp_path: Path) -> None:
    site.broken_off.add("/file.bin")
    assert "broke off" in refused(f"{site.address}/file.bin", tmp_path / "file.bin")
    assert not (tmp_path / "file.bin").exists()


def test_a_wrong_checksum_leaves_nothing_and_keeps_the_old_file(site: Site, tmp_path: Path) -> None:
    target = tmp_path / "file.bin"
    target.write_bytes(b"old")
    assert "checksum differs" in refused(f"{site.address}/file.bin", target, Checksum("sha256", "00000000"))
    assert target.read_bytes() == b"old"
    finish(download(f"{site.address}/file.bin", target, SUM, "the file"))
    assert target.read_bytes() == CONTENT


def test_other_checksums(site: Site, tmp_path: Path) -> None:
    md5 = Checksum("md5", hashlib.md5(CONTENT).hexdigest())
    finish(download(f"{site.address}/file.bin", tmp_path / "a", md5, "the file"))
    assert (tmp_path / "a").read_bytes() == CONTENT


def test_a_file_that_is_not_there(site: Site, tmp_path: Path) -> None:
    assert "404" in refused(f"{site.address}/other.bin", tmp_path / "file.bin")


def test_without_a_connection(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert "can't be reached" in refused(f"http://127.0.0.1:{port}/file.bin", tmp_path / "file.bin")
    assert "can't be reached" in refused("http://192.0.2.1/file.bin", tmp_path / "file.bin")


def test_what_is_no_server(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            connection.recv(1000)
            connection.sendall(b"what?\r\n\r\n")
            connection.close()

        thread = threading.Thread(target=answer)
        thread.start()
        assert "broke off" in refused(f"http://127.0.0.1:{server.getsockname()[1]}/", tmp_path / "file.bin")
        thread.join()


def test_a_connection_that_falls_silent(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "TIMEOUT", 0.3)
    site.held.add("/file.bin")
    assert "broke off" in refused(f"{site.address}/file.bin", tmp_path / "file.bin")


@pytest.mark.parametrize("steps", [1, 2, 4, 8])
def test_closing_the_job_at_any_step_leaves_nothing(site: Site, tmp_path: Path, steps: int) -> None:
    site.held.add("/file.bin")
    job = download(f"{site.address}/file.bin", tmp_path / "file.bin", SUM, "the file")
    for _ in range(steps):
        next(job)
    began = time.monotonic()
    job.close()
    assert time.monotonic() - began < 0.5
    assert not list(tmp_path.iterdir())


def test_no_step_waits_long(site: Site, tmp_path: Path) -> None:
    site.held.add("/file.bin")
    job = download(f"{site.address}/file.bin", tmp_path / "file.bin", SUM, "the file")
    for _ in range(12):
        began = time.monotonic()
        step = next(job)
        assert time.monotonic() - began < 0.5
    assert step.fraction == pytest.approx(0.5, abs=0.01)
    site.release.set()
    finish(job)
    assert (tmp_path / "file.bin").read_bytes() == CONTENT


def test_a_folder_that_can_not_be_written(site: Site, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    assert "can't be saved" in refused(f"{site.address}/file.bin", tmp_path / "taken" / "file.bin")


def test_a_full_disk(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(downloads.os, "replace", full)
    assert "No space left" in refused(f"{site.address}/file.bin", tmp_path / "file.bin")
