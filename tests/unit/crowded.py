"""A console on a stack with as many users and uploads as one likes, and the bill of each page."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from sftp_watchdog.entry import ATTENTION, Entry
from sftp_watchdog.events import Upload, of_version
from sftp_watchdog.ledger_names import Ref, attention, day, digest, newest_first, user
from sftp_watchdog.requeue import record
from sftp_watchdog.shapes import in_utc
from starlette.testclient import TestClient

from quillgate.audit import Change
from quillgate.console.app import Cookie, create_app
from quillgate.console.desk import Desk
from quillgate.console.sign_in import ChosenRole
from quillgate.target import Target
from tests.unit import aws_in_memory as aws
from tests.unit.console_fakes import Browser
from tests.unit.watchdog_fakes import ROUTES

BUCKET, LEDGER = "uploads-1", "ledger-1"
STATES = ("accepted", *ATTENTION)
ROLE = "arn:aws:iam::123456789012:role/user"
# The newest uploads are of a moment ago, and the oldest of these days.
_DAYS = 10


@dataclass(frozen=True)
class Site:
    """One console in this process: what it cost is on the bill. `key` is the newest file's."""

    browser: Browser
    bill: aws.Bill
    key: str


def name_of(number: int) -> str:
    """A user's name."""
    return f"customer-{number:05d}"


def site(users: int, uploads: int, letters: int) -> Site:
    """So many users; uploads, a seventh in each state, and so many changes; dead letters.

    The first user, whose pages are looked at, has an eighth of the uploads and all changes.
    """
    now = datetime.now(UTC)
    entries = list(_entries(users, uploads, now))
    files, ledger = aws.Bucket(at=now), aws.Bucket(at=now)
    files.fill({**{each.key: b"n" for each in entries}, "watchdog.config": ROUTES.encode()})
    ledger.fill({**dict(_ledger(entries)), **dict(_trail(uploads // len(STATES), now))})
    dead = [each for each in entries if each.outcome == "dead"][:letters]
    bill, parts = aws.Bill(), {
        "s3": aws.S3({BUCKET: files, LEDGER: ledger}),
        "transfer": aws.Transfer({each: _user(each) for each in map(name_of, range(users))}),
        "sqs": aws.Sqs(queue=[], letters=[_event(each) for each in dead]),
        "logs": aws.Logs(),
        "cloudwatch": aws.CloudWatch(),
        "cloudformation": aws.CloudFormation(_OUTPUTS, {}),
    }  # fmt: skip
    clients = {name: aws.client(name, part, bill) for name, part in parts.items()}
    return Site(_operator(clients), bill, entries[0].key)


_OUTPUTS = {
    "WatchdogFunctionName": "dev-quillgate-sftp-watchdog",
    "BucketName": BUCKET,
    "LedgerBucketName": LEDGER,
    "QueueUrl": "http://sqs/1/queue",
    "DeadLetterQueueUrl": "http://sqs/1/letters",
    "UserRoleArn": ROLE,
    "ServerId": aws.SERVER,
    "ServerEndpoint": "s-1.server.transfer.example",
    "SecretName": "secret",
}


def _operator(clients: Mapping[str, Any]) -> Browser:
    target = Target("embedded", "stack-1", clients.__getitem__)
    app = create_app(Desk.of(lambda: target), ChosenRole("kim"), Cookie("secret"))
    browser = Browser(TestClient(app, base_url="http://127.0.0.1"))
    browser.post("/role", role="operator")
    return browser


def _turn(number: int, users: int) -> int:
    return 1 + number % (users - 1) if number % 8 else 0


def _entries(users: int, uploads: int, now: datetime) -> Iterator[Entry]:
    """The newest first; all users but the first take turns."""
    body_etag = aws.etag(b"n")
    some = _upload("some", now, body_etag)
    begun = Entry.begun(some, "", in_utc(now), in_utc(now))
    step = timedelta(days=_DAYS) / max(uploads, 1000)
    for number in range(uploads):
        at, name = now - number * step, name_of(_turn(number, users))
        upload = _upload(f"{name}/incoming/{number}.csv", at, body_etag)
        state: Any = STATES[number % len(STATES)]
        yield replace(
            begun,
            upload_id=upload.upload_id,
            key=upload.key,
            uploaded_at=upload.uploaded_at,
            uploaded_by=name,
            outcome=state,
            reason=f"it is {state}",
        )


def _upload(key: str, at: datetime, body_etag: str) -> Upload:
    listed = {"Key": key, "VersionId": "v1", "LastModified": at, "Size": 1, "ETag": body_etag}
    return of_version(BUCKET, listed)


def _ledger(entries: Sequence[Entry]) -> Iterator[tuple[str, aws.Body]]:
    """As `Ledger.create` writes them."""
    for each in entries:
        ref = Ref.of(each.key, each.upload_id)
        name = ref.listed(each.uploaded_at)
        folders = [user(each.uploaded_by), day(each.uploaded_at[:10])]
        folders += [attention(each.outcome)] if each.outcome in ATTENTION else []
        yield ref.entry, each.to_json
        yield from ((folder + name, b"") for folder in folders)


def _trail(changes: int, now: datetime) -> Iterator[tuple[str, aws.Body]]:
    """As `Audit.change` writes it."""
    step = timedelta(days=_DAYS) / max(changes, 1000)
    for number in range(changes):
        at, about = in_utc(now - number * step), name_of(0)
        change = Change(f"{number:016x}", at, "kim", "console", "users disable", about)
        name = f"{newest_first(at)}-{change.id}"
        yield f"audit/all/{name}", partial(_text, change)
        yield f"audit/about/{digest(about)}/{name}", b""


def _event(entry: Entry) -> str:
    return json.dumps({"Records": [record(entry)]})


def _text(change: Change) -> bytes:
    return change.to_json().encode()


def _user(name: str) -> aws.Answer:
    """As DescribeUser shows one with a key."""
    key = {
        "SshPublicKeyId": "key-1",
        "SshPublicKeyBody": f"ssh-ed25519 {base64.b64encode(_BLOB).decode()} {name}",
        "DateImported": datetime.now(UTC),
    }
    return {
        "Arn": f"arn:aws:transfer:us-east-1:123456789012:user/{aws.SERVER}/{name}",
        "UserName": name,
        "Role": ROLE,
        "HomeDirectory": f"/{BUCKET}/{name}",
        "HomeDirectoryType": "PATH",
        "SshPublicKeys": [key],
        "Tags": [],
    }


_BLOB = b"\0\0\0\x0bssh-ed25519\0\0\0 " + bytes(32)
