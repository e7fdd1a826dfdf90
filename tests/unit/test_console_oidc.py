"""Sign-in by an identity provider: who comes in, as what, for how long; and who does not."""

from __future__ import annotations

import html
import re
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
from fastapi.routing import APIRoute
from httpx2 import Response

from quillgate.console.attempt import own_path
from quillgate.console.groups import Groups, name_of
from quillgate.console.pages import all_pages
from quillgate.console.visitors import Role
from tests.identity_provider import CLIENT_ID, CLIENT_SECRET, Key
from tests.unit.oidc_fakes import HOST, SECONDS, URL, Person, person

KEY = Key("first")
LONG_AGO = 1_000_000_000


@pytest.fixture
def kim() -> Iterator[Person]:
    """In the group `support`."""
    with person(KEY) as found:
        yield found


def refreshed(answer: Response) -> str:
    """Where a page leads on to by itself."""
    assert answer.status_code == 401
    return str(answer.headers["Refresh"]).removeprefix("0; url=")


def query_of(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query))


# Coming in


def test_who_asks_for_a_page_gets_it_after_the_sign_in(kim: Person) -> None:
    shown = kim.sign_in(refreshed(kim.get("/changes?about=caf%C3%A9+%26+co")))
    assert str(shown.url) == f"{URL}/changes?about=caf%C3%A9+%26+co"
    assert "Changes: café &amp; co" in shown.text
    assert "kim@example.com, <strong>support</strong>" in shown.text
    assert "Work as" not in shown.text


def test_the_provider_is_asked_with_state_nonce_and_a_challenge_new_each_time(kim: Person) -> None:
    kim.sign_in()
    kim.sign_in()
    first, second = [query for path, query in kim.provider.asked if path == "/authorize"]
    for name in ("state", "nonce", "code_challenge"):
        assert len(first[name]) >= 43
        assert first[name] != second[name]
    assert first["tenant"] == "1"


@pytest.mark.parametrize(
    ("named", "role"),
    [
        (["viewer"], "viewer"),
        (["viewer", "operator", "support"], "operator"),
        ("support", "support"),
        (["x", 7, None, "viewer"], "viewer"),
    ],
)
def test_the_largest_role_of_the_groups_counts(kim: Person, named: Any, role: str) -> None:
    kim.provider.person["groups"] = named
    kim.sign_in()
    assert f"<strong>{role}</strong>" in kim.client.get("/changes").text


@pytest.mark.parametrize(
    "named", [None, [], "", [""], ["Support"], ["support "], "supporters", {}, 7]
)
def test_without_a_group_there_is_no_access_and_it_is_said_why(kim: Person, named: Any) -> None:
    kim.provider.claims["groups"] = named
    shown = kim.sign_in()
    assert shown.status_code == 403
    assert "kim@example.com, but in none of the groups" in shown.text
    assert not kim.is_in()


def test_a_role_without_a_group_is_nobodys() -> None:
    groups = Groups("groups", operator="ops")
    assert groups.role({"groups": ["", "ops"]}) is Role.OPERATOR
    assert groups.role({"groups": [""]}) is None


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"sub": "u-1", "email": "a@b.c", "preferred_username": "a"}, "a@b.c"),
        ({"sub": "u-1", "email": "a@b.c", "email_verified": False}, "u-1"),
        ({"sub": "u-1", "email": "a@b.c", "email_verified": "false"}, "u-1"),
        ({"sub": "u-1", "preferred_username": " al\n\u202e "}, "al??"),
        ({"sub": "u-1", "email": ""}, "u-1"),
    ],
)
def test_people_are_called_by_what_can_be_shown(claims: dict[str, Any], name: str) -> None:
    assert name_of(claims) == name


# Who does not come in


def wrong(**claims: Any) -> dict[str, Any]:
    return {"claims": claims}


