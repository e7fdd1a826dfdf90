from __future__ import annotations

import pytest

from quillgate import routes_versions
from quillgate.errors import ConfigError
from quillgate.routes_store import RoutesStore
from tests.unit.operate_fakes import Place
from tests.unit.routes_fakes import place, toml


def store_of(where: Place) -> RoutesStore:
    return RoutesStore.at(where.deployment)


def test_pages_lead_from_the_newest_to_the_oldest() -> None:
    store, after, found = store_of(place(*map(str, range(7)))), "", []
    while True:
        page = routes_versions.page(store, 3, after)
        assert len(page.versions) <= 3
        found += [each.version_id for each in page.versions]
        if page.next is None:
            break
        after = page.next
    assert found == [f"v{number}" for number in range(7, 0, -1)]


def test_a_bucket_without_routes_has_no_versions() -> None:
    assert routes_versions.page(store_of(place())) == routes_versions.Page()
    with pytest.raises(ConfigError, match="no earlier routes in"):
        routes_versions.one_before(store_of(place()))


def test_the_one_before_says_something_else() -> None:
    assert routes_versions.one_before(store_of(place("1", "2", "2"))) == "v1"
    with pytest.raises(ConfigError, match="no earlier routes in"):
        routes_versions.one_before(store_of(place("1", "1")))


def test_before_a_deletion_is_what_was_deleted() -> None:
    where = place(toml("old"), toml())
    where.s3.delete_object(Key="watchdog.config")
    assert routes_versions.one_before(store_of(where)) == "v2"
    where.s3.put_object(Key="watchdog.config", Body=b"new")
    assert routes_versions.one_before(store_of(where)) == "v2"
