"""Which stored version is of which upload."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from tests.chaos.books import Books, Version
from tests.chaos.plan import INCOMING, REPORTS, TEMPORARY, Plan, Upload


@dataclass(frozen=True)
class Pairs:
    """Each stored version with the upload it is of; `strange` are of none, `missing` not stored."""

    whole: Mapping[Version, Upload]
    fragments: Mapping[Version, Upload]
    temporary: tuple[Version, ...]
    strange: tuple[Version, ...]
    missing: tuple[Upload, ...]


def pair(plan: Plan, books: Books) -> Pairs:
    """Find for each version the upload it is of: its bytes, or for a fragment its first bytes."""
    left = defaultdict(list)
    for version in books.versions:
        left[version.key].append(version)
    whole: dict[Version, Upload] = {}
    temporary: list[Version] = []
    fragments: dict[Version, Upload] = {}
    missing: list[Upload] = []
    # Whole ones first: what is left for a fragment is then nobody else's.
    for upload in sorted(plan.uploads, key=lambda each: each.manner == "cut"):
        key = f"{books.homes[upload.lane]}/{upload.path}"
        if upload.manner == "cut":
            _take(left[key], upload, fragments)
            continue
        if not _take(left[key], upload, whole):
            missing.append(upload)
        if upload.manner == "filepart":
            draft: dict[Version, Upload] = {}
            if _take(left[key + TEMPORARY], upload, draft):
                temporary += draft
            else:
                missing.append(upload)
    others = (version for versions in left.values() for version in versions)
    strange = tuple(version for version in others if not is_story(version.key))
    return Pairs(whole, fragments, tuple(temporary), strange, tuple(missing))


def _take(left: list[Version], upload: Upload, found: dict[Version, Upload]) -> bool:
    """Take the version of `upload` out of what is left."""
    content = upload.content
    for version in left:
        if upload.manner == "cut":
            fits = version.size <= upload.cut_at
        else:
            fits = version.size == upload.size
        if fits and hashlib.sha256(content[: version.size]).hexdigest() == version.sha256:
            left.remove(version)
            found[version] = upload
            return True
    return False


def is_story(key: str) -> bool:
    """Whether the key is of a story: where no upload of a plan goes."""
    folder = key.split("/")[1]
    return folder not in (INCOMING, REPORTS) and key.endswith(".story.txt")
