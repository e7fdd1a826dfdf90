"""Whole files only: what is told, what waits for proof or marker, what is withdrawn.

Names here are never plain.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import paramiko
import pytest

from tests.integration.support import Environment, NewUser, Quill, Sftp, eventually, put

NAME = 'q3 sales+más "x" 100%.csv'
WHOLE, FRAGMENT = b"region,amount\nnorth,10.5\n", b"region,amount\nnor"


@dataclass(frozen=True)
class Customer:
    """A user with a route, what Quill and the ledger know of a file, and Transfer's voice."""

    environment: Environment
    quill: Quill
    user: NewUser

    def key(self, name: str = NAME) -> str:
        return f"{self.user.home}/incoming/{name}"

    def statuses(self) -> list[str]:
        """Of all that Quill heard of the customer's files, in order."""
        return [item["status"] for item in self.quill.notifications(project=self.user.name)]

    def outcomes(self, name: str = NAME) -> list[str]:
        """Of every version, oldest first."""
        entries = sorted(self._entries(self.key(name)), key=lambda entry: str(entry["uploaded_at"]))
        return [entry["outcome"] for entry in entries]

    def await_outcomes(self, *expected: str, name: str = NAME) -> None:
        def told() -> None:
            assert self.outcomes(name) == [*expected]

        eventually(told)

    def put_directly(self, body: bytes, name: str = NAME) -> dict[str, Any]:
        """Past Transfer, which says nothing of it; gives what it would say."""
        s3, began = self.environment.client("s3"), datetime.now(UTC).isoformat()
        answer = s3.put_object(Bucket=self.environment.bucket, Key=self.key(name), Body=body)
        etag = str(answer["ETag"]).strip('"')
        return {"bytes": len(body), "etag": etag, "start-timestamp": began}

    def say(self, what: str, **detail: Any) -> None:
        """Send an event in Transfer's name; `what` is how its detail type ends."""
        always = {
            "server-id": self.environment.server_id,
            "file-path": f"/{self.environment.bucket}/{self.key()}",
            "end-timestamp": datetime.now(UTC).isoformat(),
        }
        entry = {
            "Source": "quillgate.transfer",
            "DetailType": f"SFTP Server File Upload {what}",
            "Detail": json.dumps(always | detail),
        }
        answer = self.environment.client("events").put_events(Entries=[entry])
        assert answer["FailedEntryCount"] == 0

    def log(self, kind: str, **fields: str) -> None:
        """Write a line into Transfer's log; returns when it can be read there."""
        logs, stream = self.environment.client("logs"), f"{self.user.name}.0123456789abcdef"
        group = f"/aws/vendedlogs/transfer/{self.environment.stack_name}"
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
        path = f"/{self.environment.bucket}/{self.key()}"
        line = {"activity-type": kind, "path": path, "session-id": stream[-16:], **fields}
        event = {"timestamp": int(time.time() * 1000), "message": json.dumps(line)}
        logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=[event])

        def readable() -> None:
            found = logs.filter_log_events(logGroupName=group, logStreamNames=[stream])
            assert found["events"]

        eventually(readable)

    def sweep(self) -> None:
        """Run the scheduled sweep now."""
        name = f"{self.environment.stack_name}-sweep"
        answer = self.environment.client("lambda").invoke(FunctionName=name, Payload=b"{}")
        assert "FunctionError" not in answer, answer["Payload"].read()

    def _entries(self, key: str) -> list[dict[str, Any]]:
        s3, bucket = self.environment.client("s3"), self.environment.ledger_bucket
        folder = f"entries/{hashlib.sha256(key.encode()).hexdigest()[:32]}/"
        found = s3.list_objects_v2(Bucket=bucket, Prefix=folder).get("Contents", [])
        bodies = [s3.get_object(Bucket=bucket, Key=each["Key"])["Body"] for each in found]
        return [json.load(body) for body in bodies]


Sessions = Callable[[NewUser], Sftp]
Customers = Callable[..., Customer]


@pytest.fixture
def customers(environment: Environment, quill: Quill) -> Customers:
    """Makes customers whose files count as whole as the given lines of their route say."""

    def make(*lines: str) -> Customer:
        user = environment.new_user()
        environment.add_route(
            f'project = "{user.name}"\ndirectory = "{user.home}/incoming"\n'
            f'stories = "{user.home}/outgoing"\n' + "\n".join(lines)
        )
        return Customer(environment, quill, user)

    return make


def cut(customer: Customer, name: str, content: bytes) -> None:
    """Send some of a file and be gone."""
    with customer.environment.ssh(customer.user) as transport:
        session = paramiko.SFTPClient.from_transport(transport)
        assert session is not None
        file = session.open(f"incoming/{name}", "wb")
        file.write(content)
        file.flush()
        transport.sock.close()


CLOSE, PROOF = 'complete = "close"', 'complete = "proof"'
MARKER = ('complete = "marker"', 'marker = "*.done"')


@pytest.mark.parametrize("content", [FRAGMENT, b""])
def test_of_a_cut_upload_quill_keeps_nothing(
    content: bytes, customers: Customers, sftp: Sessions
) -> None:
    customer = customers(CLOSE)
    sftp(customer.user).mkdir("incoming")
    cut(customer, NAME, content)
    customer.await_outcomes("partial")
    # The event of S3 may have been first, or Transfer's.
    assert customer.statuses() in ([], ["withdrawn"])
    put(sftp(customer.user), f"incoming/{NAME}", WHOLE)
    customer.await_outcomes("partial", "accepted")
    assert customer.statuses()[-1:] == ["accepted"]