@pytest.mark.parametrize(
    ("mood", "words"),
    [
        (wrong(nonce="another"), "another sign-in"),
        (wrong(nonce=None), "nonce"),
        (wrong(aud="other"), "Audience"),
        (wrong(aud=["other"]), "Audience"),
        (wrong(aud=[CLIENT_ID, "other"]), "another application"),
        (wrong(azp="other"), "another application"),
        (wrong(iss="https://evil.example"), "issuer"),
        (wrong(exp=LONG_AGO), "expired"),
        (wrong(exp=None), "exp"),
        (wrong(iat=LONG_AGO * 3), "not yet valid"),
        (wrong(nbf=LONG_AGO * 3), "not yet valid"),
        (wrong(sub=None), "sub"),
        ({"algorithm": "none"}, "not valid"),
        ({"algorithm": "HS256"}, "alg"),
        ({"key": Key("stranger"), "published": KEY}, "signing key"),
        ({"key": Key("first"), "published": KEY}, "Signature"),
        ({"token_answer": (200, b'{"access_token": "at-secret"}')}, "no ID token"),
        ({"token_answer": (200, b'{"id_token": "at-secret"}')}, "not valid"),
        ({"token_answer": (200, b"[]")}, "said no"),
        ({"token_answer": (200, b"<html>at-secret")}, "out of reach"),
        ({"token_answer": (400, b'{"error": "invalid_grant"}')}, "invalid_grant"),
        ({"token_answer": (400, b'{"error": "at-secret <b>"}')}, "unknown error"),
        ({"token_answer": (302, b"{}")}, "302"),
        ({"authorize_error": "access_denied"}, "access_denied"),
        ({"authorize_error": "Call 555-1234 <b>"}, "unknown error"),
    ],
    ids=str,
)
def test_a_provider_that_misbehaves_lets_nobody_in(
    kim: Person, mood: dict[str, Any], words: str, caplog: pytest.LogCaptureFixture
) -> None:
    for name, value in mood.items():
        setattr(kim.provider, name, value)
    back = kim.leave_for_provider()
    shown = kim.client.get(back)
    assert shown.status_code == 403
    assert words in html.unescape(shown.text)
    assert not kim.is_in()
    for secret in ("at-secret", CLIENT_SECRET, query_of(back).get("code", "at-secret")):
        assert secret not in shown.text + caplog.text


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://evil.example"},
        {"authorization_endpoint": "http://idp.example/authorize"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": None},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": None},
    ],
)
def test_a_provider_that_describes_itself_wrongly_is_not_used(
    kim: Person, metadata: dict[str, Any]
) -> None:
    kim.provider.metadata = metadata
    answer = kim.get("/sign-in")
    assert answer.status_code == 502
    assert "identity provider" in answer.text


def test_a_provider_out_of_reach_is_told_in_words() -> None:
    with person(KEY) as kim:
        pass
    answer = kim.get("/sign-in")
    assert answer.status_code == 502
    assert "out of reach - try again later" in answer.text


@pytest.mark.parametrize(
    "mood", [{"hangs_up": "/keys"}, {"metadata": {"jwks_uri": "http://127.0.0.1:1/"}}], ids=str
)
def test_keys_out_of_reach_are_told_in_words(kim: Person, mood: dict[str, Any]) -> None:
    """That is no matter of the answer, which may well be valid."""
    for name, value in mood.items():
        setattr(kim.provider, name, value)
    shown = kim.sign_in()
    assert shown.status_code == 403
    assert "out of reach - try again later" in shown.text
    kim.provider.hangs_up, kim.provider.metadata = "", {}
    kim.clock.seconds += 3601
    kim.sign_in()
    assert kim.is_in()


# The provider's ways


def test_clocks_may_differ_a_little(kim: Person) -> None:
    now = int(time.time())
    kim.provider.claims = {"iat": now + 30, "exp": now - 30}
    kim.sign_in()
    assert kim.is_in()


def test_a_new_key_is_found_at_once_and_known_ones_are_not_asked_for_again(kim: Person) -> None:
    for _ in range(3):
        kim.sign_in()
    kim.provider.key = Key("second")
    for _ in range(3):
        kim.sign_in()
    assert kim.is_in()
    asked = [path for path, _ in kim.provider.asked]
    assert asked.count("/keys") == 2
    assert asked.count("/.well-known/openid-configuration") == 1


def test_unknown_keys_do_not_make_us_ask_all_the_time() -> None:
    with person(KEY, key_pause_seconds=3600) as kim:
        kim.provider.published, kim.provider.key = KEY, Key("stranger")
        for _ in range(3):
            assert kim.sign_in().status_code == 403
        assert [path for path, _ in kim.provider.asked].count("/keys") == 1


def test_its_description_is_read_again_after_an_hour(kim: Person) -> None:
    kim.sign_in()
    kim.clock.seconds += 3601
    kim.sign_in()
    asked = [path for path, _ in kim.provider.asked]
    assert asked.count("/.well-known/openid-configuration") == 2


