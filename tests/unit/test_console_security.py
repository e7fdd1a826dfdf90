"""What keeps others out of a visitor's session."""

from __future__ import annotations

import html

import pytest
from fastapi import Request
from starlette.testclient import TestClient

from quillgate.console.app import Cookie, create_app
from quillgate.console.desk import Desk
from quillgate.console.rendering import notify
from quillgate.console.serve import local_cookie
from quillgate.console.sign_in import ChosenRole
from quillgate.errors import NotRunningError
from quillgate.operate.deployment import Deployment
from tests.unit.console_fakes import Browser, browser, console


def test_a_change_without_the_sessions_token_is_refused() -> None:
    visitor = browser()
    answer = visitor.client.post("/role", data={"role": "operator"}, follow_redirects=False)
    assert answer.status_code == 403
    assert "viewer" in visitor.get("/changes").text


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_change_from_another_site_is_refused_token_or_not(headers: dict[str, str]) -> None:
    visitor = browser()
    fields = {"role": "operator", "csrf": visitor.token()}
    assert visitor.client.post("/role", data=fields, headers=headers).status_code == 403


def test_what_was_typed_on_a_page_that_is_too_old_is_shown_again_to_our_own_page() -> None:
    visitor, form = browser("operator"), {"csrf": "old", "text": "[[route]]\n# <mine>"}
    assert "# &lt;mine&gt;</textarea>" in visitor.client.post("/routes/edit", data=form).text
    headers = {"Sec-Fetch-Site": "cross-site"}
    assert "mine" not in visitor.client.post("/routes/edit", data=form, headers=headers).text
    form = {"csrf": "old", "keys": "-----BEGIN OPENSSH PRIVATE KEY-----\nsecret"}
    assert "secret" not in visitor.client.post("/customers", data=form).text


def test_our_own_page_may_change() -> None:
    visitor = browser()
    headers = {"Origin": "http://127.0.0.1", "Sec-Fetch-Site": "same-origin"}
    headers |= {"X-CSRF-Token": visitor.token()}
    answer = visitor.client.post(
        "/role", data={"role": "operator"}, headers=headers, follow_redirects=False
    )
    assert answer.status_code == 303
    assert "operator</strong>" in visitor.get("/changes").text


def test_what_is_far_too_large_is_refused_before_it_is_read() -> None:
    """Another site's page may send it: a file would be on the disk before the token is missed."""
    headers = {"Content-Type": "multipart/form-data; boundary=a"}
    answer = browser().client.post("/customers", content=20_000_001 * b"a", headers=headers)
    assert answer.status_code == 413
    assert "at most 20,000,000 bytes can be sent" in answer.text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_it_answers_to_loopback_names_only() -> None:
    """Else another site's name, pointed at this machine, would be let in (DNS rebinding)."""
    visitor = browser()
    assert visitor.get("/changes", headers={"Host": "evil.example"}).status_code == 400


def test_nothing_but_our_own_files_runs_or_frames_a_page() -> None:
    headers = browser().get("/changes").headers
    policy = headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["Cache-Control"] == "no-store"


def test_the_cookie_is_of_no_use_to_scripts_and_other_sites() -> None:
    visitor = browser()
    visitor.client.cookies.clear()
    cookie = visitor.get("/changes").headers["Set-Cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie


@pytest.mark.parametrize("letter", ["a", '"', "é", "\U0001f511"])
def test_a_notice_of_any_length_leaves_room_in_the_cookie(letter: str) -> None:
    """Browsers drop one of more than 4,096 bytes, and the notice would not be seen."""
    app = console()

    @app.get("/told")
    def told(request: Request) -> None:
        notify(request, letter * 3000)

    client = TestClient(app, base_url="http://127.0.0.1")
    assert len(client.get("/told").headers["Set-Cookie"]) < 4096
    assert letter in html.unescape(client.get("/changes").text)


def test_consoles_of_one_host_have_cookies_of_their_own() -> None:
    """Browsers do not tell them by the port: each would end the other's session."""
    assert local_cookie(8080).name != local_cookie(8081).name


def test_a_forged_session_is_none() -> None:
    visitor = browser("operator")
    visitor.client.cookies.clear()
    visitor.client.cookies.set("quillgate", "eyJyb2xlIjoib3BlcmF0b3IifQ==.aaaa.bbbb")
    assert "viewer</strong>" in visitor.get("/changes").text


def test_an_unknown_page_is_a_page() -> None:
    answer = browser().get("/nowhere")
    assert answer.status_code == 404
    assert "There is no such page" in answer.text
    assert "choose an area above" in answer.text


def test_an_address_that_only_a_button_leads_to_says_so() -> None:
    """As when a form that came back is loaded again by its address."""
    answer = browser("operator").get("/dead-letters/one")
    assert answer.status_code == 405
    assert "only a button leads to it" in answer.text


class MishapError(Exception):
    """Nobody has thought of it."""


def _mishap() -> Browser:
    app = console()

    @app.get("/mishap")
    def mishap(typed: str = "") -> None:
        raise MishapError(typed)

    return Browser(TestClient(app, base_url="http://127.0.0.1"))


def test_what_nobody_thought_of_is_a_page_as_safe_as_others() -> None:
    answer = _mishap().get("/mishap")
    assert answer.status_code == 500
    assert "unexpected: MishapError" in answer.text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"


def test_what_nobody_thought_of_is_logged_by_its_place_not_by_its_text(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It may be what somebody typed, or a private key that was pasted."""
    answer = _mishap().get("/mishap?typed=private")
    assert "private" not in answer.text + caplog.text
    assert "MishapError" in caplog.text
    assert "in mishap" in caplog.text


@pytest.mark.parametrize(
    "path", ["/uploads/rows?day=none", "/mishap", "/customers?q=a", "/nowhere"]
)
def test_where_a_part_of_a_page_was_asked_for_a_problem_is_one_too(path: str) -> None:
    """A whole page in its place would be a page within a page; and the place has to stay."""
    answer = _mishap().get(path, headers={"HX-Request": "true"})
    assert answer.status_code >= 400
    assert answer.text.startswith('<div class="problems" role="alert">')
    assert answer.headers["HX-Reswap"] == "innerHTML"
    assert answer.headers["HX-Reselect"] == ".problems"


def test_an_environment_that_is_still_starting_is_no_page_that_is_missing() -> None:
    def starting() -> Deployment:
        raise NotRunningError("not ready yet", ".quillgate", "wait until `up` says so")

    app = create_app(Desk(starting), ChosenRole("kim"), Cookie("secret"))
    answer = TestClient(app, base_url="http://127.0.0.1").get("/changes")
    assert answer.status_code == 503
    assert "It is not running at this moment" in answer.text
    assert "wait until `up` says so" in answer.text
