"""The uploads of one key that S3 still has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from . import events
from .errors import NoVersionsError
from .ledger_names import Ref
from .versions import versions_of

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

    from .events import Upload
    from .ledger import Ledger

# What waits beyond is judged again by the sweep.
_NEWEST = 10


def uploads_of(s3: S3Client, bucket: str, key: str) -> Iterator[Upload]:
    """Every version of `key`, newest first; `uploaded_at` is LastModified, to the second on AWS.

    A thousand of them to a request, as they are asked for. NoVersionsError when S3 fails or
    refuses. Source: S3 API reference, ListObjectVersions (the order).
    """
    with _errors(key):
        for page in versions_of(s3, bucket, key):
            yield from (events.of_version(bucket, each) for each in page if "ETag" in each)


def unsettled(uploads: Iterable[Upload], ledger: Ledger) -> Iterator[Upload]:
    """Those of the newest ten versions that have no outcome for good, as the ledger has them.

    One without an entry has its own event still to come; whoever is at one at this moment looks
    for what it lacked once more.
    """
    now = ledger.now()
    for upload in islice(uploads, _NEWEST):
        held = ledger.find(Ref.of(upload.key, upload.upload_id))
        if held and not held.entry.is_settled and not held.entry.is_held(now):
            yield replace(upload, uploaded_at=held.entry.uploaded_at)


@contextmanager
def _errors(key: str) -> Iterator[None]:
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise NoVersionsError(
            f"versions cannot be listed: {key!r}: {error} - let the watchdog list them"
        ) from error
