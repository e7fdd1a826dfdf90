"""What support staff and operators do at the console, in so many steps as it takes them."""

from __future__ import annotations

import uuid

import paramiko
from playwright.sync_api import expect

from tests.console.person import Person
from tests.integration.support import Environment, NewUser, eventually

NAME, KEYS, ROUTES = "Name", "Public key, pasted", "The routes"
# A key that was taken away, or a customer disabled, must not log in after so long.
_SECONDS = 10


def new_name() -> str:
    """Of a customer whom no other test has."""
    return f"customer-{uuid.uuid4().hex[:10]}"


def add_customer(person: Person, name: str, keys: str) -> None:
    """Fill in the form and send it, whatever comes of it."""
    person.open("/customers")
    person.follow("Add a customer")
    person.fill(NAME, name)
    person.fill(KEYS, keys)
    person.press("Add the customer")


def added_customer(person: Person, name: str, keys: str) -> None:
    """The same, and it works."""
    add_customer(person, name, keys)
    person.is_told(f"{name} is added")


def replace_key(person: Person, name: str, new: str) -> None:
    """Rotate the first key of a customer."""
    person.open(f"/customers/{name}")
    person.page.get_by_role("link", name="Replace SHA256:").first.click()
    person.fill(KEYS, new)
    person.press("Replace the key")


def disable(person: Person, name: str) -> None:
    """Let nobody in."""
    person.open(f"/customers/{name}")
    person.unfold(f"Disable {name}")
    person.press(f"Disable {name} now")
    person.is_told(f"{name} is disabled")


def with_route(person: Person, name: str) -> str:
    """The text of the routes' editor, and one route more."""
    text = person.field(ROUTES).input_value()
    table = {"project": name, "directory": f"{name}/incoming", "stories": f"{name}/outgoing"}
    lines = [f'{field} = "{value}"' for field, value in table.items()]
    return "\n".join([text, "[[route]]", *lines, ""])


def add_route(person: Person, name: str) -> None:
    """A route for a customer's folder, by an operator who looks at what is said of it."""
    person.open("/routes/edit")
    person.fill(ROUTES, with_route(person, name))
    expect(person.page.locator("#checked")).to_contain_text(f"{name}/incoming")
    person.press("Save and put in force")
    person.is_told("Saved")


def log_in(environment: Environment, name: str, key: paramiko.PKey) -> None:
    """Over SFTP, and out again. Raises paramiko's AuthenticationException."""
    with environment.sftp(NewUser(name, name, key)) as sftp:
        sftp.listdir(".")


def assert_refused_soon(environment: Environment, name: str, key: paramiko.PKey) -> None:
    """The key lets nobody in, within seconds."""

    def refused() -> None:
        try:
            log_in(environment, name, key)
        except paramiko.AuthenticationException:
            return
        raise AssertionError(f"{name} is let in")

    eventually(refused, _SECONDS)
