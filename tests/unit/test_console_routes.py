"""The console's routes: looked at, tried, changed and put back."""

from __future__ import annotations

import html
import re
from typing import Any, cast

import pytest
from httpx2 import Response
from sftp_watchdog.ledger_names import LAST_GOOD_ROUTES
from sftp_watchdog.names import CONFIG_KEY
from sftp_watchdog.routes import MAX_BYTES

from quillgate.audit import Audit, Change
from tests.unit.console_fakes import Browser, browser
from tests.unit.operate_fakes import Place, entry, upload
from tests.unit.routes_fakes import VersionedS3, place, toml

HTMX = {"HX-Request": "true"}


def bucket(where: Place) -> VersionedS3:
    return cast("VersionedS3", where.s3)


def in_force(where: Place) -> str:
    return where.s3.objects[CONFIG_KEY].decode()


def etag(visitor: Browser, path: str = "/routes/edit") -> str:
    """What the page's form carries."""
    found = re.search(r'name="etag" value="([^"]*)"', visitor.get(path).text)
    assert found
    return html.unescape(found[1])


def save(visitor: Browser, text: str, begun_from: str | None = None) -> Response:
    return visitor.post(
        "/routes/edit", text=text, etag=etag(visitor) if begun_from is None else begun_from
    )


def typed(answer: Response) -> str:
    """What is in the text area, as a browser reads it."""
    found = re.search(r"<textarea[^>]*>\n(.*)</textarea>", answer.text, re.DOTALL)
    assert found
    return html.unescape(found[1])


def words(answer: Response) -> str:
    return html.unescape(answer.text)


def trail(where: Place) -> list[Change]:
    return list(Audit(where.ledger, "kim").newest(about="routes").changes)


def test_everybody_sees_what_is_in_force() -> None:
    page = words(browser(place=place(toml(), toml("other"))).get("/routes"))
    assert "other</td>" in page
    assert "acme-sales" not in page
    assert 'href="/routes/edit"' not in page
    assert 'href="/routes/edit"' in browser("operator", place(toml())).get("/routes").text


def test_the_text_is_given_as_it_is_stored_and_never_as_a_page() -> None:
    answer = browser(place=place("# <b>\r\n" + toml())).get("/routes/text")
    assert answer.content == b"# <b>\r\n" + toml().encode()
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert browser(place=place()).get("/routes/text").status_code == 404


def test_where_what_is_stored_is_broken_the_last_good_ones_are_shown() -> None:
    where = place("[[route]\n")
    visitor = browser(place=where)
    page = words(visitor.get("/routes"))
    assert "watchdog.config is broken: line 1" in page
    assert "No routes are in force" in page
    where.ledger.keep_text(LAST_GOOD_ROUTES, toml("last-good"))
    page = words(visitor.get("/routes"))
    assert "The last good routes are in force" in page
    assert "last-good</td>" in page


def test_many_routes_are_shown_a_hundred_at_a_time() -> None:
    text = "".join(toml(directory=f"customer-{number}/incoming") for number in range(250))
    visitor = browser(place=place(text))
    pages = [visitor.get(f"/routes?page={number}").text for number in (1, 2, 3)]
    assert [page.count('data-label="Folder"') for page in pages] == [100, 100, 50]
    assert ["Show more" in page for page in pages] == [True, True, False]
    assert "250 in all" in pages[0]


@pytest.mark.parametrize("path", ["/routes", "/routes/try"])
@pytest.mark.parametrize(
    ("key", "said", "kind"),
    [
        ("acme/incoming/q3 é+%.csv", "goes to project 'acme-sales'", "notice"),
        ("other/a.csv", "no route for 'other/a.csv' - routes cover 'acme/incoming'", "warning"),
        ("acme/incoming/<b>.tmp", "'acme/incoming/<b>.tmp' is ignored", "warning"),
    ],
)
def test_which_route_takes_a_file(path: str, key: str, said: str, kind: str) -> None:
    answer = browser(place=place(toml())).get(path, params={"key": key})
    assert said in words(answer)
    assert f'<p class="{kind}">' in answer.text
    assert "<b>" not in answer.text


def test_an_answer_without_routes() -> None:
    answer = browser(place=place()).get("/routes/try?key=a")
    assert "no routes are in force" in answer.text
    assert "<main" not in answer.text


@pytest.mark.parametrize(
    "text", [toml(), "\n\n" + toml(), "# é </textarea> &amp;\n" + toml(), "broken ["]
)
def test_the_editor_begins_with_what_is_stored(text: str) -> None:
    answer = browser("operator", place(text)).get("/routes/edit")
    assert answer.status_code == 200
    assert typed(answer) == text


def test_saved_routes_are_in_force_in_the_visitors_name_and_on_record() -> None:
    where = place(toml())
    visitor = browser("operator", where)
    answer = save(visitor, toml("other").replace("\n", "\r\n"))
    assert answer.url.path == "/routes"
    assert "in force within a minute" in answer.text
    assert in_force(where) == toml("other")
    assert bucket(where).versions_kept[0].metadata == {"pushed-by": "kim"}
    [change] = trail(where)
    assert (change.what, change.who, change.via, change.role) == (
        "routes push", "kim", "console", "operator",
    )  # fmt: skip
    assert change.before == {"version": "v1"}
    assert change.result == "done"
    assert change.after is not None
    assert change.after["version"] == "v2"
    assert change.after["changes"].startswith("~ project 'other'")


