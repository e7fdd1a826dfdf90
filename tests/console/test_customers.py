"""Customers as support staff look after them: with every mistake there is."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.console.conftest import Visit
from tests.console.keys import PuttyPair, putty_pair, weak_line
from tests.console.tasks import (
    KEYS,
    NAME,
    add_customer,
    added_customer,
    assert_refused_soon,
    disable,
    log_in,
    new_name,
    replace_key,
)
from tests.integration.support import Environment


@pytest.fixture
def pair(tmp_path: Path) -> PuttyPair:
    return putty_pair(tmp_path)


def _private_of_putty(pair: PuttyPair, _: Path) -> str:
    return pair.ppk


def _private_of_openssh(_: PuttyPair, folder: Path) -> str:
    return (folder / "dana@office.key").read_text()


@pytest.mark.parametrize("private", [_private_of_putty, _private_of_openssh])
def test_a_private_key_is_refused_loudly_and_never_shown_again(
    visit: Visit,
    environment: Environment,
    pair: PuttyPair,
    tmp_path: Path,
    private: Callable[[PuttyPair, Path], str],
) -> None:
    person, name, pasted = visit(), new_name(), private(pair, tmp_path)
    add_customer(person, name, pasted)
    person.is_warned("That was a private key")
    expect(person.field(KEYS)).to_have_value("")
    expect(person.field(NAME)).to_have_value(name)
    shown = person.page.content()
    assert [line for line in pasted.splitlines() if len(line) > 30 and line in shown] == []
    person.open(f"/customers/{name}", status=404)
    # What was refused harms nothing: the public half is taken.
    added_customer(person, name, pair.line)
    log_in(environment, name, pair.private)


def test_a_weak_key_is_explained(visit: Visit, tmp_path: Path) -> None:
    person = visit()
    add_customer(person, new_name(), weak_line(tmp_path))
    person.sees("1024 bits is too weak")
    expect(person.field(KEYS)).to_have_value(re.compile("^ssh-rsa "))


def test_two_keys_at_once_are_two_keys(
    visit: Visit, environment: Environment, tmp_path: Path
) -> None:
    person, name = visit(), new_name()
    pairs = [putty_pair(tmp_path, comment=each) for each in ("office", "night-run")]
    added_customer(person, name, f"{pairs[0].public}\n{pairs[1].line}\n")
    for each in pairs:
        person.sees(each.private.fingerprint)
        log_in(environment, name, each.private)


def test_a_key_in_a_file_is_taken(
    visit: Visit, environment: Environment, pair: PuttyPair, tmp_path: Path
) -> None:
    person, name, file = visit(), new_name(), tmp_path / "from dana.pub"
    file.write_text(pair.public)
    person.open("/customers/new")
    person.fill(NAME, name)
    person.field("Or its file").set_input_files(file)
    person.press("Add the customer")
    person.is_told(f"{name} is added")
    log_in(environment, name, pair.private)


@pytest.mark.parametrize("name", ["ab", "café-x", "a b c", "-abc", "a/b/c", "<b>bold</b>"])
def test_a_name_that_cannot_be_is_explained_and_kept_as_typed(visit: Visit, name: str) -> None:
    person = visit()
    add_customer(person, name, "")
    person.sees("3 to 100 characters")
    field = person.field(NAME)
    expect(field).to_have_value(name)
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_accessible_description(re.compile("3 to 100 characters"))


def test_a_name_that_is_taken_is_told(visit: Visit, environment: Environment) -> None:
    person, taken = visit(), environment.new_user().name
    add_customer(person, taken, "")
    person.is_warned("Nothing was changed")
    expect(person.field(NAME)).to_have_accessible_description(re.compile("already"))


def test_a_key_that_another_customer_has_needs_leave(
    visit: Visit, environment: Environment, pair: PuttyPair
) -> None:
    person, first, second = visit(), new_name(), new_name()
    added_customer(person, first, pair.public)
    add_customer(person, second, pair.line)
    person.sees(first)
    person.open(f"/customers/{second}", status=404)
    add_customer(person, second, pair.line)
    person.field("Allow that both have this key").check()
    person.press("Add the customer")
    person.is_told(f"{second} is added")
    log_in(environment, second, pair.private)


def test_a_customer_is_removed_when_the_name_was_typed(
    visit: Visit, environment: Environment, pair: PuttyPair
) -> None:
    person, name = visit(), new_name()
    added_customer(person, name, pair.public)
    person.follow(f"Remove {name}")
    person.press("Remove the customer")
    # The browser itself asks for the name.
    expect(person.field("Name of the customer")).to_be_focused()
    person.fill("Name of the customer", f"{name}x")
    person.press("Remove the customer")
    person.sees("that is not the name")
    log_in(environment, name, pair.private)
    person.fill("Name of the customer", name)
    person.press("Remove the customer")
    person.is_told(f"{name} is removed")
    assert_refused_soon(environment, name, pair.private)


def test_all_of_it_works_without_javascript(
    visit: Visit, environment: Environment, tmp_path: Path
) -> None:
    person, name = visit(java_script_enabled=False), new_name()
    old, new = (putty_pair(tmp_path, comment=each) for each in ("old", "new"))
    added_customer(person, name, old.public)
    replace_key(person, name, new.line)
    person.is_told("The old key lets nobody in any more")
    assert_refused_soon(environment, name, old.private)
    disable(person, name)
    assert_refused_soon(environment, name, new.private)
    person.press(f"Enable {name}")
    person.is_told("the keys work again")
    log_in(environment, name, new.private)
    person.unfold("Remove")
    person.press("Remove this key")
    person.is_told("The key is removed")
    assert_refused_soon(environment, name, new.private)
    person.open("/customers")
    person.fill("Search by name", name)
    person.press("Search")
    person.sees("1 found")
    person.follow(name)
    person.follow(f"Remove {name}")
    person.fill("Name of the customer", name)
    person.press("Remove the customer")
    person.is_told(f"{name} is removed")


def test_a_customer_is_added_by_keyboard_alone(
    visit: Visit, environment: Environment, pair: PuttyPair
) -> None:
    person, name = visit(), new_name()
    page, keyboard = person.page, person.page.keyboard
    person.open("/customers")
    person.tab_to(page.get_by_role("link", name="Add a customer"))
    keyboard.press("Enter")
    person.tab_to(person.field(NAME))
    keyboard.type(name)
    keyboard.press("Tab")
    expect(person.field(KEYS)).to_be_focused()
    keyboard.insert_text(pair.public)
    person.tab_to(page.get_by_role("button", name="Add the customer"))
    keyboard.press("Enter")
    person.is_told(f"{name} is added")
    log_in(environment, name, pair.private)


def test_customers_are_found_as_one_types(visit: Visit, environment: Environment) -> None:
    person, names = visit("viewer"), [environment.new_user().name for _ in range(2)]
    person.open("/customers")
    field = person.field("Search by name")
    field.press_sequentially(names[0], delay=5)
    expect(person.page.locator("#found").get_by_role("link")).to_have_text([names[0]])
    expect(field).to_be_focused()
    expect(person.page.get_by_role("status")).to_have_text("1 found")
    field.fill("nobody '\"<b>%+é")
    person.sees("No customer's name holds all of: nobody '\"<b>%+é")


def test_a_form_of_yesterday_says_what_has_become_of_the_customer(
    visit: Visit, pair: PuttyPair
) -> None:
    person, name = visit(), new_name()
    added_customer(person, name, pair.public)
    person.follow("Add a key")
    tab = person.second_tab()
    tab.goto(f"/customers/{name}/remove")
    tab.get_by_label("Name of the customer").fill(name)
    tab.get_by_role("button", name="Remove the customer").click()
    expect(tab.get_by_role("status").first).to_contain_text("is removed")
    person.fill(KEYS, pair.line)
    person.press("Add the key")
    person.sees("no such customer")


def test_a_form_of_another_role_is_refused(visit: Visit) -> None:
    person, name = visit(), new_name()
    person.open("/customers/new")
    tab = person.second_tab()
    tab.goto("/changes")
    tab.get_by_label("Work as").select_option("viewer")
    tab.get_by_role("button", name="Change role").click()
    expect(tab.locator(".who strong")).to_have_text("viewer")
    person.fill(NAME, name)
    person.press("Add the customer")
    person.is_warned("yours is viewer")
    person.open(f"/customers/{name}", status=404)


def test_going_back_after_a_post_does_nothing_twice(visit: Visit, pair: PuttyPair) -> None:
    person, name = visit(), new_name()
    added_customer(person, name, pair.public)
    person.page.go_back()
    person.fill(NAME, name)
    person.press("Add the customer")
    expect(person.field(NAME)).to_have_accessible_description(re.compile("already"))
    person.open(f"/changes?about={name}")
    expect(person.page.get_by_role("row")).to_have_count(2)


def test_a_viewer_who_posts_by_hand_is_refused(visit: Visit, environment: Environment) -> None:
    person, name = visit("viewer"), environment.new_user().name
    posts = ["", f"/{name}/keys", f"/{name}/keys/remove", f"/{name}/disable", f"/{name}/enable"]
    fields = {"name": new_name(), "key": "SHA256:x", "typed": name}
    for each in [*posts, f"/{name}/remove"]:
        assert person.post(f"/customers{each}", **fields) == 403, each
    person.open(f"/changes?about={name}")
    person.sees("Nothing has been changed there yet")


def test_a_search_that_fails_says_so_and_the_next_one_finds(visit: Visit) -> None:
    person = visit()
    person.open("/customers")
    person.fill("Search by name", "a" * 1100)
    person.is_warned("Something is missing")
    expect(person.page.get_by_role("banner")).to_have_count(1)
    person.fill("Search by name", "nobody-is-called-so")
    person.sees("No customer's name holds all of: nobody-is-called-so")
