from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.quill.contract import Notification, NotUnderstood, read_notification
from tests.unit.quill_fakes import EXAMPLE


def read(**members: Any) -> Notification:
    return read_notification(
        json.dumps({**EXAMPLE, **members}).encode(), "acme-sales", EXAMPLE["id"]
    )


def test_the_example_of_the_contract_is_understood_member_for_member() -> None:
    told = read_notification(json.dumps(EXAMPLE).encode(), "acme-sales", EXAMPLE["id"])

    assert json.loads(told.model_dump_json()) == EXAMPLE
    assert list(Notification.model_fields) == list(EXAMPLE)


def test_the_story_lies_beside_the_sub_folder_of_the_upload() -> None:
    assert read().story_key == 'acme/outgoing/eu/q3 sales+más "x" 100%.csv.story.txt'


def test_nobody_known_may_have_uploaded_it() -> None:
    assert read(uploaded_by=None).uploaded_by is None


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("id", "A" * 64),
        ("id", "a" * 63),
        ("id", "a" * 64 + "\n"),
        ("project", "acme sales"),
        ("size", -1),
        ("size", "1234"),
        ("size", True),
        ("key", ""),
        ("version_id", None),
        ("uploaded_at", "yesterday"),
        ("uploaded_at", "2026-11-23T09:00:00.000"),
        ("deliver_to", "acme/outgoing"),
        ("deliver_to", "/acme/outgoing/"),
        ("uploaded_by", 7),
        ("surprise", "x"),
    ],
)
def test_a_bad_member_is_named(member: str, value: object) -> None:
    with pytest.raises(NotUnderstood, match=f"not a notification: '{member}' - "):
        read(**{member: value})


@pytest.mark.parametrize("member", EXAMPLE)
def test_no_member_may_be_missing(member: str) -> None:
    body = json.dumps({name: value for name, value in EXAMPLE.items() if name != member})

    with pytest.raises(NotUnderstood, match=f"'{member}' - Field required"):
        read_notification(body.encode(), "acme-sales", EXAMPLE["id"])


def test_path_and_header_must_agree_with_the_body() -> None:
    body = json.dumps(EXAMPLE).encode()

    with pytest.raises(NotUnderstood, match="post to /v1/projects/acme-sales/files"):
        read_notification(body, "other", EXAMPLE["id"])
    for key in ("b" * 64, "", None):
        with pytest.raises(NotUnderstood, match="Idempotency-Key is not the id"):
            read_notification(body, "acme-sales", key)


@settings(max_examples=30)
@given(st.binary(max_size=200))
def test_whatever_else_is_sent_is_refused_in_words(body: bytes) -> None:
    with pytest.raises(NotUnderstood, match="not a notification"):
        read_notification(body, "acme-sales", EXAMPLE["id"])
