"""The ledger: one entry for every upload, in a bucket of its own.

Plain objects and conditional writes: of two workers one gets an upload, and nobody overwrites what
they have not read. The entry is the truth; lists only lead to it, and are written after it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from . import ledger_names as names
from .entry import ATTENTION, Entry
from .errors import LedgerError, TakenError, http_status
from .ledger_names import Ref
from .shapes import in_utc

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

    from .events import Upload

_TRIES = 10


@dataclass(frozen=True)
class Held:
    """An entry as it was read or written, and the ETag under which it may be replaced."""

    entry: Entry
    etag: str


def utc_now() -> datetime:
    """The time, with its zone."""
    return datetime.now(UTC)


class Ledger:
    """The ledger in `bucket`. Every method may raise LedgerError: nothing is lost, try again."""

    def __init__(self, s3: S3Client, bucket: str, clock: Callable[[], datetime] = utc_now) -> None:
        self._s3 = s3
        self.bucket = bucket
        self._clock = clock

    def now(self) -> str:
        """The time, as entries have it."""
        return in_utc(self._clock())

    def later(self, seconds: float) -> str:
        """The time in so many seconds."""
        return in_utc(self._clock() + timedelta(seconds=seconds))

    # One upload

    def claim(self, upload: Upload, uploaded_by: str | None, seconds: float) -> Held:
        """Take the upload for `seconds`: nobody else tells Quill of it meanwhile.

        A settled entry is given as it is, not taken, unless a person wants told what never was.
        TakenError when another worker is at it.
        """
        now, due = self.now(), self.later(seconds)
        if begun := self._create(Entry.begun(upload, uploaded_by, now, due)):
            return begun
        held = self.find(Ref.of(upload.key, upload.upload_id))
        if held is None:
            raise TakenError(f"entry has just gone: {upload.key!r} - tried again")
        if held.entry.is_held(now):
            raise TakenError(f"another worker tells Quill of {upload.key!r} - looked at again")
        if held.entry.is_told or (held.entry.is_settled and not upload.ordered_by):
            return held
        taken = held.entry.moved(now, "telling", "a worker is at it", due=due)
        return self._replace(held, taken)

    def save(self, held: Held, entry: Entry) -> Held:
        """Replace the entry that was held, and put it into the lists.

        TakenError when somebody has changed it since.
        """
        saved = self._replace(held, entry)
        self.list_entry(entry, was=held.entry.listed_as)
        return saved

    def finish(self, held: Held, change: Callable[[Entry], Entry]) -> None:
        """Replace the entry that was held, or what somebody has made of it since."""
        try:
            self.save(held, change(held.entry))
        except TakenError:
            ref = Ref.of(held.entry.key, held.entry.upload_id)
            # A worker that was slow does not undo what another one settled.
            self.update(ref, lambda entry: None if entry.is_settled else change(entry))

    def create(self, entry: Entry) -> Held | None:
        """Write an entry and list it, unless there is one already: then None."""
        created = self._create(entry)
        if created:
            self.list_entry(entry)
        return created

    def update(self, ref: Ref, change: Callable[[Entry], Entry | None]) -> Entry | None:
        """Replace the entry by what `change` makes of it, whoever else changes it meanwhile.

        None when there is no entry, or `change` gives None, which leaves it.
        """
        for _ in range(_TRIES):
            held = self.find(ref)
            changed = change(held.entry) if held else None
            if held is None or changed is None:
                return None
            try:
                saved = self._replace(held, changed)
            except TakenError:
                continue
            # It is where it was listed: whoever dies before listing it is followed by another.
            if changed.outcome != held.entry.outcome:
                self.list_entry(changed, was=held.entry.listed_as)
            return saved.entry
        raise LedgerError(f"entry changes all the time: {ref.entry!r} - tried again later")

    def find(self, ref: Ref) -> Held | None:
        """The entry of one upload, if there is one."""
        with _errors(ref.entry):
            found = self._get(ref.entry)
        if not found:
            return None
        try:
            entry = Entry.from_json(found[0])
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            raise LedgerError(
                f"entry is broken: {ref.entry!r} in {self.bucket!r} - delete all that has its id "
                "in the name, lists too; then `quillgate sweep --all`"
            ) from error
        return Held(entry, found[1])

    def of_key(self, key: str) -> list[Entry]:
        """The entries of every version of `key`, newest first. Its cost is theirs alone."""
        found = [self.find(ref) for ref in self._entries_of(key)]
        entries = [held.entry for held in found if held and held.entry.key == key]
        return sorted(entries, key=lambda entry: entry.uploaded_at, reverse=True)

    # Lists

    def of_day(self, date: str) -> Iterator[Ref]:
        """What was uploaded on a day (`2026-11-23`, UTC), newest first."""
        return self._listed(names.day(date))

    def since(self, date: str) -> Iterator[Ref]:
        """What was uploaded on a day or later, oldest day first; "" for everything."""
        return map(Ref.read, self._names(names.DAYS, after=names.day(date) if date else ""))

    def of_user(self, name: str | None) -> Iterator[Ref]:
        """What a user uploaded, newest first; None for uploads of nobody known."""
        return self._listed(names.user(name))

    def needing_attention(self, state: str) -> Iterator[Ref]:
        """What may be in a state of `ATTENTION`, newest first; the entry says if it still is."""
        return self._listed(names.attention(state))

    def list_entry(self, entry: Entry, was: str = "") -> None:
        """Put an entry into its lists, and out of the one it `was` in; again is harmless."""
        ref = Ref.of(entry.key, entry.upload_id)
        name = ref.listed(entry.uploaded_at)
        folders = [names.user(entry.uploaded_by), names.day(entry.uploaded_at[:10])]
        if entry.outcome in ATTENTION:
            # First: what a day lists, the sweep takes for listed everywhere.
            folders.insert(0, names.attention(entry.outcome))
        with _errors(ref.entry):
            for folder in folders:
                self._s3.put_object(Bucket=self.bucket, Key=folder + name, Body=b"")
            if was in ATTENTION and was != entry.outcome:
                left = names.attention(was) + name
                self._s3.delete_object(Bucket=self.bucket, Key=left)

    # Stories

    def expect_story(self, key: str, ref: Ref) -> None:
        """Remember for which upload the story at `key` will be."""
        with _errors(key):
            name = ref.listed(self.now())
            self._s3.put_object(Bucket=self.bucket, Key=names.story(key), Body=name.encode())

    def story_is_for(self, key: str) -> Ref | None:
        """The upload that the story at `key` is for, the last one told of it."""
        text = self.text(names.story(key))
        return Ref.read(text) if text else None

    # Small texts

    def text(self, name: str) -> str | None:
        """The text kept under `name`, if any."""
        with _errors(name):
            found = self._get(name)
        return found[0].decode() if found else None

    def keep_text(self, name: str, text: str) -> None:
        """Keep a text under `name`, in place of any that was there."""
        with _errors(name):
            self._s3.put_object(Bucket=self.bucket, Key=name, Body=text.encode())

    def keep_first(self, name: str, text: str) -> str:
        """Keep a text under `name` unless there is one; gives the one that is kept."""
        with _errors(name):
            try:
                self._s3.put_object(
                    Bucket=self.bucket, Key=name, Body=text.encode(), IfNoneMatch="*"
                )
            except ClientError as error:
                if http_status(error) not in (409, 412):
                    raise
                found = self._get(name)
                return found[0].decode() if found else text
        return text

    def texts(self, folder: str) -> Iterator[str]:
        """The texts kept in a folder, which ends with `/`."""
        for name in self._names(folder):
            if (text := self.text(name)) is not None:
                yield text

    def drop_text(self, name: str) -> None:
        """Forget what is kept under `name`; harmless when there is nothing."""
        with _errors(name):
            self._s3.delete_object(Bucket=self.bucket, Key=name)

    def page(self, folder: str, limit: int, after: str = "") -> list[str]:
        """The first names in a folder, which ends with `/`, that sort behind the name `after`.

        At most `limit`, up to 1,000: one listing, however full the folder is.
        """
        return list(islice(self._names(folder, after, limit), limit))

    def _create(self, entry: Entry) -> Held | None:
        return self._put(entry, IfNoneMatch="*")

    def _replace(self, held: Held, entry: Entry) -> Held:
        if saved := self._put(entry, IfMatch=held.etag):
            return saved
        raise TakenError(f"another worker has changed the entry of {entry.key!r} - tried again")

    def _put(self, entry: Entry, **condition: Any) -> Held | None:
        """The entry as written; None when the condition does not hold."""
        name = Ref.of(entry.key, entry.upload_id).entry
        with _errors(name):
            try:
                answer = self._s3.put_object(
                    Bucket=self.bucket,
                    Key=name,
                    Body=entry.to_json(),
                    ContentType="application/json",
                    **condition,
                )
            except ClientError as error:
                # 409: another write of the same name at the same moment has won.
                if http_status(error) in (409, 412) or _is_missing(error):
                    return None
                raise
        return Held(entry, answer["ETag"])

    def _get(self, name: str) -> tuple[bytes, str] | None:
        try:
            answer = self._s3.get_object(Bucket=self.bucket, Key=name)
        except ClientError as error:
            if _is_missing(error):
                return None
            raise
        return answer["Body"].read(), answer["ETag"]

    def _entries_of(self, key: str) -> Iterator[Ref]:
        key_hash = names.digest(key)
        for name in self._names(names.entries_of(key_hash)):
            yield Ref(key_hash, name.rpartition("/")[2].removesuffix(".json"))

    def _listed(self, folder: str) -> Iterator[Ref]:
        return map(Ref.read, self._names(folder))

    def _names(self, prefix: str, after: str = "", page_size: int = 1000) -> Iterator[str]:
        # No name is the folder's own.
        start = after or prefix
        with _errors(prefix):
            pages = self._s3.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket,
                Prefix=prefix,
                StartAfter=start,
                PaginationConfig={"PageSize": page_size},
            )
            for page in pages:
                yield from (found["Key"] for found in page.get("Contents", ()))


@contextmanager
def _errors(name: str) -> Iterator[None]:
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise LedgerError(
            f"ledger cannot be used: {name!r}: {error} - let the watchdog read and write it"
        ) from error


def _is_missing(error: ClientError) -> bool:
    """Whether there is no such object; a bucket that is gone is an error."""
    return (
        http_status(error) == 404 and error.response.get("Error", {}).get("Code") != "NoSuchBucket"
    )
