"""The life of one file: from the SFTP login, over S3, ledger and Quill, to the story's download."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from sftp_watchdog.entry import FIRST_STEPS, Entry, Step
from sftp_watchdog.ledger_names import Ref
from sftp_watchdog.shapes import in_utc

from quillgate.errors import NoUploadError
from quillgate.operate import versions
from quillgate.operate.by_hand import entry_of
from quillgate.operate.dead_letters import DeadLetters
from quillgate.operate.deployment import Deployment
from quillgate.operate.orders import is_order
from quillgate.operate.routing import routing
from quillgate.operate.session_log import Line, SessionLog
from quillgate.operate.versions import Version

_SHOWN = 3
_LETTERS_LOOKED_AT = 1000
_LOG_PAGES_AT_A_GLANCE = 3
# What ends one try of the watchdog.
_TRIES = ("retrying", "dead", "accepted", "rejected", "unrouted", "waiting")


@dataclass(frozen=True)
class Moment:
    """Something that happened: when (`2026-11-23T09:00:00.000Z`), where, and what it was."""

    at: str
    where: Literal["SFTP", "S3", "watchdog", "story"]
    what: str


@dataclass(frozen=True)
class VersionLife:
    """One version: its moments, oldest first, and what can be said of it that has no time.

    `size` is in bytes; `outcome` is the ledger's, None when it has no entry; `is_gone` when only
    the ledger still knows of it.
    """

    version_id: str
    at: str
    size: int
    is_deletion: bool
    uploaded_by: str | None
    outcome: str | None
    attempts: int
    moments: tuple[Moment, ...]
    remarks: tuple[str, ...]
    is_gone: bool = False


@dataclass(frozen=True)
class Life:
    """What is known of a key; `versions` end with the newest, `has_older` when some are left out.

    `route` is one sentence: which route the key takes now, and why.
    """

    environment: str
    stack: str
    key: str
    route: str
    versions: tuple[VersionLife, ...]
    has_older: bool


def life_of(deployment: Deployment, key: str, *, whole: bool = False) -> Life:
    """The last versions of `key`, or all. Raises NoUploadError when there is none."""
    s3, bucket = deployment.client("s3"), deployment.bucket
    found = (versions.every if whole else versions.newest)(s3, bucket, key)
    if not found:
        raise versions.none_of(s3, bucket, key)
    shown = found if whole else found[:_SHOWN]
    biographer = _Biographer(deployment)
    told = tuple(biographer.version(each) for each in reversed(shown))
    return _life(deployment, key, biographer.route(key), told, has_older=len(shown) < len(found))


def life_of_version(deployment: Deployment, key: str, version_id: str = "") -> Life:
    """One version of `key`, the newest if none is named, also one that only the ledger still has.

    At a glance: of the server's log and the dead-letter queue no more is read than a page may cost.
    Raises NoUploadError when nobody knows of it.
    """
    s3, bucket = deployment.client("s3"), deployment.bucket
    if not (versions.can_be_listed(key) or deployment.ledger.of_key(key)):
        raise versions.none_of(s3, bucket, key)
    found = versions.newest(s3, bucket, key)
    meant = next((each for each in found if version_id in ("", each.version_id)), None)
    biographer = _Biographer(deployment, is_glance=True)
    try:
        told = biographer.version(meant) if meant else biographer.gone(key, version_id)
    except NoUploadError as error:
        unknown = versions.no_version(found, version_id) if found else None
        raise unknown or versions.none_of(s3, bucket, key) from error
    return _life(deployment, key, biographer.route(key), (told,), has_older=len(found) > 1)


def _life(
    deployment: Deployment,
    key: str,
    route: str,
    told: tuple[VersionLife, ...],
    *,
    has_older: bool,
) -> Life:
    target = deployment.target
    return Life(target.environment, target.stack_name, key, route, told, has_older)


class _Biographer:
    """Gathers what the parts of a stack know of one version."""

    def __init__(self, deployment: Deployment, *, is_glance: bool = False) -> None:
        self._bucket = deployment.bucket
        self._ledger = deployment.ledger
        log = SessionLog(deployment.client("logs"), deployment.server_log_group)
        self._log = replace(log, pages=_LOG_PAGES_AT_A_GLANCE) if is_glance else log
        self._is_glance = is_glance
        self._routing = routing(deployment)
        self._deployment = deployment

    def route(self, key: str) -> str:
        """What becomes of an upload of `key` now."""
        routes, problem = self._routing.routes, self._routing.problem
        story_of = self._ledger.story_is_for(key)
        if story_of and (held := self._ledger.find(story_of)):
            return f"{key!r} is the story of {held.entry.key!r}"
        told = routes.explain(key) if routes else "no routes are in force"
        return f"{told} ({problem})" if problem else told

    def version(self, version: Version) -> VersionLife:
        """All of one version."""
        entry = None if version.is_deletion else self._entry(version)
        # The ledger has the event's time, which has milliseconds.
        at = entry.uploaded_at if entry else in_utc(version.moment)
        session = self._session(version, at)
        moments = [Moment(at, "S3", _stored(version)), *map(_sftp, session)]
        remarks = [] if session else ["no line about it is found in the server's log"]
        if entry:
            download = list(self._download(entry))
            moments += [*_steps(entry), *download]
            remarks += self._remarks(entry)
            if entry.story_at and not download:
                remarks.append("no download of the story is found in the log (yet)")
        elif not version.is_deletion and self._is_routed(version.key):
            remarks.append("not in the ledger yet")
        return VersionLife(
            version_id=version.version_id,
            at=at,
            size=version.size,
            is_deletion=version.is_deletion,
            uploaded_by=entry.uploaded_by if entry else None,
            outcome=entry.outcome if entry else None,
            attempts=entry.attempts if entry else 0,
            moments=tuple(sorted(moments, key=lambda moment: moment.at)),
            remarks=tuple(remarks),
        )

    def gone(self, key: str, version_id: str) -> VersionLife:
        """A version that S3 has no more. Raises NoUploadError when the ledger has none either."""
        entry = entry_of(self._deployment, key, version_id or None)
        moment = datetime.fromisoformat(entry.uploaded_at)
        known = Version(key, entry.version_id or "null", moment, entry.size, entry.etag)
        s3 = self._deployment.client("s3")
        # It may be there all the same: older than the newest 500.
        is_there = versions.has(s3, self._bucket, key, entry.version_id)
        return replace(self.version(known), is_gone=not is_there)

    def _entry(self, version: Version) -> Entry | None:
        upload = version.upload(self._bucket)
        held = self._ledger.find(Ref.of(upload.key, upload.upload_id))
        return held.entry if held else None

    def _session(self, version: Version, at: str) -> list[Line]:
        path, moment = self._path(version.key), datetime.fromisoformat(at)
        if version.is_deletion:
            return self._log.of_removal(path, moment)
        return self._log.of_upload(path, moment, version.size)

    def _download(self, entry: Entry) -> Iterator[Moment]:
        if not entry.story_key or not entry.story_at:
            return
        after = datetime.fromisoformat(entry.story_at)
        found = self._log.of_download(self._path(entry.story_key), after)
        if found:
            *login, close = found
            by = login[0].fields.get("user", "") if login else "a customer"
            what = f"{by} fetched the story: {close.fields['bytes-out']} bytes"
            yield Moment(in_utc(close.moment), "SFTP", what)

    def _remarks(self, entry: Entry) -> Iterator[str]:
        if entry.outcome == "dead" and not self._is_glance:
            yield self._where_dead(entry)
        if entry.due:
            what = "a worker is at it until" if entry.outcome == "telling" else "next try by"
            yield f"{what} {entry.due}"
        if entry.outcome == "accepted" and not entry.story_at:
            yield "no story yet"

    def _where_dead(self, entry: Entry) -> str:
        where = self._deployment
        with DeadLetters(where.client("sqs"), where.dead_letter_queue_url) as queue:
            is_there = queue.holds(entry.upload_id, _LETTERS_LOOKED_AT)
        if is_there is None:
            return f"not among the first {_LETTERS_LOOKED_AT} dead letters"
        if is_there:
            return "on the dead-letter queue - put it back with: quillgate redrive"
        return "not on the dead-letter queue (yet) - quillgate redrive puts it back all the same"

    def _is_routed(self, key: str) -> bool:
        return bool(self._routing.routes and self._routing.routes.find(key))

    def _path(self, key: str) -> str:
        return f"/{self._bucket}/{key}"


def _stored(version: Version) -> str:
    return "deleted (delete marker)" if version.is_deletion else f"stored, {version.size} bytes"


def _steps(entry: Entry) -> Iterator[Moment]:
    """The ledger's history; its tries are counted, also those it no longer has."""
    tries = [_is_try(step) for step in entry.history]
    number = 0
    for order, (step, is_try) in enumerate(zip(entry.history, tries, strict=True)):
        if order == FIRST_STEPS:
            number += max(0, entry.attempts - sum(tries))
        number += is_try
        where: Literal["story", "watchdog"] = "story" if step.what == "story" else "watchdog"
        yield Moment(step.at, where, _step(step, number if is_try else 0, entry.receipt))


