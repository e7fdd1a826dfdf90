"""The console's routes over HTTP: what is saved there is what the watchdog goes by."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest

from tests.integration.support import (
    CONFIG_KEY,
    Environment,
    NewUser,
    Quill,
    quillgate,
    upload,
)

# Other tests save routes of theirs: whoever is late begins again with what they saved.
_TRIES = 20


class Visitor:
    """Somebody at the console, without JavaScript."""

    def __init__(self, client: httpx2.Client) -> None:
        self._client = client

    def get(self, path: str, **query: str) -> str:
        """The page, as text."""
        answer = self._client.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return html.unescape(answer.text)

    def post(self, path: str, **fields: str) -> httpx2.Response:
        """Send a form; redirects are followed."""
        return self._client.post(path, data={"csrf": self._field("/changes", "csrf"), **fields})

    def etag(self, path: str, **query: str) -> str:
        """Of what was in force when the page was made."""
        return self._field(path, "etag", **query)

    def text(self) -> str:
        """What the editor begins with."""
        found = re.search(r"<textarea[^>]*>\n(.*)</textarea>", self.get("/routes/edit"), re.DOTALL)
        assert found
        return found[1]

    def change(self, change: Callable[[str], str]) -> None:
        """Save what `change` makes of the routes in force, whoever else changes them."""
        for _ in range(_TRIES):
            etag = self.etag("/routes/edit")
            answer = self.post("/routes/edit", text=change(self.text()), etag=etag)
            if answer.status_code != 409:
                assert answer.status_code == 200, answer.text
                return
        raise AssertionError("somebody else was always faster")

    def _field(self, path: str, name: str, **query: str) -> str:
        found = re.search(rf'name="{name}" value="([^"]*)"', self.raw(path, **query))
        assert found, path
        return html.unescape(found[1])

    def raw(self, path: str, **query: str) -> str:
        """The page as it is sent."""
        return self._client.get(path, params=query).text


@pytest.fixture
def operator(environment: Environment) -> Iterator[Visitor]:
    with httpx2.Client(
        base_url=environment.console_url, follow_redirects=True, timeout=60, trust_env=False
    ) as client:
        visitor = Visitor(client)
        assert visitor.post("/role", role="operator").status_code in (200, 404)
        yield visitor


def table(user: NewUser, project: str) -> str:
    return (
        f'\n[[route]]\nproject = "{project}"\ndirectory = "{user.home}/incoming"\n'
        f'stories = "{user.home}/outgoing"\n'
    )


def versions(s3: Any, bucket: str) -> int:
    answer = s3.list_object_versions(Bucket=bucket, Prefix=CONFIG_KEY)
    return len(answer["Versions"])


def test_a_route_saved_at_the_console_takes_files_and_is_on_record(
    environment: Environment,
    operator: Visitor,
    quill: Quill,
    new_user: Callable[..., NewUser],
    target: list[str],
) -> None:
    user = new_user()
    key = f"{user.home}/incoming/q3 é+%.csv"
    assert "no route for" in operator.get("/routes/try", key=key)
    operator.change(lambda text: text + table(user, user.name))
    try:
        assert f"goes to project '{user.name}'" in operator.get("/routes/try", key=key)
        upload(environment, user, "incoming/q3 é+%.csv")
        assert quill.accepted(key)["project"] == user.name
        tried = quillgate("routes", "test", key, *target)
        assert tried.returncode == 0
        trail = operator.get("/changes", about="routes")
        assert "routes push" in trail
        assert f"+ project '{user.name}', directory '{user.home}/incoming'" in trail
        told = quillgate("routes", "versions", *target)
        assert told.returncode == 0
        assert "in force" in told.stdout
    finally:
        operator.change(lambda text: text.replace(table(user, user.name), ""))


def test_it_says_which_recent_files_would_lose_their_route(
    environment: Environment, operator: Visitor, quill: Quill
) -> None:
    user = environment.routed_user()
    key = upload(environment, user)
    quill.accepted(key)
    text = operator.text()
    without = re.sub(rf'\[\[route\]\]\nproject = "{user.name}"\n.*\n.*\n.*\n', "", text)
    assert without != text
    page = html.unescape(operator.post("/routes/check", text=without, etag="").text)
    assert f"{key}</span>: was {user.name}, would have no route any more" in page


def test_of_two_operators_the_later_one_loses_nothing(
    environment: Environment, operator: Visitor, s3: Any
) -> None:
    begun = operator.etag("/routes/edit")
    mine = operator.text() + "# mine\n"
    # What somebody else saves meanwhile.
    user = environment.routed_user()
    answer = operator.post("/routes/edit", text=mine, etag=begun)
    assert answer.status_code == 409
    page = html.unescape(answer.text)
    assert mine in page
    assert f'project = "{user.name}"' in page.partition("</textarea>")[2]
    stored = s3.get_object(Bucket=environment.bucket, Key=CONFIG_KEY)["Body"].read()
    assert b"# mine" not in stored
    assert user.name.encode() in stored


def test_what_would_break_is_refused_by_line(
    environment: Environment, operator: Visitor, s3: Any
) -> None:
    text = operator.text() + '[[route]]\nproject = "a b"\ndirectory = "x"\n'
    line = text.count("\n") - 1
    answer = operator.post("/routes/edit", text=text, etag=operator.etag("/routes/edit"))
    assert answer.status_code in (409, 422)
    page = html.unescape(answer.text)
    assert f"line {line}: " in page
    assert "missing 'stories'" in page
    assert text in page
    stored = s3.get_object(Bucket=environment.bucket, Key=CONFIG_KEY)["Body"].read()
    assert b'"a b"' not in stored


def test_a_version_is_put_back_at_the_console_and_by_the_command(
    environment: Environment, operator: Visitor, s3: Any, target: list[str]
) -> None:
    before = operator.text()
    operator.change(lambda text: text + "# later\n")
    older = re.findall(r'/routes/version\?version_id=([^"]+)"', operator.raw("/routes/versions"))[1]
    page = {"version_id": older}
    assert before in operator.get("/routes/version", **page)
    count = versions(s3, environment.bucket)
    answer = operator.post("/routes/version", **page, etag=operator.etag("/routes/version", **page))
    assert answer.status_code == 200, answer.text
    assert operator.text() == before
    assert versions(s3, environment.bucket) == count + 1
    undone = quillgate("routes", "undo", *target)
    assert undone.returncode == 0, undone.stderr
    assert operator.text() == before + "# later\n"
    assert quillgate("routes", "undo", older, *target).returncode == 0
    assert operator.text() == before
    assert "routes undo" in operator.get("/changes", about="routes")


def test_deleted_routes_are_shown_as_such_and_brought_back(
    environment: Environment, operator: Visitor, s3: Any, target: list[str]
) -> None:
    before = operator.text()
    # Putting it back is what makes it a good one in the ledger, too.
    s3.delete_object(Bucket=environment.bucket, Key=CONFIG_KEY)
    assert "there is no watchdog.config" in operator.get("/routes")
    assert "Deleted: the last good routes are in force" in operator.get("/routes/versions")
    undone = quillgate("routes", "undo", *target)
    assert undone.returncode == 0, undone.stderr
    assert operator.text() == before


def test_a_viewer_changes_nothing(environment: Environment) -> None:
    with httpx2.Client(base_url=environment.console_url, timeout=60, trust_env=False) as client:
        visitor = Visitor(client)
        for path in ("/routes", "/routes/versions"):
            assert visitor.get(path)
        assert client.get("/routes/edit").status_code == 403
        for path in ("/routes/edit", "/routes/check", "/routes/version"):
            assert visitor.post(path, text="", version_id="x", etag="").status_code == 403
