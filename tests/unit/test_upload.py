from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from itertools import accumulate

import pytest
from botocore.parsers import ResponseParserError

from emulator.files.errors import RANDOM_ACCESS, FileError, NoSuchFile, PermissionDenied
from emulator.files.multipart import MIB, part_size
from emulator.files.target import Target
from emulator.files.upload import Upload
from tests.unit.files_fakes import FakeS3, refusal

PIECE = bytes(range(256)) * 1024  # 256 KiB


@pytest.fixture
def workers() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(3) as workers:
        yield workers


def upload(s3: FakeS3, workers: ThreadPoolExecutor) -> Upload:
    return Upload("/b/k", Target(s3.client, "b", "k", {"user-agent": "AWSTransfer"}), workers)


def write(file: Upload, size: int) -> bytes:
    content = (PIECE * (size // len(PIECE) + 1))[:size]
    for start in range(0, size, len(PIECE)):
        file.write(start, content[start : start + len(PIECE)])
    return content


@pytest.mark.parametrize("size", [0, 1, 8 * MIB])
def test_what_fits_one_part_is_one_put(size: int, workers: ThreadPoolExecutor) -> None:
    s3 = FakeS3()
    file = upload(s3, workers)
    content = write(file, size)
    assert s3.calls == []
    file.close()
    assert s3.calls == ["put_object"]
    assert s3.objects["k"] == content
    assert s3.metadata["k"] == {"user-agent": "AWSTransfer"}


def test_what_was_there_stays_until_the_first_byte(workers: ThreadPoolExecutor) -> None:
    s3 = FakeS3()
    target = Target(s3.client, "b", "k", {})
    untouched = Upload("/b/k", target, workers, replaced_size=7)
    assert untouched.visible_size == 7
    untouched.close()
    assert untouched.is_left_alone
    assert s3.objects == {}
    written = Upload("/b/k", target, workers, replaced_size=7)
    written.write(0, b"x")
    assert written.visible_size == 1
    written.close()
    assert not written.is_left_alone
    assert s3.objects["k"] == b"x"


@pytest.mark.parametrize("size", [8 * MIB + 1, 33 * MIB])
def test_more_goes_in_parts_and_appears_at_close(size: int, workers: ThreadPoolExecutor) -> None:
    s3 = FakeS3()
    file = upload(s3, workers)
    content = write(file, size)
    assert s3.objects == {}
    file.close()
    assert s3.objects["k"] == content
    assert s3.calls.count("upload_part") == -(-size // (8 * MIB))


@pytest.mark.parametrize("offset", [0, 2, 4])
def test_random_access_spoils_the_upload(offset: int, workers: ThreadPoolExecutor) -> None:
    s3 = FakeS3()
    file = upload(s3, workers)
    file.write(0, b"abc")
    with pytest.raises(FileError, match="random access"):
        file.write(offset, b"x")
    with pytest.raises(FileError) as refused:
        file.close()
    assert str(refused.value) == RANDOM_ACCESS
    assert s3.objects == {}


def test_a_spoiled_large_upload_leaves_no_parts(workers: ThreadPoolExecutor) -> None:
    s3 = FakeS3()
    file = upload(s3, workers)
    write(file, 9 * MIB)
    with pytest.raises(FileError, match="random access"):
        file.write(0, b"x")
    assert s3.aborted
    with pytest.raises(FileError, match="random access"):
        file.write(9 * MIB, b"x")


@pytest.mark.parametrize(
    ("operation", "size"),
    [
        ("put_object", 10),
        ("create_multipart_upload", 9 * MIB),
        ("upload_part", 9 * MIB),
        ("complete_multipart_upload", 9 * MIB),
    ],
)
def test_what_s3_refuses_shows_at_close(
    operation: str, size: int, workers: ThreadPoolExecutor
) -> None:
    s3 = FakeS3(refuse=operation)
    file = upload(s3, workers)
    write(file, size)
    with pytest.raises(PermissionDenied):
        file.close()
    assert s3.objects == {}
    assert s3.aborted is (operation in ("upload_part", "complete_multipart_upload"))


@pytest.mark.parametrize(("retries", "is_done"), [(1, True), (0, False)])
def test_a_completion_whose_answer_was_lost_is_done(
    retries: int, is_done: bool, workers: ThreadPoolExecutor
) -> None:
    """The engine forgets the upload once it is complete: the request sent again meets nothing."""
    error = refusal(404, "NoSuchUpload")
    error.response["ResponseMetadata"]["RetryAttempts"] = retries
    file = upload(FakeS3(refuse="complete_multipart_upload", error=error), workers)
    write(file, 9 * MIB)
    with nullcontext() if is_done else pytest.raises(NoSuchFile):
        file.close()
    assert (file.failure is None) == is_done


def test_ten_thousand_parts_hold_five_tebibytes() -> None:
    ends = list(accumulate(part_size(number) for number in range(1, 10_001)))
    assert ends[-1] >= 5 * 1024**4
    assert max(part_size(number) for number in range(1, 1001)) == 8 * MIB
    assert part_size(10_000) <= 5 * 1024**3


def test_an_error_nobody_foresaw_spoils_the_upload_too(workers: ThreadPoolExecutor) -> None:
    """botocore's error for an answer it cannot parse is none of its own kind."""
    s3 = FakeS3(refuse="upload_part", error=ResponseParserError("no element found"))
    file = upload(s3, workers)
    with pytest.raises(FileError, match="S3 could not be reached"):
        write(file, 40 * MIB)
    with pytest.raises(FileError):
        file.close()
    assert s3.objects == {}
    assert s3.aborted


def test_what_may_have_to_abort_is_said_to_wait(workers: ThreadPoolExecutor) -> None:
    file = upload(FakeS3(), workers)
    write(file, 9 * MIB)
    assert not file.would_wait(9 * MIB, 10)
    assert file.would_wait(5, 10)
    with pytest.raises(FileError):
        file.write(5, b"x")
    assert not file.would_wait(5, 10), "it only tells of the failure"
