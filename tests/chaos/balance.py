"""The balance: what was sent against what was stored, told, answered and written down."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.chaos.books import Books, Version
from tests.chaos.pairs import Pairs, is_story, pair
from tests.chaos.plan import Plan, Upload

ENTRY_OF_FRAGMENT = ("accepted", "partial")
ITEM_OF_FRAGMENT = ("accepted", "withdrawn")


@dataclass(frozen=True)
class Wrong:
    """What is not as it should be, and with which object."""

    key: str
    what: str


@dataclass(frozen=True)
class Balance:
    """Both sides of every line, in words, and all that is wrong."""

    lines: tuple[tuple[str, str], ...]
    wrong: tuple[Wrong, ...]


def balance(plan: Plan, books: Books) -> Balance:
    """Compare what the plan sent with what the books say."""
    pairs = pair(plan, books)
    routed = {version: upload for version, upload in pairs.whole.items() if upload.is_routed}
    items, entries = _by_version(books.items), _by_version(books.entries)
    wrong = [
        *_bytes(books, pairs),
        *_told_once(routed, items),
        *_fragments(pairs.fragments, items),
        *_nothing_else_told(books, pairs),
        *_ledger(books, pairs, items, entries),
        *_stories(books),
        *_queues(books),
    ]
    return Balance(tuple(_lines(books, pairs, routed, items)), tuple(wrong))


def _bytes(books: Books, pairs: Pairs) -> Iterator[Wrong]:
    for upload in pairs.missing:
        yield Wrong(f"{books.homes[upload.lane]}/{upload.path}", f"not stored as sent: {upload}")
    for version in pairs.strange:
        yield Wrong(version.key, f"nobody has sent these bytes: {version}")


def _told_once(
    routed: Mapping[Version, Upload], items: Mapping[tuple[str, str], list[dict[str, Any]]]
) -> Iterator[Wrong]:
    for version in routed:
        told = items.get(version.id, [])
        if len(told) != 1:
            yield Wrong(version.key, f"{len(told)} items at Quill, not 1: {version}")
        for item in told:
            if item["status"] != "accepted" or not item["receipt"] or not item["story_key"]:
                yield Wrong(version.key, f"no receipt or no story: {item}")
            if item["size"] != version.size:
                yield Wrong(version.key, f"told with another size than {version.size}: {item}")


def _fragments(
    fragments: Mapping[Version, Upload], items: Mapping[tuple[str, str], list[dict[str, Any]]]
) -> Iterator[Wrong]:
    for version in fragments:
        told = items.get(version.id, [])
        if len(told) > 1 or any(item["status"] not in ITEM_OF_FRAGMENT for item in told):
            yield Wrong(version.key, f"a fragment told like this: {told}")


def _nothing_else_told(books: Books, pairs: Pairs) -> Iterator[Wrong]:
    paired = {**pairs.whole, **pairs.fragments}
    known = {version.id for version, upload in paired.items() if upload.is_routed}
    for item in books.items:
        if (item["key"], item["version_id"]) not in known:
            yield Wrong(item["key"], f"told without a routed upload: {item}")


def _ledger(
    books: Books,
    pairs: Pairs,
    items: Mapping[tuple[str, str], list[dict[str, Any]]],
    entries: Mapping[tuple[str, str], list[dict[str, Any]]],
) -> Iterator[Wrong]:
    for version, upload in {**pairs.whole, **pairs.fragments}.items():
        found = entries.get(version.id, [])
        # Without a route nobody waits for it: the sweep passes it over, too.
        if len(found) != 1 and (upload.is_routed or found):
            yield Wrong(version.key, f"{len(found)} entries in the ledger, not 1: {version}")
        for entry in found:
            final, told = _final(version, upload, pairs), items.get(version.id, [])
            yield from (
                Wrong(version.key, f"{what}: {entry}") for what in _amiss(entry, final, told)
            )
    known = {version.id for version in (*pairs.whole, *pairs.fragments)}
    for entry in books.entries:
        if (entry["key"], entry["version_id"]) not in known:
            yield Wrong(entry["key"], f"an entry of no upload: {entry}")


def _amiss(
    entry: dict[str, Any], final: tuple[str, ...], told: list[dict[str, Any]]
) -> Iterator[str]:
    """What does not fit in one entry, beside the items of the same version."""
    if entry["outcome"] not in final:
        yield "not its outcome in the ledger"
    receipts, statuses = ({item[name] for item in told} for name in ("receipt", "status"))
    if entry["outcome"] == "accepted" and receipts != {entry["receipt"]}:
        yield f"not Quill's receipt {receipts}"
    if entry["outcome"] == "partial" and statuses - {"withdrawn"}:
        yield f"partial, but {statuses} at Quill"


def _final(version: Version, upload: Upload, pairs: Pairs) -> tuple[str, ...]:
    if version not in pairs.fragments:
        return ("accepted",) if upload.is_routed else ("unrouted",)
    return ENTRY_OF_FRAGMENT if upload.is_routed else ("unrouted", "partial")


def _stories(books: Books) -> Iterator[Wrong]:
    """A story for each item; an older upload's may have given way to a newer one's."""
    stored = Counter(version.key for version in books.versions)
    expected = Counter(item["story_key"] for item in books.items if item["story_key"])
    for key, most in expected.items():
        if not 1 <= stored[key] <= most:
            yield Wrong(key, f"{stored[key]} stories in the bucket, not 1 to {most}")
    for key in stored:
        if is_story(key) and key not in expected:
            yield Wrong(key, "a story of no item")


def _queues(books: Books) -> Iterator[Wrong]:
    if books.queued:
        yield Wrong("", f"{books.queued} messages are left on the queue")
    if books.dead:
        yield Wrong("", f"{books.dead} messages are left on the dead-letter queue")


def _lines(
    books: Books,
    pairs: Pairs,
    routed: Mapping[Version, Upload],
    items: Mapping[tuple[str, str], list[dict[str, Any]]],
) -> Iterator[tuple[str, str]]:
    sent = len(pairs.whole) + sum(1 for each in pairs.missing if each.manner != "cut")
    size = sum(version.size for version in books.versions)
    yield "whole uploads", f"{sent} sent, {len(pairs.whole)} stored byte for byte"
    told = [item for version in routed for item in items.get(version.id, [])]
    accepted = sum(1 for item in told if item["status"] == "accepted")
    yield "of these routed", f"{len(routed)}, {len(told)} items at Quill, {accepted} accepted"
    stories = Counter(version.key for version in books.versions if is_story(version.key))
    yield (
        "stories",
        f"{sum(1 for item in told if item['story_key'])} told, {stories.total()} stored",
    )
    calls = sum(item["attempts"] for item in books.items)
    yield "calls to Quill", f"{calls} for {len(books.items)} items"
    statuses = Counter(
        item["status"] for version in pairs.fragments for item in items.get(version.id, [])
    )
    yield "fragments", f"{len(pairs.fragments)} stored, at Quill: {dict(statuses) or 'none'}"
    yield "temporary names", f"{len(pairs.temporary)} stored, never told"
    yield "versions in the bucket", f"{len(books.versions)} ({size / 1e6:.0f} MB)"
    outcomes = Counter(entry["outcome"] for entry in books.entries)
    yield "entries in the ledger", ", ".join(f"{n} {what}" for what, n in sorted(outcomes.items()))
    failed = Counter(step["what"] for entry in books.entries for step in entry["history"])
    yield "tries that failed", f"{failed['retrying']}, and {failed['dead']} for the last time"
    yield "queue, dead letters", f"{books.queued}, {books.dead}"


def _by_version(records: tuple[dict[str, Any], ...]) -> dict[tuple[str, str], list[dict[str, Any]]]:
    found = defaultdict(list)
    for record in records:
        found[record["key"], record["version_id"]].append(record)
    return dict(found)