def test_the_first_routes_of_a_stack_are_saved_as_well() -> None:
    where = place()
    save(browser("operator", where), toml())
    assert in_force(where) == toml()
    assert trail(where)[0].before is None


def test_what_is_in_force_already_is_not_saved_again() -> None:
    where = place(toml())
    assert "in force already" in save(browser("operator", where), toml()).text
    assert len(bucket(where).versions_kept) == 1
    assert trail(where) == []


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("", ["line 1: no routes in it"]),
        (toml() + toml(), ["line 7: directory 'acme/incoming' with pattern '*' is already"]),
        (toml(project="a b") + toml(directory="/x"), ["line 2: ", "line 7: "]),
        ("[[route]\n", ["line 1: not TOML"]),
        (toml(stories="acme/stories"), ["line 1: Quill may not write stories to 'acme/stories'"]),
        (toml(stories="acme/incoming/x"), ["lies inside directory"]),
        ("# <script>\n[route", ["line 2: not TOML"]),
    ],
)
def test_what_would_not_work_is_not_saved_told_by_line_and_kept_as_typed(
    text: str, problems: list[str]
) -> None:
    where = place(toml())
    answer = save(browser("operator", where), text)
    assert answer.status_code == 422
    assert "Nothing was saved" in answer.text
    assert typed(answer) == text
    for problem in problems:
        assert problem in words(answer)
    assert in_force(where) == toml()
    assert trail(where) == []


@pytest.mark.parametrize(("size", "status"), [(MAX_BYTES, 200), (MAX_BYTES + 1, 422)])
def test_a_text_too_large_is_refused_and_kept(size: int, status: int) -> None:
    text = toml() + "#" * (size - len(toml()))
    where = place(toml("other"))
    answer = save(browser("operator", where), text)
    assert answer.status_code == status
    assert (in_force(where) == text) == (status == 200)
    if status == 422:
        assert "line 1: more than 2,000,000 bytes" in answer.text
        assert typed(answer) == text


def test_a_text_out_of_all_proportion_is_refused() -> None:
    where = place(toml())
    answer = save(browser("operator", where), "#" * (3 * MAX_BYTES))
    assert answer.status_code == 400
    assert "far too long" in answer.text
    assert in_force(where) == toml()


def test_who_is_late_sees_the_others_text_beside_their_own_and_may_then_replace_it() -> None:
    where = place(toml())
    lee = browser("operator", where)
    begun = etag(lee)
    save(browser("operator", where), toml("kims"))
    answer = save(lee, toml("lees"), begun)
    assert answer.status_code == 409
    assert typed(answer) == toml("lees")
    theirs = re.search(r'<pre tabindex="0">\n(.*?)</pre>', answer.text, re.DOTALL)
    assert theirs
    assert html.unescape(theirs[1]) == toml("kims")
    assert "by kim at 2026-11-23" in answer.text
    assert in_force(where) == toml("kims")
    knowing = re.search(r'name="etag" value="([^"]*)"', answer.text)
    assert knowing
    assert save(lee, toml("lees"), html.unescape(knowing[1])).url.path == "/routes"
    assert in_force(where) == toml("lees")


class Racing(VersionedS3):
    """Somebody else writes just before the write of the one who is tested."""

    def put_object(self, **request: Any) -> dict[str, Any]:
        if "IfMatch" in request:
            super().put_object(Key=CONFIG_KEY, Body=toml("faster").encode())
        return super().put_object(**request)


def test_a_race_lost_at_the_last_moment_loses_no_text_either() -> None:
    where = place()
    where.s3 = Racing(toml())
    where.__post_init__()
    answer = save(browser("operator", where), toml("mine"))
    assert answer.status_code == 409
    assert typed(answer) == toml("mine")
    assert in_force(where) == toml("faster")
    [change] = trail(where)
    assert change.result == "failed"
    assert "changed meanwhile" in str(change.problem)


def test_routes_deleted_meanwhile_are_told_of() -> None:
    where = place(toml())
    visitor = browser("operator", where)
    begun = etag(visitor)
    where.s3.delete_object(Key=CONFIG_KEY)
    answer = save(visitor, toml("mine"), begun)
    assert answer.status_code == 409
    assert "they were deleted" in answer.text
    assert typed(answer) == toml("mine")


def test_what_is_typed_is_checked_by_a_fragment_or_by_the_button() -> None:
    where = place(toml())
    visitor = browser("operator", where)
    fields = {"text": "[[route]\n", "etag": etag(visitor), "csrf": visitor.token()}
    fragment = visitor.client.post("/routes/check", data=fields, headers=HTMX)
    assert fragment.status_code == 200
    assert "line 1: not TOML" in fragment.text
    assert "<textarea" not in fragment.text
    page = visitor.client.post("/routes/check", data=fields)
    assert page.status_code == 200
    assert typed(page) == "[[route]\n"
    assert "line 1: not TOML" in page.text
    late = visitor.client.post("/routes/check", data=fields | {"etag": '"old"'}, headers=HTMX)
    assert "Somebody else has put other routes in force" in late.text
    assert in_force(where) == toml()


