"""The chaos suite's balance sees what it is there to see."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.chaos.balance import balance
from tests.chaos.books import Books, Version
from tests.chaos.plan import LANES, MIB, TEMPORARY, Plan, Upload, make_plan

WHOLE_PLAN = make_plan(7, 60)
# Without the megabytes.
PLAN = replace(WHOLE_PLAN, uploads=tuple(each for each in WHOLE_PLAN.uploads if each.size < MIB))
HOMES = tuple(f"user-{lane}" for lane in range(LANES))


def story_key(key: str) -> str:
    return f"{key.partition('/')[0]}/outgoing/{key}.story.txt"


def stored(upload: Upload, key: str, content: bytes) -> Version:
    return Version(key, f"v{upload.number}", len(content), hashlib.sha256(content).hexdigest())


def versions(plan: Plan) -> Iterator[tuple[Version, Upload]]:
    for upload in plan.uploads:
        key = f"{HOMES[upload.lane]}/{upload.path}"
        sent = upload.content[: upload.cut_at] if upload.manner == "cut" else upload.content
        yield stored(upload, key, sent), upload
        if upload.manner == "filepart":
            yield stored(upload, key + TEMPORARY, sent), upload


def item(version: Version) -> dict[str, Any]:
    return {
        "key": version.key,
        "version_id": version.version_id,
        "size": version.size,
        "status": "accepted",
        "receipt": f"receipt-{version.version_id}",
        "story_key": story_key(version.key),
        "attempts": 1,
    }


def entry(version: Version, outcome: str) -> dict[str, Any]:
    told = {name: item(version)[name] for name in ("key", "version_id", "receipt")}
    return {**told, "outcome": outcome, "history": []}


def perfect() -> Books:
    """What there is when all went well."""
    found = [each for each in versions(PLAN) if not each[0].key.endswith(TEMPORARY)]
    items = tuple(item(version) for version, upload in found if upload.is_routed)
    keys = sorted({each["story_key"] for each in items})
    return Books(
        homes=HOMES,
        versions=(
            *(version for version, _ in versions(PLAN)),
            *(Version(key, "s", 4, "-") for key in keys),
        ),
        items=items,
        entries=tuple(
            entry(version, "accepted" if upload.is_routed else "unrouted")
            for version, upload in found
        ),
        queued=0,
        dead=0,
    )


def changed(records: tuple[Any, ...], **members: Any) -> tuple[Any, ...]:
    """The same records, the first of a whole and routed upload with other members."""
    index = next(number for number, each in enumerate(records) if each["version_id"] == WHOLE)
    return (*records[:index], {**records[index], **members}, *records[index + 1 :])


def without(records: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(each for each in records if each["version_id"] != WHOLE)


WHOLE = next(f"v{each.number}" for each in PLAN.uploads if each.manner == "plain" and each.size)
CUT = next(f"v{each.number}" for each in PLAN.uploads if each.manner == "cut")
GOOD = perfect()
(VERSION,) = (each for each in GOOD.versions if each.version_id == WHOLE)
REST = tuple(each for each in GOOD.versions if each != VERSION)
FRAGMENT = next(each for each in GOOD.items if each["version_id"] == CUT)
REFUSED = {**FRAGMENT, "status": "failed"}
TEMPORARY_VERSION = replace(VERSION, key=f"{VERSION.key}{TEMPORARY}")
STRANGE_STORY = Version(f"{HOMES[0]}/outgoing/x.story.txt", "s", 1, "-")

WRONG = {
    "an upload is gone": (replace(GOOD, versions=REST), "not stored as sent"),
    "a byte is another": (
        replace(GOOD, versions=(*REST, replace(VERSION, sha256="0" * 64))),
        "nobody has sent these bytes",
    ),
    "not told": (replace(GOOD, items=without(GOOD.items)), "0 items at Quill"),
    "told twice": (
        replace(GOOD, items=(*GOOD.items, item(VERSION))),
        "2 items at Quill",
    ),
    "no receipt": (replace(GOOD, items=changed(GOOD.items, status="failed")), "no receipt"),
    "no story": (replace(GOOD, items=changed(GOOD.items, story_key=None)), "no story"),
    "another size": (replace(GOOD, items=changed(GOOD.items, size=-1)), "another size"),
    "no entry": (replace(GOOD, entries=without(GOOD.entries)), "0 entries in the ledger"),
    "held for ever": (
        replace(GOOD, entries=changed(GOOD.entries, outcome="telling")),
        "not its outcome in the ledger",
    ),
    "another receipt": (
        replace(GOOD, entries=changed(GOOD.entries, receipt="x")),
        "not Quill's receipt",
    ),
    "a fragment refused": (
        replace(GOOD, items=tuple(REFUSED if each is FRAGMENT else each for each in GOOD.items)),
        "a fragment told like this",
    ),
    "partial, but not withdrawn": (
        replace(
            GOOD,
            entries=tuple(
                {**each, "outcome": "partial"} if each["version_id"] == CUT else each
                for each in GOOD.entries
            ),
        ),
        "partial, but {'accepted'} at Quill",
    ),
    "a temporary name told": (
        replace(GOOD, items=(*GOOD.items, item(TEMPORARY_VERSION))),
        "told without a routed upload",
    ),
    "a story too many": (
        replace(GOOD, versions=(*GOOD.versions, STRANGE_STORY)),
        "a story of no item",
    ),
    "a message left": (replace(GOOD, queued=1), "left on the queue"),
    "a dead letter": (replace(GOOD, dead=1), "left on the dead-letter queue"),
}


def test_what_is_in_balance_is_found_so() -> None:
    assert balance(PLAN, GOOD).wrong == ()


@pytest.mark.parametrize(("books", "words"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_found(books: Books, words: str) -> None:
    assert any(words in each.what for each in balance(PLAN, books).wrong)


def test_a_fragment_that_was_withdrawn_and_is_partial_is_accounted_for() -> None:
    items = tuple(
        {**each, "status": "withdrawn"} if each["version_id"] == CUT else each
        for each in GOOD.items
    )
    entries = tuple(
        {**each, "outcome": "partial"} if each["version_id"] == CUT else each
        for each in GOOD.entries
    )
    assert balance(PLAN, replace(GOOD, items=items, entries=entries)).wrong == ()
