from __future__ import annotations

import pytest
from sftp_watchdog.routes import parse

from quillgate import routes_versions
from quillgate.errors import ConfigError
from quillgate.routes_replace import line_of
from quillgate.routes_store import RoutesStore
from tests.unit.operate_fakes import Place
from tests.unit.routes_fakes import place, toml


def store_of(where: Place) -> RoutesStore:
    return RoutesStore.at(where.deployment)


def test_pages_lead_from_the_newest_to_the_oldest() -> None:
    store, after, found = store_of(place(*map(str, range(7)))), "", []
    while True:
        page = routes_versions.page(store, None, 3, after)
        assert len(page.versions) <= 3
        found += [each.version_id for each in page.versions]
        if page.next is None:
            break
        after = page.next
    assert found == [f"v{number}" for number in range(7, 0, -1)]


def test_a_bucket_without_routes_has_no_versions() -> None:
    assert routes_versions.page(store_of(place()), None) == routes_versions.Page()
    with pytest.raises(ConfigError, match="no earlier routes in"):
        routes_versions.one_before(store_of(place()))


def test_the_one_before_says_something_else() -> None:
    assert routes_versions.one_before(store_of(place("1", "2", "2"))).version_id == "v1"
    with pytest.raises(ConfigError, match="no earlier routes in"):
        routes_versions.one_before(store_of(place("1", "1")))


def test_before_a_deletion_is_what_was_deleted() -> None:
    where = place(toml("old"), toml())
    where.s3.delete_object(Key="watchdog.config")
    assert routes_versions.one_before(store_of(where)).version_id == "v2"
    where.s3.put_object(Key="watchdog.config", Body=b"new")
    assert routes_versions.one_before(store_of(where)).version_id == "v2"


def test_each_says_what_would_change_if_it_was_put_back() -> None:
    where = place("[[route]", toml("old"), toml() + "#" * 200_000, toml())
    where.s3.delete_object(Key="watchdog.config")
    found = routes_versions.page(store_of(where), parse(toml())).versions
    assert [each.is_deletion for each in found] == [True, False, False, False, False]
    assert [each.problem for each in found[1:]] == [
        None,
        "too long to compare here",
        None,
        "cannot be used",
    ]
    assert found[1].changes == ()
    [line] = found[3].changes
    assert line.endswith("was project 'acme-sales'")
    assert [line_of(each).rpartition("  ")[2] for each in found] == [
        "deleted",
        "the same routes",
        "too long to compare here",
        "differs in 1 route",
        "cannot be used",
    ]
