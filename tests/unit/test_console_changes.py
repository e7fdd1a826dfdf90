"""The audit trail's page says what is not the same as before."""

from __future__ import annotations

from typing import Any

import pytest

from quillgate.console.pages.changes import differences

ONE = {"fingerprint": "SHA256:1", "line": "ssh-ed25519 AAAA1 jo"}
TWO = {"fingerprint": "SHA256:2", "line": "ssh-ed25519 AAAA2 kim"}


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (None, {"home": "/b/acme", "since": None}, [("home", [], ["/b/acme"])]),
        ({"home": "/b/acme"}, None, [("home", ["/b/acme"], [])]),
        ({"a": 1, "b": 2}, {"a": 1, "b": 3, "c": 4}, [("b", ["2"], ["3"]), ("c", [], ["4"])]),
        ({"keys": [ONE]}, {"keys": [ONE, TWO]}, [("keys", [], ["ssh-ed25519 AAAA2 kim"])]),
        ({"keys": [ONE, TWO]}, {"keys": [TWO]}, [("keys", ["ssh-ed25519 AAAA1 jo"], [])]),
        ({"a": 1}, {"a": 1}, []),
        (None, None, []),
    ],
)
def test_only_what_differs_is_told(before: Any, after: Any, told: list[Any]) -> None:
    assert differences(before, after) == told


def test_a_text_of_several_lines_is_several_texts() -> None:
    after = {"changes": "+ project 'a'\n- project 'b'"}
    assert differences(None, after) == [("changes", [], ["+ project 'a'", "- project 'b'"])]
