"""A customer's life, in the browser only: added, routed, seen uploading, a new key, disabled."""

from __future__ import annotations

import getpass
from pathlib import Path

from playwright.sync_api import expect

from tests.console.conftest import Visit
from tests.console.keys import putty_pair
from tests.console.person import Person
from tests.console.tasks import (
    add_route,
    added_customer,
    assert_refused_soon,
    disable,
    log_in,
    new_name,
    replace_key,
)
from tests.integration.support import Environment, NewUser, upload


def test_a_customers_life(visit: Visit, environment: Environment, tmp_path: Path) -> None:
    support, operator, name = visit("support"), visit("operator"), new_name()
    first = putty_pair(tmp_path, comment="first")
    second = putty_pair(tmp_path, comment="second")

    added_customer(support, name, first.public)
    support.sees(first.private.fingerprint)
    support.sees(f"{environment.sftp_port}")
    support.sees("handed on to nobody")
    add_route(operator, name)

    # The list is live: it is open before the file comes.
    support.open(f"/uploads?user={name}")
    customer = NewUser(name, name, first.private)
    key = upload(environment, customer, "incoming/q3 sales.csv")
    row = support.page.get_by_role("row").filter(has_text="q3 sales.csv")
    expect(row).to_contain_text("accepted")
    row.get_by_role("link", name="q3 sales.csv").click()
    support.sees(key)
    support.reload_until(lambda: support.has(f"{name}/outgoing/q3 sales.csv.story.txt"))

    replace_key(support, name, second.public)
    support.is_told("The old key lets nobody in any more")
    assert_refused_soon(environment, name, first.private)
    log_in(environment, name, second.private)

    disable(support, name)
    assert_refused_soon(environment, name, second.private)

    _assert_all_on_record(support, name, first.private.get_base64(), second.private.get_base64())
    support.open("/changes?about=routes")
    expect(support.page.get_by_role("row").nth(1)).to_contain_text("as operator, console")
    support.sees(f"{name}/incoming")


def _assert_all_on_record(person: Person, name: str, first: str, second: str) -> None:
    """Who did what, from what to what; the newest first."""
    person.follow(f"Changes of {name}")
    rows = person.page.get_by_role("row")
    for each in ("users disable", "users keys remove", "users keys add", "users add"):
        row = rows.filter(has_text=f"{each} {name}")
        expect(row).to_have_count(1)
        expect(row).to_contain_text(f"{getpass.getuser()} as support, console")
        expect(row).to_contain_text("done")
    expect(rows.filter(has_text="users keys remove").locator("del")).to_contain_text([first])
    expect(rows.filter(has_text="users keys add").locator("ins")).to_contain_text([second])