def _is_try(step: Step) -> bool:
    return step.what in _TRIES and not is_order(step)


def _step(step: Step, number: int, receipt: str | None) -> str:
    """In words; `number` counts the tries, and is 0 for what is none."""
    match step.what:
        case "story":
            return f"delivered: {step.reason!r}"
        case "retrying" if number:
            return f"attempt {number} failed: {step.reason}"
        case "dead":
            return f"attempt {number} failed, the last one: {step.reason}"
        case "accepted":
            return f"accepted at attempt {number}: {receipt or step.reason}"
        case what:
            return f"{what}: {step.reason}"


def _sftp(line: Line) -> Moment:
    return Moment(in_utc(line.moment), "SFTP", _told(line))


def _told(line: Line) -> str:
    """A log line in words; names without their folder."""
    said = line.fields.get
    name, new = (repr(said(path, "").rpartition("/")[2]) for path in ("path", "new-path"))
    match line.kind:
        case "CONNECTED":
            where = said("source-ip", "somewhere")
            session = f"session {line.session}, {said('client', 'client unknown')}"
            return f"{said('user', '?')} logged in from {where}, {session}"
        case "RENAME":
            return f"RENAME {name} to {new}"
        case "ERROR":
            return f"ERROR at {said('operation', '?')} {name}: {said('message', '?')}"
        case "CLOSE" | "PARTIAL_CLOSE":
            return f"{line.kind} {name}, {said('bytes-in', '?')} bytes"
        case kind:
            return f"{kind} {name}"