def test_what_was_told_before_it_was_known_to_be_a_fragment_is_withdrawn(
    customers: Customers, quill: Quill
) -> None:
    customer = customers(CLOSE)
    written = customer.put_directly(FRAGMENT)
    item = quill.accepted(customer.key())
    known = {name: written[name] for name in ("bytes", "start-timestamp")}
    broken = {**known, "failure-code": "PARTIAL_UPLOAD"}
    customer.say("Failed", **broken)
    customer.await_outcomes("partial")
    assert customer.statuses() == ["withdrawn"]
    customer.say("Failed", **broken)
    withdrawn = quill.notification(customer.key())
    assert (withdrawn["id"], withdrawn["attempts"]) == (item["id"], 1)


def test_proof_comes_with_the_upload(customers: Customers, sftp: Sessions, quill: Quill) -> None:
    customer = customers(PROOF)
    put(sftp(customer.user), f"incoming/{NAME}", WHOLE)
    assert quill.accepted(customer.key())["size"] == len(WHOLE)
    assert customer.outcomes() == ["accepted"]


def test_without_proof_a_file_waits_for_it(customers: Customers, quill: Quill) -> None:
    customer = customers(PROOF)
    written = customer.put_directly(WHOLE)
    customer.await_outcomes("waiting")
    assert customer.statuses() == []
    customer.say("Completed", **written)
    quill.accepted(customer.key())
    customer.await_outcomes("accepted")


def test_under_proof_a_fragment_is_never_told(customers: Customers, sftp: Sessions) -> None:
    customer = customers(PROOF)
    session = sftp(customer.user)
    session.mkdir("incoming")
    cut(customer, NAME, FRAGMENT)
    customer.await_outcomes("partial")
    put(session, f"incoming/{NAME}", WHOLE)
    customer.await_outcomes("partial", "accepted")
    assert customer.statuses() == ["accepted"]


def test_the_proof_of_a_temporary_name_holds_for_the_last(
    customers: Customers, sftp: Sessions, quill: Quill
) -> None:
    """WinSCP uploads like this."""
    customer = customers(PROOF)
    session = sftp(customer.user)
    put(session, f"incoming/{NAME}.filepart", WHOLE)
    session.rename(f"incoming/{NAME}.filepart", f"incoming/{NAME}")
    quill.accepted(customer.key())
    assert customer.statuses() == ["accepted"]
    assert customer.outcomes(f"{NAME}.filepart") == []


def test_a_fragment_renamed_is_not_proven_by_that(customers: Customers, sftp: Sessions) -> None:
    customer = customers(PROOF)
    session = sftp(customer.user)
    session.mkdir("incoming")
    cut(customer, f"{NAME}.filepart", FRAGMENT)

    def rename() -> None:
        session.rename(f"incoming/{NAME}.filepart", f"incoming/{NAME}")

    eventually(rename)
    put(session, "incoming/last.csv", WHOLE)
    customer.await_outcomes("accepted", name="last.csv")
    customer.await_outcomes("waiting")
    assert customer.statuses() == ["accepted"]


def test_a_file_waits_for_its_marker(customers: Customers, sftp: Sessions, quill: Quill) -> None:
    customer = customers(*MARKER)
    session = sftp(customer.user)
    put(session, f"incoming/{NAME}", WHOLE)
    customer.await_outcomes("waiting")
    put(session, f"incoming/{NAME}.done", b"")
    assert quill.accepted(customer.key())["size"] == len(WHOLE)
    assert customer.statuses() == ["accepted"]


def test_a_marker_may_come_first(customers: Customers, sftp: Sessions, quill: Quill) -> None:
    customer = customers(*MARKER)
    session = sftp(customer.user)
    put(session, f"incoming/{NAME}.done", b"")
    put(session, f"incoming/{NAME}", WHOLE)
    quill.accepted(customer.key())
    assert customer.statuses() == ["accepted"]


def test_a_marker_left_over_declares_nothing_whole(customers: Customers, sftp: Sessions) -> None:
    customer = customers(*MARKER)
    session = sftp(customer.user)
    put(session, f"incoming/{NAME}", WHOLE)
    put(session, f"incoming/{NAME}.done", b"")
    customer.await_outcomes("accepted")
    put(session, f"incoming/{NAME}", FRAGMENT)
    customer.await_outcomes("accepted", "waiting")
    put(session, f"incoming/{NAME}.done", b"")
    customer.await_outcomes("accepted", "accepted")


def test_a_version_overwritten_before_its_marker_is_never_told(
    customers: Customers, sftp: Sessions, quill: Quill
) -> None:
    customer = customers(*MARKER)
    session = sftp(customer.user)
    put(session, f"incoming/{NAME}", FRAGMENT)
    customer.await_outcomes("waiting")
    put(session, f"incoming/{NAME}", WHOLE)
    put(session, f"incoming/{NAME}.done", b"")
    customer.await_outcomes("partial", "accepted")
    assert quill.accepted(customer.key())["size"] == len(WHOLE)


def test_a_fragment_whose_event_was_lost_is_known_from_transfers_log(
    customers: Customers, quill: Quill
) -> None:
    customer = customers(CLOSE)
    written = customer.put_directly(FRAGMENT)
    quill.accepted(customer.key())
    customer.log("PARTIAL_CLOSE", **{"bytes-in": str(written["bytes"])})
    # Once: each sweep puts on the queue what the log has of all the tests beside this one.
    customer.sweep()
    customer.await_outcomes("partial")
    assert customer.statuses() == ["withdrawn"]
