from __future__ import annotations

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.files.cursor import AHEAD, BEHIND, MIB
from emulator.files.download import Download
from emulator.files.errors import FileError, NoSuchFile
from tests.unit.files_fakes import FakeS3

CONTENT = Random(1).randbytes(24 * MIB)  # no two blocks alike


@pytest.fixture
def workers() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as workers:
        yield workers


def opened(s3: FakeS3, workers: ThreadPoolExecutor) -> Download:
    return Download("/b/k", s3.client, "b", "k", workers)


def holding(content: bytes) -> FakeS3:
    s3 = FakeS3()
    s3.objects["k"] = content
    return s3


class Breaking(io.BytesIO):
    """A connection that breaks after 2 MiB."""

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell() >= 2 * MIB:
            raise OSError("connection reset")
        return super().read(size)


class Broken(io.BytesIO):
    """A connection that is broken from the start."""

    def read(self, _: int | None = -1, /) -> bytes:
        raise OSError("connection reset")


class BrokenTwice(Broken):
    """A connection that cannot even be closed."""

    def close(self) -> None:
        raise OSError("connection reset")


def test_one_get_serves_the_whole_file(workers: ThreadPoolExecutor) -> None:
    s3 = holding(CONTENT)
    file = opened(s3, workers)
    got = b"".join(file.read(at, 256 * 1024) for at in range(0, len(CONTENT), 256 * 1024))
    assert got == CONTENT
    assert s3.calls == ["get_object"]
    assert file.bytes_out == file.size == len(CONTENT)


@given(st.lists(st.tuples(st.integers(0, len(CONTENT) + 5), st.integers(0, 300_000)), max_size=8))
@settings(max_examples=15)
def test_any_order(reads: list[tuple[int, int]]) -> None:
    with ThreadPoolExecutor(2) as workers:
        file = opened(holding(CONTENT), workers)
        for offset, length in reads:
            assert file.read(offset, length) == CONTENT[offset : offset + length]
        file.close()


def test_empty_file(workers: ThreadPoolExecutor) -> None:
    file = opened(holding(b""), workers)
    assert file.read(0, 100) == b""
    assert not file.would_wait(0, 100)


def test_missing_file(workers: ThreadPoolExecutor) -> None:
    with pytest.raises(NoSuchFile):
        opened(FakeS3(), workers)


def test_overwritten_meanwhile_it_is_read_as_it_was(workers: ThreadPoolExecutor) -> None:
    s3 = holding(CONTENT)
    file = opened(s3, workers)
    s3.objects["k"] = b"other"
    got = b"".join(file.read(at, MIB) for at in range(0, len(CONTENT), MIB))
    assert got == CONTENT


def test_a_jump_never_mixes_in_other_bytes(workers: ThreadPoolExecutor) -> None:
    s3 = holding(CONTENT)
    file = opened(s3, workers)
    file.read(0, 10)
    s3.objects["k"] = CONTENT[::-1]
    with pytest.raises(FileError, match="changed"):
        file.read(3 * AHEAD - 100, 10)


def test_a_broken_connection_goes_on_where_it_broke(workers: ThreadPoolExecutor) -> None:
    s3 = holding(CONTENT[: 5 * MIB])
    s3.body = Breaking
    file = opened(s3, workers)
    assert b"".join(file.read(at, MIB) for at in range(0, 5 * MIB, MIB)) == CONTENT[: 5 * MIB]
    assert s3.ranges[1].startswith(f"bytes={2 * MIB}-")


@pytest.mark.parametrize("body", [Broken, BrokenTwice])
def test_a_connection_that_never_works_is_given_up(
    workers: ThreadPoolExecutor, body: type[io.BytesIO]
) -> None:
    s3 = holding(CONTENT)
    s3.body = body
    file = opened(s3, workers)
    with pytest.raises(FileError, match="try again"):
        file.read(0, 10)


def test_reading_in_two_places_by_turns_does_not_fetch_twice(workers: ThreadPoolExecutor) -> None:
    s3 = holding(CONTENT)
    file = opened(s3, workers)
    step = 64 * 1024
    for at in range(0, 8 * MIB, step):
        for offset in (at, at + 16 * MIB):
            assert file.read(offset, step) == CONTENT[offset : offset + step]
    assert len(s3.calls) <= 6


def test_memory_is_bounded_after_a_jump_back_too(workers: ThreadPoolExecutor) -> None:
    file = opened(holding(CONTENT), workers)
    for at in [*range(0, 20 * MIB, MIB), 0, 12 * MIB, 1 * MIB]:
        file.read(at, MIB)
        for cursor in file._cursors:  # noqa: SLF001
            window = cursor._window  # noqa: SLF001
            assert window.end - window.start <= 2 * AHEAD + BEHIND + 2 * MIB


def test_closing_lets_the_connection_go(workers: ThreadPoolExecutor) -> None:
    s3, bodies = holding(CONTENT), []
    s3.body = lambda data: bodies.append(io.BytesIO(data)) or bodies[-1]  # type: ignore[func-returns-value]
    file = opened(s3, workers)
    file.read(0, 10)
    file.close()
    workers.shutdown()
    assert all(body.closed for body in bodies)
