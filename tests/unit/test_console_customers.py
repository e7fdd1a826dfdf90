"""The console's customers, as support staff work with them, mistakes included."""

from __future__ import annotations

import html
import re
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from httpx2 import Response
from sftp_watchdog.ledger_names import Ref

from quillgate.console.pages.upload import place
from quillgate.users.accounts import Known
from quillgate.users.model import PublicKey
from tests.unit.console_fakes import Browser, browser
from tests.unit.operate_fakes import KEY, entry, upload
from tests.unit.users_fakes import Stack, line, new_key
from tests.unit.watchdog_fakes import client_error


@pytest.fixture
def support(stack: Stack) -> Browser:
    return browser("support", stack)


def _private() -> str:
    key = Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()


def _putty(public: str) -> str:
    body = public.split()[1]
    return (
        f'---- BEGIN SSH2 PUBLIC KEY ----\nComment: "jo"\n{body}\n---- END SSH2 PUBLIC KEY ----\n'
    )


def _with_file(visitor: Browser, path: str, content: bytes, **fields: str) -> Response:
    files = {"file": ("jo.pub", content, "application/octet-stream")}
    return visitor.client.post(path, data={**fields, "csrf": visitor.token()}, files=files)


def _wrong(answer: Response, field: str) -> str:
    """What is said next to a field."""
    found = re.search(rf'<ul class="wrong" id="{field}-wrong">(.*?)</ul>', answer.text, re.DOTALL)
    assert found, answer.text
    assert answer.status_code == 422
    assert f'aria-describedby="{field}-hint {field}-wrong" aria-invalid="true"' in answer.text
    return found[1]


def _fingerprints(stack: Stack, name: str = "acme") -> list[str]:
    return [key.fingerprint for key in stack.directory.find(name).keys]


def _writes(stack: Stack) -> list[str]:
    """Changes of users since the last look."""
    found = stack.transfer.writes
    stack.transfer.calls.clear()
    return found


# Adding


def test_a_customer_is_added_with_a_putty_key_and_the_note_is_shown(
    stack: Stack, support: Browser
) -> None:
    answer = support.post("/customers", name=" acme ", keys=_putty(line()))
    assert answer.url.path == "/customers/acme"
    assert "acme is added" in answer.text
    assert "sftp -P 2222 acme@sftp.example.com" in answer.text
    [fingerprint] = _fingerprints(stack)
    assert fingerprint in answer.text
    [change] = stack.audit().newest().changes
    assert (change.who, change.via, change.role, change.what, change.result) == (
        "kim", "console", "support", "users add", "done",
    )  # fmt: skip


def test_a_key_may_come_as_a_file_and_beside_a_pasted_one(stack: Stack, support: Browser) -> None:
    one, two = line(), line()
    content = b"\xff\xfe" + two.encode("utf-16-le")
    answer = _with_file(support, "/customers", content, name="acme", keys=one)
    assert answer.url.path == "/customers/acme"
    assert len(_fingerprints(stack)) == 2


def test_without_a_key_the_page_says_that_nobody_can_log_in(support: Browser) -> None:
    answer = support.post("/customers", name="acme", folder="eu/acme")
    assert "there is no key" in answer.text
    assert "<dd>eu/acme</dd>" in answer.text


@pytest.mark.parametrize("path", ["/customers", "/customers/other/keys"])
def test_a_private_key_is_refused_loudly_and_never_shown(
    stack: Stack, support: Browser, path: str
) -> None:
    stack.directory.add("other", [])
    _writes(stack)
    private, public = _private(), line("a comment")
    body = private.splitlines()[1]
    pasted = support.post(path, name="acme", folder="eu/acme", keys=f"{public}\n{private}")
    filed = _with_file(support, path, private.encode(), name="acme", folder="eu/acme", keys=public)
    for answer, line_number in ((pasted, "line 2: "), (filed, "in the file, line 1: ")):
        assert "That was a private key" in answer.text
        assert f"{line_number}this is the PRIVATE half" in _wrong(answer, "keys")
        assert body not in answer.text
        assert "a comment" not in answer.text
        assert re.search(r"<textarea[^>]*>\s*</textarea>", answer.text)
    if path == "/customers":
        assert 'value="acme"' in pasted.text
        assert 'value="eu/acme"' in pasted.text
    assert _writes(stack) == []
    kept = b"".join(stack.records.objects.values())
    assert body.encode() not in kept


