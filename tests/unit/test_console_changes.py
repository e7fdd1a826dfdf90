"""How the audit trail's page tells what was before from what is after."""

from __future__ import annotations

from quillgate.console.pages.changes import differences


def test_what_stayed_is_left_out_and_what_is_new_had_nothing_before() -> None:
    before, after = {"home": "/b/acme", "state": "active"}, {"home": "/b/acme", "since": "now"}
    assert differences(before, after) == [("state", ["active"], []), ("since", [], ["now"])]


def test_of_a_list_only_what_came_and_went_is_told() -> None:
    before = {"keys": [{"fingerprint": "SHA256:a"}, {"fingerprint": "SHA256:b", "line": "x"}]}
    after = {"keys": [{"fingerprint": "SHA256:a"}, {"fingerprint": "SHA256:c"}]}
    told = [("keys", ["fingerprint SHA256:b, line x"], ["fingerprint SHA256:c"])]
    assert differences(before, after) == told


def test_a_text_of_several_lines_is_several_texts() -> None:
    after = {"changes": "+ project 'a'\n- project 'b'"}
    assert differences(None, after) == [("changes", [], ["+ project 'a'", "- project 'b'"])]