def test_it_may_want_the_secret_in_the_form(kim: Person) -> None:
    kim.provider.metadata = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    kim.sign_in()
    assert kim.is_in()


def test_an_answer_that_says_it_is_from_elsewhere_is_refused(kim: Person) -> None:
    back = kim.leave_for_provider().replace(quote(kim.provider.url, safe=""), "https://evil")
    assert "another identity provider" in kim.client.get(back).text
    assert not kim.is_in()


# Whose sign-in it is


def test_an_answer_is_good_once_and_in_the_browser_that_asked(kim: Person) -> None:
    back = kim.leave_for_provider()
    other = kim.new_browser()
    assert other.get(back).status_code == 400
    assert "in another browser" in other.get(back).text
    assert not kim.is_in()
    kim.client.get(back)
    assert kim.is_in()
    kim.client.cookies.clear()
    assert kim.client.get(back).status_code == 400


@pytest.mark.parametrize(
    "query", ["", "?code=c", "?state=&code=c", "?error=Call+555-1234", "?state=%00"]
)
def test_what_nobody_asked_for_is_neither_taken_nor_shown(kim: Person, query: str) -> None:
    shown = kim.client.get(f"/signed-in{query}")
    assert shown.status_code == 400
    assert "555" not in shown.text


def test_a_sign_in_may_take_ten_minutes(kim: Person) -> None:
    back = kim.leave_for_provider()
    kim.clock.seconds += 601
    assert kim.client.get(back).status_code == 400
    assert not kim.is_in()


def test_a_second_tab_that_comes_late_is_let_through(kim: Person) -> None:
    first = kim.leave_for_provider()
    kim.sign_in()
    answer = kim.get(first)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")


def test_another_clients_code_is_of_no_use(kim: Person) -> None:
    """Without the verifier that only this browser's session has."""
    code = query_of(kim.leave_for_provider())["code"]
    url = kim.get("/sign-in").headers["Location"]
    stolen = f"/signed-in?code={code}&state={query_of(url)['state']}"
    assert "invalid_grant" in kim.client.get(stolen).text
    assert not kim.is_in()


@pytest.mark.parametrize(
    "path",
    [
        *("https://evil.example", "//evil.example", "/\\evil.example", "\\evil", "evil", ""),
        *("/\t/evil.example", "/\n/evil.example", " //evil.example", "javascript:alert(1)"),
        *("/a b", "/é", "/" + 1001 * "a"),
    ],
)
def test_it_leads_back_to_our_own_pages_only(path: str) -> None:
    assert own_path(path) == "/"
    with person(KEY) as kim:
        back = kim.leave_for_provider(f"/sign-in?next={quote(path, safe='')}")
        assert kim.get(back).headers["Location"] == "/"


@pytest.mark.parametrize("path", ["/", "/a", "/customers/a@b?c=d%20e&f#g", "/a//b"])
def test_our_own_pages_are_ours(path: str) -> None:
    assert own_path(path) == path


# The session


def test_it_ends_and_the_next_sign_in_reads_the_role_again(kim: Person) -> None:
    kim.sign_in()
    kim.clock.seconds += SECONDS - 1
    assert kim.is_in()
    kim.clock.seconds += 1
    assert not kim.is_in()
    kim.provider.person["groups"] = ["operator"]
    kim.sign_in()
    assert "<strong>operator</strong>" in kim.client.get("/changes").text


def test_nothing_of_the_session_before_lives_on(kim: Person) -> None:
    """Whoever planted it would else know its token for forms, or have a role in it."""
    back = kim.leave_for_provider()
    token = csrf(kim)
    kim.client.get(back)
    assert kim.client.post("/sign-out", data={"csrf": token}).status_code == 403
    assert kim.is_in()


def test_signing_out_is_a_form_of_ours_and_leads_on_to_the_provider(kim: Person) -> None:
    kim.sign_in()
    assert kim.client.post("/sign-out").status_code == 403
    assert kim.is_in()
    shown = kim.browser.post("/sign-out")
    assert "You are signed out" in shown.text
    assert not kim.is_in()
    [url] = re.findall(r'href="(http[^"]+)"', shown.text)
    assert url.startswith(f"{kim.provider.url}/logout?")
    assert query_of(html.unescape(url)) == {
        "client_id": CLIENT_ID,
        "post_logout_redirect_uri": f"{URL}/signed-out",
    }