@pytest.mark.parametrize("field", ["name", "folder"])
def test_a_private_key_in_a_wrong_field_is_not_shown_either(support: Browser, field: str) -> None:
    private = _private().replace("\n", " ")
    answer = support.post("/customers", **{"name": "acme", field: private})
    assert "PRIVATE half" in _wrong(answer, field)
    assert private.split()[5] not in answer.text


SEARCHES = [
    ("/customers", "q"),
    ("/uploads", "key"),
    ("/uploads", "user"),
    ("/uploads/rows", "user"),
    ("/routes", "key"),
    ("/routes/try", "key"),
    ("/changes", "about"),
]


@pytest.mark.parametrize(("path", "field"), SEARCHES)
def test_nor_is_one_that_is_searched_for(support: Browser, path: str, field: str) -> None:
    """Without its armour: so much of it every field takes."""
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    private = pem.splitlines()[1]
    answer = support.get(path, params={field: f"  {private} "})
    assert answer.status_code == 200
    assert private not in answer.text


def test_every_line_that_is_no_key_is_explained_and_comes_back_as_typed(
    stack: Stack, support: Browser
) -> None:
    pasted = f'{line()}\nssh-dss AAAAB3NzaC1kc3MAAA== x\n<script>"\n'
    answer = support.post("/customers", name="acme", keys=pasted)
    said = _wrong(answer, "keys")
    assert "line 2: a DSA key is not taken" in said
    assert "line 3: this is no public SSH key" in said
    assert "AAAAB3NzaC1kc3MAAA== x\n&lt;script&gt;&#34;" in answer.text
    assert "<script>" not in answer.text
    assert _writes(stack) == []


@pytest.mark.parametrize("lines", [6, 1000])
def test_a_mail_or_a_sheet_does_not_drown_what_there_is_to_say(
    support: Browser, lines: int
) -> None:
    content = f"{line()}\n" + "day,amount\n" * lines
    pasted = support.post("/customers", name="acme", keys=content)
    filed = _with_file(support, "/customers", content.encode(), name="acme")
    for answer in (pasted, filed):
        assert f"lines 2, 3, 4, 5, 6 and {lines - 5} more: this is no" in _wrong(answer, "keys")
    assert len(filed.text) < 10_000


def test_an_empty_file_is_told_of(stack: Stack, support: Browser) -> None:
    answer = _with_file(support, "/customers", b"\n", name="acme")
    assert "in the file, line 1: there is nothing in it" in _wrong(answer, "keys")
    assert _writes(stack) == []


def test_a_key_in_a_file_is_not_lost_as_the_form_comes_back(support: Browser) -> None:
    """Browsers choose no file again: the next try would add a customer without a key."""
    pasted, filed = line(), line()
    answer = _with_file(support, "/customers", _putty(filed).encode(), name="a b", keys=pasted)
    assert f"{pasted}\n{' '.join(filed.split()[:2])} jo</textarea>" in html.unescape(answer.text)


def test_what_is_far_too_long_is_refused_in_words(stack: Stack, support: Browser) -> None:
    fields = {"name": (None, "acme"), "keys": (None, "a" * 1_100_000)}
    form = {"csrf": (None, support.token()), **fields}
    answer = support.client.post("/customers", files=form)
    assert answer.status_code == 400
    assert "far too long" in answer.text
    assert _writes(stack) == []


@pytest.mark.parametrize("name", ["", "ac", "-acme", "acmé", "a" * 101, "acme/x", 'ac"me', "a\nbc"])
def test_a_name_that_cannot_be_one_is_explained(support: Browser, name: str) -> None:
    assert "3 to 100 characters" in _wrong(support.post("/customers", name=name), "name")


