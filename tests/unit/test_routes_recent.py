from __future__ import annotations

from quillgate.routes_recent import recent_keys
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
