from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from sftp_watchdog.names import CONFIG_KEY
from sftp_watchdog.routes import MAX_BYTES

from quillgate.errors import ConfigError, RoutesChangedError
from quillgate.routes_store import RoutesStore
from quillgate.target import Target
from tests.unit.routes_fakes import VersionedS3
from tests.unit.watchdog_fakes import client_error


@pytest.fixture
def s3() -> VersionedS3:
    return VersionedS3()


def store_in(s3: VersionedS3) -> RoutesStore:
    return RoutesStore(Target("aws", "prod-quillgate-sftp", lambda _: s3), "b")


def test_what_is_replaced_is_what_was_read(s3: VersionedS3) -> None:
    store = store_in(s3)
    assert store.read() is None
    store.replace(None, b"1", "kim")
    store.replace(store.read(), b"2", "kim")
    stored = store.read()
    assert stored is not None
    assert (stored.content, stored.pushed_by) == (b"2", "kim")


@pytest.mark.parametrize("there", [b"0", None])
def test_of_two_who_push_the_second_is_told_who_was_first(
    s3: VersionedS3, there: bytes | None
) -> None:
    if there:
        s3.put_object(Key=CONFIG_KEY, Body=there)
    store = store_in(s3)
    read_by_both = store.read()
    store.replace(store.read(), b"kim's", "arn:aws:iam::000000000000:user/kim")
    with pytest.raises(RoutesChangedError) as refused:
        store.replace(read_by_both, b"lee's", "lee")
    assert str(refused.value) == (
        "routes were changed meanwhile: 's3://b/watchdog.config' - "
        f"by arn:aws:iam::000000000000:user/kim at 2026-11-23 12:00:0{int(bool(there))} UTC: "
        "look at them (quillgate routes show), push again"
    )
    assert s3.objects[CONFIG_KEY] == b"kim's"


def test_somebody_who_wrote_or_removed_them_without_push_is_told_as_well(s3: VersionedS3) -> None:
    store = store_in(s3)
    s3.put_object(Key=CONFIG_KEY, Body=b"0")
    before = store.read()
    s3.put_object(Key=CONFIG_KEY, Body=b"1")
    with pytest.raises(RoutesChangedError, match="by somebody unknown at 2026"):
        store.replace(before, b"2", "lee")
    s3.delete_object(Key=CONFIG_KEY)
    with pytest.raises(RoutesChangedError, match="they are gone: look"):
        store.replace(before, b"2", "lee")


def test_a_refusal_of_s3_is_no_race(s3: VersionedS3) -> None:
    s3.failure = client_error(403, "AccessDenied")
    with pytest.raises(ClientError, match="AccessDenied"):
        store_in(s3).replace(None, b"1", "kim")


@pytest.mark.parametrize("who", ["José Núñez", "a\nb", "50%", " 'x' <x@example.org> ", "x" * 400])
def test_metadata_is_ascii_and_whose_name_is_not_is_named_all_the_same(
    s3: VersionedS3, who: str
) -> None:
    store = store_in(s3)
    store.replace(None, b"1", who)
    kept = s3.versions_kept[0].metadata["pushed-by"]
    assert kept.isascii()
    assert kept.isprintable()
    assert kept == kept.strip()
    stored = store.read()
    assert stored is not None
    assert stored.pushed_by == who


def test_no_more_is_read_than_shows_that_it_is_too_large(s3: VersionedS3) -> None:
    s3.put_object(Key=CONFIG_KEY, Body=b"#" * (MAX_BYTES + 1000))
    stored = store_in(s3).read()
    assert stored is not None
    assert len(stored.content) == MAX_BYTES + 1


def test_a_version_is_read_and_a_deletion_is_none(s3: VersionedS3) -> None:
    store = store_in(s3)
    first = store.replace(None, b"1", "kim")
    store.replace(store.read(), b"2", "kim")
    s3.delete_object(Key=CONFIG_KEY)
    assert first.version_id is not None
    assert store.read_version(first.version_id).content == b"1"
    for wrong in (s3.versions_kept[0].version_id, "no such"):
        with pytest.raises(ConfigError, match="no such version of s3"):
            store.read_version(wrong)