def test_all_mistakes_are_told_at_once(stack: Stack, support: Browser) -> None:
    stack.directory.add("acme", [])
    answer = support.post("/customers", name="acme", folder="a*b", keys="x")
    assert "of this name already" in _wrong(answer, "name")
    assert "leave out" in _wrong(answer, "folder")
    assert "no public SSH key" in _wrong(answer, "keys")


def test_a_folder_that_is_anothers_is_refused(stack: Stack, support: Browser) -> None:
    stack.directory.add("acme", [])
    answer = support.post("/customers", name="other", folder="acme/sub")
    assert answer.status_code == 422
    assert "the home of acme - name another folder" in answer.text
    assert stack.directory.find_if_any("other") is None


def test_a_folder_that_another_process_has_just_given_is_refused(
    stack: Stack, support: Browser
) -> None:
    support.post("/customers", name="first")
    elsewhere = replace(stack.directory, accounts=replace(stack.directory.accounts, known=Known()))
    elsewhere.add("acme", [], folder="shared")
    answer = support.post("/customers", name="other", folder="shared")
    assert answer.status_code == 422
    assert "it is the home of acme" in answer.text


def test_a_key_that_another_has_is_allowed_by_a_box_only(stack: Stack, support: Browser) -> None:
    key = line()
    support.post("/customers", name="acme", keys=key)
    refused = support.post("/customers", name="other", keys=key)
    assert "acme has that key already" in _wrong(refused, "shared")
    assert "--allow-shared-key" not in refused.text
    assert key in refused.text
    assert support.post("/customers", name="other", keys=key, shared="yes").status_code == 200
    assert _fingerprints(stack, "other") == _fingerprints(stack)


def test_options_that_were_dropped_are_told(support: Browser) -> None:
    answer = support.post("/customers", name="acme", keys=f'from="10.0.0.1" {line()}')
    assert "that restriction is lost" in answer.text


# Keys


@pytest.fixture
def key(stack: Stack) -> PublicKey:
    """The one key of the customer `acme`."""
    key = new_key("old")
    stack.directory.add("acme", [key])
    _writes(stack)
    return key


def test_a_key_is_added_and_the_old_one_still_works(
    stack: Stack, support: Browser, key: PublicKey
) -> None:
    answer = support.post("/customers/acme/keys", keys=line("new"))
    assert "still work, until they are removed" in answer.text
    assert len(_fingerprints(stack)) == 2
    assert key.fingerprint in _fingerprints(stack)


def test_a_key_that_is_there_already_is_not_called_new(
    stack: Stack, support: Browser, key: PublicKey
) -> None:
    answer = support.post("/customers/acme/keys", keys=key.line)
    assert "Nothing was changed: acme has had that key before." in answer.text
    assert "new key" not in answer.text
    answer = support.post("/customers/acme/keys", keys=f"{key.line}\n{line('new')}")
    assert "The new key can be used" in answer.text
    assert len(_fingerprints(stack)) == 2


def test_a_key_is_replaced_in_one_step_the_new_one_first(
    stack: Stack, support: Browser, key: PublicKey
) -> None:
    page = support.get("/customers/acme/keys/new", params={"replaces": key.fingerprint})
    assert f'name="replaces" value="{key.fingerprint}"' in page.text
    new = line("new")
    answer = support.post("/customers/acme/keys", keys=new, replaces=key.fingerprint)
    assert "The old key lets nobody in" in answer.text
    assert _writes(stack) == ["ImportSshPublicKey", "DeleteSshPublicKey"]
    assert key.fingerprint not in _fingerprints(stack)
    assert stack.trail()[-2:] == [
        ("users keys add", "acme", "done"),
        ("users keys remove", "acme", "done"),
    ]
    again = support.post("/customers/acme/keys", keys=new, replaces=key.fingerprint)
    assert again.status_code == 200
    assert _writes(stack) == []


