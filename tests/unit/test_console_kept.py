"""What is read once and used for a minute."""

from __future__ import annotations

from itertools import count

import pytest

from quillgate.console.kept import Kept


def test_it_is_read_again_after_a_minute_not_each_time() -> None:
    now, numbers = [0.0], count()
    kept: Kept[int] = Kept(lambda: now[0])
    assert kept.of(lambda: next(numbers)) == 0
    now[0] = 59.0
    assert kept.of(lambda: next(numbers)) == 0
    now[0] = 60.0
    assert kept.of(lambda: next(numbers)) == 1


def test_who_wants_what_is_so_now_has_it_and_so_have_all_after() -> None:
    numbers = count()
    kept: Kept[int] = Kept(lambda: 0.0)
    assert kept.of(lambda: next(numbers)) == 0
    assert kept.of(lambda: next(numbers), renew=True) == 1
    assert kept.of(lambda: next(numbers)) == 1


def test_what_could_not_be_read_is_not_kept() -> None:
    kept: Kept[int] = Kept(lambda: 0.0)
    with pytest.raises(ZeroDivisionError):
        kept.of(lambda: 1 // 0)
    assert kept.of(lambda: 7) == 7
