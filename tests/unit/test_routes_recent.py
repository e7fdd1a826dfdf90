from __future__ import annotations

from quillgate.routes_recent import RecentKeys, recent_keys
from tests.unit.operate_fakes import Place, entry, upload

DAY = 86_400


def test_the_newest_50_of_a_week_the_newest_first() -> None:
    where = Place()
    where.keep(
        *(entry("accepted", upload(f"today/{n}", f"v{n}", seconds=n)) for n in range(30)),
        *(entry("accepted", upload(f"old/{n}", f"v{n}", seconds=n - 6 * DAY)) for n in range(100)),
        entry("accepted", upload("older", seconds=-7 * DAY)),
    )
    found = recent_keys(where.ledger)
    assert found[:2] == ("today/29", "today/28")
    assert found[29:31] == ("today/0", "old/99")
    assert len(found) == 50


def test_a_key_uploaded_often_is_one_key() -> None:
    where = Place()
    where.keep(*(entry("accepted", upload("a", f"v{n}", seconds=n)) for n in range(5)))
    assert recent_keys(where.ledger) == ("a",)
    assert recent_keys(Place().ledger) == ()


def test_they_are_read_again_after_a_minute_not_at_each_letter() -> None:
    where, now = Place(), [0.0]
    recent = RecentKeys(lambda: now[0])
    where.keep(entry("accepted", upload("a")))
    assert recent.of(where.ledger) == ("a",)
    where.keep(entry("accepted", upload("b", seconds=1)))
    now[0] = 59.0
    assert recent.of(where.ledger) == ("a",)
    now[0] = 60.0
    assert recent.of(where.ledger) == ("b", "a")


def test_who_begins_to_edit_has_those_of_now() -> None:
    where, recent = Place(), RecentKeys(lambda: 0.0)
    assert recent.of(where.ledger) == ()
    where.keep(entry("accepted", upload("a")))
    assert recent.of(where.ledger, renew=True) == ("a",)
    assert recent.of(where.ledger) == ("a",)
