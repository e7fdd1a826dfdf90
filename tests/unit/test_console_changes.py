"""The audit trail's page says what is not the same as before."""

from __future__ import annotations

from typing import Any

import pytest

from quillgate.audit import Audit
from quillgate.console.pages.changes import differences
from tests.unit.console_fakes import browser
from tests.unit.operate_fakes import Place

ONE = {"fingerprint": "SHA256:1", "line": "ssh-ed25519 AAAA1 jo"}
TWO = {"fingerprint": "SHA256:2", "line": "ssh-ed25519 AAAA2 kim"}


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (None, {"home": "/b/acme", "since": None}, [("home", [], ["/b/acme"])]),
        ({"home": "/b/acme"}, None, [("home", ["/b/acme"], [])]),
        ({"a": 1, "b": 2}, {"a": 1, "b": 3, "c": 4}, [("b", ["2"], ["3"]), ("c", [], ["4"])]),
        (
            {"keys": [ONE]},
            {"keys": [ONE, TWO]},
            [("keys", [], ["SHA256:2", "ssh-ed25519 AAAA2 kim"])],
        ),
        (
            {"keys": [ONE, TWO]},
            {"keys": [TWO]},
            [("keys", ["SHA256:1", "ssh-ed25519 AAAA1 jo"], [])],
        ),
        ({"a": 1}, {"a": 1}, []),
        (None, None, []),
    ],
)
def test_only_what_differs_is_told(before: Any, after: Any, told: list[Any]) -> None:
    assert differences(before, after) == told


def test_a_text_of_several_lines_is_several_texts() -> None:
    after = {"changes": "+ project 'a'\n- project 'b'"}
    assert differences(None, after) == [("changes", [], ["+ project 'a'", "- project 'b'"])]


@pytest.mark.parametrize("typed", ["acme", " acme "])
def test_a_name_may_be_typed_with_a_space(typed: str) -> None:
    place = Place()
    with Audit(place.ledger, "kim").change("users disable", "acme"):
        pass
    page = browser(place=place).get("/changes", params={"about": typed})
    assert "users disable" in page.text
    assert 'value="acme"' in page.text


def test_of_a_name_that_may_be_written_wrong_it_is_asked() -> None:
    visitor = browser()
    assert 'href="/customers?q=Acme"' in visitor.get("/changes?about=Acme").text
    for path in ("/changes", "/changes?about=acme/incoming/a.csv"):
        assert "/customers?q=" not in visitor.get(path).text