@pytest.mark.parametrize("dies_at", range(11))
def test_a_replacement_that_was_cut_off_is_finished_by_another(
    stack: Stack, support: Browser, key: PublicKey, dies_at: int
) -> None:
    fields = {"keys": line("new"), "replaces": key.fingerprint}
    stack.fate.error = ConnectionError
    stack.fate.strike(dies_at)
    assert support.post("/customers/acme/keys", **fields).status_code == 500
    stack.fate.spare()
    assert _fingerprints(stack)  # with one of them the customer logs in
    assert support.post("/customers/acme/keys", **fields).status_code == 200
    [left] = stack.directory.find("acme").keys
    assert left.line == fields["keys"]


def test_a_key_does_not_replace_itself(stack: Stack, support: Browser, key: PublicKey) -> None:
    answer = support.post("/customers/acme/keys", keys=key.line, replaces=key.fingerprint)
    assert "paste the new one" in _wrong(answer, "keys")
    assert _fingerprints(stack) == [key.fingerprint]


def test_an_empty_form_is_explained(support: Browser, key: PublicKey) -> None:
    answer = support.post("/customers/acme/keys", keys="", replaces=key.fingerprint)
    assert "there is nothing in it" in _wrong(answer, "keys")
    assert "Replace a key of acme" in answer.text


def test_a_key_is_removed_once_however_often_it_is_asked_for(
    stack: Stack, support: Browser, key: PublicKey
) -> None:
    assert "It is the only one" in support.get("/customers/acme").text
    for _ in range(2):
        answer = support.post("/customers/acme/keys/remove", key=key.fingerprint)
        assert "The key is removed" in answer.text
    assert _writes(stack) == ["DeleteSshPublicKey"]


# State


def test_a_customer_is_disabled_gets_a_key_and_is_enabled(
    stack: Stack, support: Browser, key: PublicKey
) -> None:
    answer = support.post("/customers/acme/disable")
    assert "acme is disabled" in answer.text
    assert "nobody can log in" in answer.text
    assert key.fingerprint in answer.text
    assert '<td data-label="Keys">kept</td>' in support.get("/customers").text
    answer = support.post("/customers/acme/keys", keys=line())
    assert "once the customer is enabled" in answer.text
    assert stack.directory.page().users[0].key_count == 0
    assert "acme is enabled" in support.post("/customers/acme/enable").text
    assert stack.directory.page().users[0].key_count == 2


def test_a_customer_is_removed_when_the_name_was_typed(
    stack: Stack, support: Browser, key: PublicKey
) -> None:
    assert key.fingerprint in _fingerprints(stack)
    for typed in ("", "Acme", "acme2"):
        answer = support.post("/customers/acme/remove", typed=typed)
        assert "that is not the name" in _wrong(answer, "typed")
    assert _writes(stack) == []
    assert "The customer and the key are removed" in support.get("/customers/acme/remove").text
    answer = support.post("/customers/acme/remove", typed=" acme ")
    assert answer.url.path == "/customers"
    assert "acme is removed" in answer.text
    assert "acme/incoming/" in stack.uploads.objects
    assert support.get("/customers/acme").status_code == 404


def test_nothing_is_changed_when_it_cannot_be_put_on_record(
    stack: Stack, support: Browser, key: PublicKey
) -> None:
    stack.records.failure = client_error(503)
    answer = support.post("/customers/acme/disable")
    stack.records.failure = None
    assert answer.status_code == 502
    assert _writes(stack) == []
    assert _fingerprints(stack) == [key.fingerprint]


@pytest.mark.usefixtures("key")
@pytest.mark.parametrize("part", ["transfer", "records"])
def test_while_a_part_does_not_answer_a_page_offers_to_try_again(
    stack: Stack, support: Browser, part: str
) -> None:
    getattr(stack, part).failure = client_error(429, "ThrottlingException")
    looked = support.get("/customers/acme")
    changed = support.post("/customers/acme/disable")
    for answer in (looked, changed):
        assert answer.status_code == 502
        assert "tell an operator" in answer.text
    assert "Try again</a>" in looked.text
    assert "Try again</a>" not in changed.text
    assert "your browser then sends once more what you typed" in changed.text


