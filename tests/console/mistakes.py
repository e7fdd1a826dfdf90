"""What goes wrong at the console, each as somebody comes to it: what axe-core looks at, too."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from tests.console.person import Person
from tests.console.stage import CUSTOMERS
from tests.console.tasks import ROUTES, add_customer, new_name, with_route

Mistake = Callable[[Person], None]
_CUSTOMER = CUSTOMERS[0]
_PRIVATE = "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----"


def _damaged_key(person: Person) -> None:
    add_customer(person, new_name(), "ssh-ed25519 AAAA")
    person.is_warned("Nothing was changed")


def _private_key(person: Person) -> None:
    add_customer(person, new_name(), _PRIVATE)
    person.is_warned("That was a private key")


def _refused_name(person: Person) -> None:
    add_customer(person, "a b", "")
    person.sees("3 to 100 characters")


def _shared_key(person: Person) -> None:
    person.open(f"/changes?about={_CUSTOMER}")
    line = person.content.get_by_text("ecdsa-sha2-nistp256").first.inner_text()
    add_customer(person, new_name(), line)
    person.sees("Allow that both have this key")


def _no_key(person: Person) -> None:
    person.open(f"/customers/{_CUSTOMER}/keys/new")
    person.press("Add the key")
    person.is_warned("Nothing was changed")


def _other_name(person: Person) -> None:
    person.open(f"/customers/{_CUSTOMER}/remove")
    person.fill("Name of the customer", "somebody-else")
    person.press("Remove the customer")
    person.sees("that is not the name")


def _routes_typed_wrong(person: Person) -> None:
    person.open("/routes/edit")
    person.fill(ROUTES, "[[route]\n")
    expect(person.page.locator("#checked")).to_contain_text("Nothing can be saved")


def _routes_saved_wrong(person: Person) -> None:
    _routes_typed_wrong(person)
    person.press("Save and put in force")
    person.is_warned("Nothing was saved")


def _routes_that_lose_files(person: Person) -> None:
    person.open("/routes/edit")
    route = with_route(person, "x").partition("[[route]]")[2].rpartition("[[route]]")[2]
    person.fill(ROUTES, f"[[route]]{route}")
    expect(person.page.locator("#checked")).to_contain_text("would have no route any more")


def _routes_saved_too_late(person: Person) -> None:
    person.open("/routes/edit")
    person.page.locator("input[name=etag]").evaluate("it => it.value = 'older'")
    person.fill(ROUTES, with_route(person, "x"))
    person.press("Save and put in force")
    person.is_warned("somebody else was faster")


def _search_too_long(person: Person) -> None:
    person.open("/customers")
    person.fill("Search by name", "a" * 1100)
    person.is_warned("Something is missing")


def _search_in_vain(person: Person) -> None:
    person.open("/customers")
    person.fill("Search by name", "nobody")
    person.sees("No customer's name holds all of")


def _page_too_old(person: Person) -> None:
    person.open("/customers/new")
    person.page.evaluate("document.querySelector('main [name=csrf]').value = 'old'")
    person.fill("Name", new_name())
    person.press("Add the customer")
    person.is_warned("too old or not ours")


def _at(path: str, status: int = 404) -> Mistake:
    return lambda person: person.open(path, status=status)


# As an operator comes to them, whom no page is denied.
MISTAKES: dict[str, Mistake] = {
    "a damaged key": _damaged_key,
    "a private key": _private_key,
    "a name that cannot be": _refused_name,
    "a key that another customer has": _shared_key,
    "no key": _no_key,
    "another name than the customer's": _other_name,
    "routes typed wrong": _routes_typed_wrong,
    "routes saved wrong": _routes_saved_wrong,
    "routes that lose files": _routes_that_lose_files,
    "routes saved too late": _routes_saved_too_late,
    "a search that is too long": _search_too_long,
    "a search in vain": _search_in_vain,
    "a page that is too old": _page_too_old,
    "no such page": _at("/nowhere"),
    "no such customer": _at("/customers/nobody"),
    "no such file": _at("/uploads/one?key=nothing"),
    "no such version": _at("/routes/version?version_id=none"),
    "no such day": _at("/uploads?day=x", 422),
    "no such way": _at("/uploads/again", 405),
    "no route": _at("/routes?key=nobody/a.csv", 200),
    "no uploads": _at("/uploads?user=nobody", 200),
    "no changes": _at("/changes?about=nobody", 200),
}