def test_it_shows_what_changes_what_has_no_effect_and_which_files_go_elsewhere() -> None:
    where = place(toml() + toml("b", "b/incoming"))
    where.keep(
        entry("accepted", upload("acme/incoming/a.csv")),
        entry("accepted", upload("b/incoming/<b>.csv", "v2")),
    )
    visitor = browser("operator", where)
    text = toml("other") + toml("never", pattern="*.csv")
    page = words(visitor.post("/routes/check", text=text, etag=etag(visitor)))
    assert "~ project 'other', directory 'acme/incoming'" in page
    assert "- project 'b', directory 'b/incoming'" in page
    assert "line 5: no file takes this route" in page
    assert "acme/incoming/a.csv</span>: was acme-sales, would be other" in page
    assert "1 of the files uploaded lately would have no route any more" in page
    assert "b/incoming/<b>.csv</span>: was b, would have no route any more: no route for" in page


def test_versions_say_who_put_them_in_force_and_when() -> None:
    where = place(toml())
    save(browser("operator", where), toml("other"))
    where.s3.delete_object(Key=CONFIG_KEY)
    page = browser(place=where).get("/routes/versions").text
    rows = re.findall(r"<tr>(.*?)</tr>", page, re.DOTALL)[1:]
    assert len(rows) == 3
    assert "Deleted: the last good routes are in force" in rows[0]
    assert 'data-label="Who">kim<' in rows[1]
    assert "2026-11-23 12:00:01" in rows[1]
    assert "not known" in rows[2]


def test_many_versions_are_shown_fifty_at_a_time() -> None:
    where = place(*(toml(f"p{number}") for number in range(120)))
    visitor = browser(place=where)
    first = visitor.get("/routes/versions").text
    assert first.count('data-label="Who"') == 50
    assert bucket(where).gets == 51
    older = re.search(r'href="(/routes/versions\?after=[^"]+)"', first)
    assert older
    assert "12:01:09" in visitor.get(html.unescape(older[1])).text
    assert "Show older" not in visitor.get("/routes/versions?after=v21").text


def test_older_ones_than_no_version_are_none() -> None:
    answer = browser(place=place(toml())).get("/routes/versions", params={"after": "\0"})
    assert answer.status_code == 422
    assert "not usable: after" in answer.text


def test_a_version_is_put_back_as_a_new_one_and_on_record() -> None:
    where = place(toml(), toml("other"))
    visitor = browser("operator", where)
    path = "/routes/version?version_id=v1"
    page = visitor.get(path)
    assert "was project 'other'" in words(page)
    answer = visitor.post("/routes/version", version_id="v1", etag=etag(visitor, path))
    assert answer.url.path == "/routes"
    assert in_force(where) == toml()
    assert bucket(where).versions_kept[0].version_id == "v3"
    [change] = trail(where)
    assert (change.what, change.before) == ("routes undo", {"version": "v2"})
    assert "This is the text in force" in visitor.get(path).text


def test_viewers_look_at_a_version_and_cannot_put_it_back() -> None:
    page = browser(place=place(toml(), toml("other"))).get("/routes/version?version_id=v1")
    assert "acme-sales" in page.text
    assert "Put back" not in page.text


@pytest.mark.parametrize("version_id", ["no such", "v2", "../x", ""])
def test_there_is_no_page_of_a_version_that_is_none(version_id: str) -> None:
    where = place(toml())
    where.s3.delete_object(Key=CONFIG_KEY)
    answer = browser(place=where).get("/routes/version", params={"version_id": version_id})
    assert answer.status_code == 404
    assert "choose one from the list of versions" in answer.text


def test_a_version_that_is_none_is_not_put_back() -> None:
    answer = browser("operator", place(toml())).post("/routes/version", version_id="no such")
    assert answer.status_code == 404
    assert "choose one from the list of versions" in answer.text


def test_a_version_that_would_not_work_is_not_put_back() -> None:
    where = place("[[route]\n", toml())
    visitor = browser("operator", where)
    assert "line 1: not TOML" in visitor.get("/routes/version?version_id=v1").text
    answer = visitor.post("/routes/version", version_id="v1", etag=etag(visitor))
    assert answer.status_code == 422
    assert in_force(where) == toml()


def test_a_version_is_not_put_back_over_what_nobody_looked_at() -> None:
    where = place(toml(), toml("other"))
    visitor = browser("operator", where)
    path = "/routes/version?version_id=v1"
    begun = etag(visitor, path)
    save(visitor, toml("newest"))
    answer = visitor.post("/routes/version", version_id="v1", etag=begun)
    assert answer.status_code == 409
    assert "Somebody else has put other routes in force" in answer.text
    assert "was project 'newest'" in words(answer)
    assert in_force(where) == toml("newest")