# Looking


def test_the_list_goes_on_page_by_page(stack: Stack, support: Browser) -> None:
    names = [f"user-{number:02}" for number in range(30)]
    for name in names:
        stack.directory.add(name, [])
    seen, path, stack.transfer.calls[:] = [], "/customers", []
    while path:
        page = support.get(path).text
        seen += re.findall(r'href="/customers/(user-\d\d)"', page)
        more = re.search(r'href="(/customers\?page=[^"]+)"', page)
        path = more[1] if more else ""
    assert seen == names
    assert stack.transfer.calls == ["ListUsers"] * 2


def test_the_search_is_by_parts_of_the_name(stack: Stack, support: Browser) -> None:
    for name in ("acme", "acme-europe", "other"):
        stack.directory.add(name, [])
    page = support.get("/customers", params={"q": "EUR acme"}).text
    assert "1 found" in page
    assert "/customers/acme-europe" in page
    nothing = support.get("/customers", params={"q": '<b>"'}).text
    assert "name holds all of: &lt;b&gt;&#34;" in nothing
    assert "<b>" not in nothing


def test_a_search_that_finds_too_many_says_so(stack: Stack, support: Browser) -> None:
    for number in range(26):
        stack.directory.add(f"user-{number:02}", [])
    page = support.get("/customers", params={"q": "user"}).text
    assert "more than 25 found: type more of the name" in page
    assert len(re.findall(r'href="/customers/user-', page)) == 25


def test_the_last_uploads_are_shown_and_lead_to_their_own_page(
    stack: Stack, support: Browser
) -> None:
    stack.directory.add("acme", [new_key()])
    older, newer = upload(version_id="v 1"), upload("acme/incoming/<b> & é.csv", seconds=5)
    stack.ledger.create(entry("rejected", older))
    stack.ledger.create(entry("accepted", newer))
    assert '<span class="badge accepted">' in support.get("/customers").text
    page = support.get("/customers/acme").text
    assert page.index("&lt;b&gt; &amp; é.csv") < page.index("q3 sales.csv")
    assert f'"{html.escape(place(KEY, "v 1"))}"' in page
    assert "refused: the file or its project has to be mended" in page


def test_a_list_that_leads_to_no_entry_does_no_harm(stack: Stack, support: Browser) -> None:
    stack.directory.add("acme", [new_key()])
    kept = entry("accepted")
    stack.ledger.create(kept)
    del stack.records.objects[Ref.of(kept.key, kept.upload_id).entry]
    assert 'data-label="Last upload">none<' in support.get("/customers").text
    assert "not uploaded anything" in support.get("/customers/acme").text


def test_viewers_are_offered_nothing_to_change(stack: Stack, key: PublicKey) -> None:
    visitor = browser("viewer", stack)
    for path in ("/customers", "/customers/acme"):
        page = visitor.get(path).text
        assert key.fingerprint in page or path == "/customers"
        assert re.findall(r'<form[^>]*method="post"[^>]*action="([^"]*)"', page) == ["/role"]
        assert "/customers/new" not in page
        assert "keys/new" not in page


def test_a_customer_may_be_called_new(support: Browser) -> None:
    answer = support.post("/customers", name="new", keys=line())
    assert answer.url.path == "/customers/new/"
    assert 'href="/customers/new/"' in support.get("/customers").text
    assert "new is disabled" in support.post("/customers/new/disable").text


@pytest.mark.parametrize("name", ["nobody", "x", "a b", "<b>", "acme%00", "acme%0a"])
def test_a_customer_who_is_not_there_is_a_page(support: Browser, name: str) -> None:
    answer = support.get(f"/customers/{name}")
    assert answer.status_code == 404
    assert "no such customer" in answer.text
    assert "<b>" not in answer.text