@pytest.mark.parametrize("metadata", [{"end_session_endpoint": None}, {"issuer": "https://else"}])
def test_one_is_signed_out_here_whatever_the_provider_can(
    kim: Person, metadata: dict[str, Any]
) -> None:
    kim.provider.metadata = metadata
    shown = kim.client.get("/signed-out")
    assert shown.status_code == 200
    assert "Sign out there" not in shown.text


def test_the_cookie_is_this_hosts_alone_and_browsers_stay_with_tls(kim: Person) -> None:
    answer = kim.get("/sign-in")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-quillgate=")
    parts = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert {"secure", "httponly", "samesite=lax", "path=/"} <= parts
    assert not any(part.startswith("domain") for part in parts)
    assert "max-age" in answer.headers["Strict-Transport-Security"]


def test_the_session_holds_no_token(kim: Person) -> None:
    kim.sign_in()
    [cookie] = [each.value for each in kim.client.cookies.jar]
    assert cookie
    assert len(cookie) < 1000


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Host": f"{HOST}.evil.example"}])
def test_it_answers_to_its_own_name_only(kim: Person, headers: dict[str, str]) -> None:
    assert kim.get("/sign-in", headers=headers).status_code == 400


# Pages


OPEN = {
    *(("GET", path) for path in ("/sign-in", "/signed-in", "/signed-out", "/_console/health")),
    ("POST", "/sign-out"),
}


def test_whoever_is_not_in_is_sent_to_sign_in_from_every_page_and_action(kim: Person) -> None:
    guarded = {
        (method, route.path)
        for router in (*all_pages(), kim.sign_in_routes)
        for route in router.routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    }
    assert guarded >= OPEN | {("GET", "/changes")}
    for method, path in guarded - OPEN:
        asked = re.sub("[{}]|:path", "", path)
        headers = {"X-CSRF-Token": csrf(kim)}
        answer = kim.client.request(method, asked, headers=headers, follow_redirects=False)
        assert answer.status_code == 401, path
        if method == "GET":
            assert refreshed(answer) == f"/sign-in?next={quote(asked, safe='')}", path
        else:
            # Not by itself: what was typed is still there, to be sent again.
            assert "Refresh" not in answer.headers, path
            assert 'href="/sign-in?next=%2F" target="_blank"' in answer.text, path


def test_what_was_typed_as_a_session_ended_can_be_sent_after_the_sign_in(kim: Person) -> None:
    kim.sign_in()
    form = {"X-CSRF-Token": csrf(kim)}
    kim.clock.seconds += SECONDS
    order = "/uploads/again?key=a/no.csv"
    assert "Nothing was changed" in kim.client.post(order, headers=form).text
    kim.sign_in()
    answer = kim.client.post(order, headers=form)
    assert answer.status_code == 404
    assert "a/no.csv" in answer.text


def test_a_form_of_another_persons_session_cannot_be_sent(kim: Person) -> None:
    kim.sign_in()
    form = {"X-CSRF-Token": csrf(kim)}
    kim.provider.person["email"] = "alex@example.com"
    kim.sign_in()
    assert kim.client.post("/customers", headers=form).status_code == 403


def test_what_is_checked_as_one_types_says_in_its_place_that_the_session_has_ended(
    kim: Person,
) -> None:
    kim.provider.person["groups"] = ["operator"]
    kim.sign_in()
    headers = {"X-CSRF-Token": csrf(kim), "HX-Request": "true"}
    kim.clock.seconds += SECONDS
    answer = kim.client.post("/routes/check", data={"text": "typed"}, headers=headers)
    assert answer.status_code == 401
    assert "HX-Redirect" not in answer.headers
    assert answer.text.startswith('<div class="problems" role="alert">')
    assert "What you typed is still here" in answer.text


def csrf(kim: Person) -> str:
    found = re.search('X-CSRF-Token": "([^"]+)', kim.client.get("/signed-out").text)
    assert found
    return found[1]


def test_a_part_of_a_page_sends_the_whole_page_to_sign_in(kim: Person) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": f"{URL}/changes?about=x"}
    answer = kim.get("/changes", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"] == "/sign-in?next=%2Fchanges%3Fabout%3Dx"
