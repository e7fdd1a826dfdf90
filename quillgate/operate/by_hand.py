"""What a person orders of uploads, on record: for the command and for the console.

An upload is delivered again, dead letters are put back, or an upload that nobody can deliver is
dismissed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from sftp_watchdog.entry import Entry
from sftp_watchdog.ledger_names import Ref

from quillgate.audit import Audit
from quillgate.errors import NoUploadError, OrderError
from quillgate.operate import versions
from quillgate.operate.deployment import Deployment
from quillgate.operate.orders import Orders
from quillgate.operate.redrive import (
    Redriven,
    Wanted,
    dead_entries,
    dead_letters,
    newest_entry,
    one_entry,
)
from quillgate.operate.words import moment, safe
from quillgate.users.key_kinds import PRIVATE
from quillgate.users.key_text import has_private_key

DEAD_LETTERS = "dead letters"  # what the audit trail says that a redrive of many is about
# What waits for a person: that the file is of no use is theirs to say.
_DISMISSABLE = ("waiting", "unrouted", "rejected", "partial")


def redrive(
    orders: Orders,
    audit: Audit,
    wanted: Wanted,
    done: Redriven,
    say: Callable[[int], None] = lambda _: None,
) -> None:
    """Put back what is wanted; `done` counts on, and has the words for a single upload."""
    is_one = wanted.key is not None and wanted.message_id is None
    entry = newest_entry(orders.deployment, wanted) if is_one else None
    _redrive(orders, audit, wanted, done, entry, say)


def _redrive(  # noqa: PLR0913, PLR0917  # an order, and the entry that was looked up for it
    orders: Orders,
    audit: Audit,
    wanted: Wanted,
    done: Redriven,
    entry: Entry | None,
    say: Callable[[int], None] = lambda _: None,
) -> None:
    is_letter, is_key = wanted.message_id is not None, wanted.key is not None
    before = {"state": entry.outcome} if entry else None
    with audit.change("redrive", wanted.key or DEAD_LETTERS, before) as draft:
        try:
            dead_letters(orders, wanted, done, say)
            if entry:
                done.said = one_entry(orders, entry, done)
            elif not (is_letter or is_key):
                dead_entries(orders, wanted, done, say)
        finally:
            draft.after = _after(entry, done, is_one=is_letter or is_key)


def deliver_again(orders: Orders, audit: Audit, wanted: Wanted) -> Redriven:
    """Have one upload told whatever its state; what was done says so in words.

    Raises NoUploadError when S3 does not have it (any more), OrderError when Quill has it already
    or the ledger does not know it.
    """
    entry = newest_entry(orders.deployment, wanted)
    if entry is None:
        advice = "the next sweep tells Quill of it"
        raise OrderError("not in the ledger yet", safe(wanted.key or ""), advice)
    if refusal := why_not_again(entry, orders.deployment.ledger.now()):
        raise OrderError("not delivered again", safe(entry.key), refusal)
    done = Redriven()
    _redrive(orders, audit, replace(wanted, version_id=entry.version_id), done, entry)
    return done


def why_not_again(entry: Entry, now: str) -> str | None:
    """Why an upload whose bytes are there is not to be told again; None when it may be."""
    if entry.is_told:
        return f"it is {entry.outcome} since {moment(entry.updated_at)} UTC"
    return "it is being told at this moment" if entry.is_held(now) else None


def entry_of(deployment: Deployment, key: str, version_id: str | None = None) -> Entry:
    """The entry of a version, or of the newest, also of one that S3 has no more.

    Raises NoUploadError when the ledger has none.
    """
    if version_id is None:
        found = deployment.ledger.of_key(key)[:1]
    else:
        upload_id = versions.upload_id(deployment.bucket, key, version_id)
        held = deployment.ledger.find(Ref.of(key, upload_id))
        found = [held.entry] if held else []
    if not found:
        raise NoUploadError("not in the ledger", safe(key), "look for it in the bucket itself")
    return found[0]


def why_not_dismissed(entry: Entry, now: str, *, is_gone: bool) -> str | None:
    """Why an upload is not to be dismissed; None when it may be. `is_gone`: S3 has it no more."""
    if is_gone or entry.outcome in _DISMISSABLE:
        return why_not_again(entry, now)
    settled = why_not_again(entry, now)
    return settled or f"it is {entry.outcome}, and the file is there: have it delivered again"


def dismiss(deployment: Deployment, audit: Audit, entry: Entry, why: str) -> Entry:
    """Settle for good what nobody can deliver, or nobody is to; gives the entry as it is then.

    Raises OrderError when it may not be dismissed, somebody has changed it meanwhile, or `why`
    holds a private key: ledger and trail would keep it.
    """
    if has_private_key(why):
        raise OrderError("not dismissed", safe(entry.key), PRIVATE)
    ledger, reason = deployment.ledger, f"dismissed by {audit.who}: {why}"
    s3, bucket = deployment.client("s3"), deployment.bucket
    is_gone = not versions.has(s3, bucket, entry.key, entry.version_id)
    if refusal := why_not_dismissed(entry, ledger.now(), is_gone=is_gone):
        raise OrderError("not dismissed", safe(entry.key), refusal)

    def dismissed(found: Entry) -> Entry | None:
        if found != entry:
            return None
        return found.moved(ledger.now(), "done", reason)

    before, after = {"state": entry.outcome}, {"state": "done", "reason": reason}
    with audit.change("dismiss", entry.key, before, _of_version(after, entry)):
        changed = ledger.update(Ref.of(entry.key, entry.upload_id), dismissed)
        if changed is None:
            raise OrderError("has just changed", safe(entry.key), "look at it again")
    return changed


def _after(entry: Entry | None, done: Redriven, *, is_one: bool) -> dict[str, object]:
    if entry:
        return _of_version({"state": "retrying" if done.put_back else entry.outcome}, entry)
    left = {} if is_one else {"left": done.others + done.foreign}
    return {"put back": done.put_back, "files": done.keys, **left}


def _of_version(values: Mapping[str, str], entry: Entry) -> dict[str, object]:
    return {**values, "version": entry.version_id}
