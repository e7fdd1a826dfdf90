from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from sftp_watchdog.names import CONFIG_KEY

from quillgate.errors import ConfigError
from quillgate.routes_store import RoutesStore
from quillgate.target import Target
from tests.unit.watchdog_fakes import FakeBucket, client_error


class Bucket(FakeBucket):
    """The bucket, with what the store needs besides."""

    def __init__(self) -> None:
        super().__init__()
        self.metadata: dict[str, str] = {}

    def put_object(self, **request: Any) -> dict[str, Any]:
        answer = super().put_object(**request)
        self.metadata = request.get("Metadata", {})
        return answer

    def head_object(self, **request: Any) -> dict[str, Any]:
        if request["Key"] not in self.objects:
            raise client_error(404)
        moment = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
        return {"Metadata": self.metadata, "LastModified": moment}


class Account:
    """Two people push to one bucket."""

    def __init__(self) -> None:
        self.s3 = Bucket()

    def store(self, who: str) -> RoutesStore:
        identity = {"Arn": f"arn:aws:iam::000000000000:user/{who}"}
        sts = SimpleNamespace(get_caller_identity=lambda: identity)
        clients = {"s3": self.s3, "sts": sts}
        return RoutesStore(Target("aws", "prod-quillgate-sftp", lambda name: clients[name]), "b")


def test_what_is_replaced_is_what_was_read() -> None:
    store = Account().store("kim")
    assert store.read() is None
    store.replace(None, b"1")
    store.replace(store.read(), b"2")
    stored = store.read()
    assert stored is not None
    assert stored.content == b"2"


@pytest.mark.parametrize("there", [b"0", None])
def test_of_two_who_push_the_second_is_told_who_was_first(there: bytes | None) -> None:
    account = Account()
    if there:
        account.s3.put_object(Key=CONFIG_KEY, Body=there)
    kim, lee = account.store("kim"), account.store("lee")
    read_by_both = lee.read()
    kim.replace(kim.read(), b"kim's")
    with pytest.raises(ConfigError) as refused:
        lee.replace(read_by_both, b"lee's")
    assert str(refused.value) == (
        "routes were changed meanwhile: 's3://b/watchdog.config' - by "
        "arn:aws:iam::000000000000:user/kim at 2026-11-23 09:00:00 UTC: look at them "
        "(quillgate routes show), push again"
    )
    assert account.s3.objects[CONFIG_KEY] == b"kim's"


def test_somebody_who_wrote_or_removed_them_without_push_is_told_as_well() -> None:
    account = Account()
    store = account.store("kim")
    account.s3.put_object(Key=CONFIG_KEY, Body=b"0")
    before = store.read()
    account.s3.put_object(Key=CONFIG_KEY, Body=b"1")
    with pytest.raises(ConfigError, match="by somebody, without `routes push` at 2026"):
        store.replace(before, b"2")
    account.s3.delete_object(Key=CONFIG_KEY)
    with pytest.raises(ConfigError, match="they are gone: look"):
        store.replace(before, b"2")


def test_a_refusal_of_s3_is_no_race() -> None:
    account = Account()
    account.s3.failure = client_error(403, "AccessDenied")
    with pytest.raises(ClientError, match="AccessDenied"):
        account.store("kim").replace(None, b"1")
