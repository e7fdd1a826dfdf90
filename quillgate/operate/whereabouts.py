"""Which object key a person means who names a file."""

from __future__ import annotations

from collections.abc import Iterator

from sftp_watchdog import ledger_names

from quillgate.operate import versions
from quillgate.operate.deployment import Deployment


def key_of(deployment: Deployment, typed: str, folder: str = "") -> str:
    """The key, of what may be a key, `/bucket/key`, `s3://bucket/key`, or a path in `folder`.

    `folder` is a customer's home in the bucket. Raises NoUploadError when nobody knows of any.
    """
    for key in _meant(typed, deployment.bucket, folder):
        if _is_known(deployment, key):
            return key
    raise versions.none_of(deployment.client("s3"), deployment.bucket, key)


def _meant(typed: str, bucket: str, folder: str) -> Iterator[str]:
    """The last is the likeliest that there is something near to."""
    yield typed
    bare = typed.strip().removeprefix("s3://").lstrip("/").removeprefix(f"{bucket}/")
    yield bare
    if folder:
        yield f"{folder}/{bare}"


def _is_known(deployment: Deployment, key: str) -> bool:
    is_listed = deployment.ledger.page(ledger_names.entries_of(ledger_names.digest(key)), 1)
    if is_listed or not versions.can_be_listed(key):
        return bool(is_listed)
    return bool(versions.newest(deployment.client("s3"), deployment.bucket, key))
