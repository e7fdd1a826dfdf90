from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import httpx
import pytest

from emulator.quill.app import Quill, create_app
from emulator.quill.faults import Faults
from emulator.quill.inbox import Inbox
from emulator.quill.server import listen, make_server
from emulator.quill.writer import StoryWriter
from tests.unit.quill_fakes import EXAMPLE, TOKEN, FakeObjects, eventually, message

AUTHORIZED = {"Authorization": f"Bearer {TOKEN}"}
NOTIFICATIONS = "/_quill/notifications"


@pytest.fixture(scope="module")
def objects() -> FakeObjects:
    return FakeObjects()


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory, objects: FakeObjects) -> Iterator[str]:
    inbox = Inbox(tmp_path_factory.mktemp("quill") / "inbox.sqlite3")
    quill = Quill(TOKEN, inbox, Faults(), StoryWriter(inbox, objects))
    server = make_server(create_app(quill))
    listener = listen("127.0.0.1", 0)
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()

    def started() -> None:
        assert server.started

    eventually(started)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join()
    inbox.close()


@pytest.fixture(scope="module")
def client(url: str) -> Iterator[httpx.Client]:
    # Without `verify` it would not look for certificates, which takes longer than any test.
    with httpx.Client(base_url=url, trust_env=False, verify=False) as opened:  # noqa: S501
        yield opened


@pytest.fixture
def quill(client: httpx.Client, objects: FakeObjects) -> httpx.Client:
    """A client of a Quill that has heard nothing yet."""
    assert client.delete("/_quill/state").status_code == 204
    objects.stories.clear()
    objects.puts.clear()
    return client


def tell(client: httpx.Client, told: dict[str, Any], **headers: str) -> httpx.Response:
    sent = {**AUTHORIZED, "Idempotency-Key": told["id"], **headers}
    return client.post(f"/v1/projects/{told['project']}/files", json=told, headers=sent)


def order(client: httpx.Client, **fault: Any) -> dict[str, Any]:
    answer = client.post("/_quill/faults", json=fault)
    assert answer.status_code == 201
    return dict(answer.json())


def items(client: httpx.Client, **query: str) -> list[dict[str, Any]]:
    return list(client.get(NOTIFICATIONS, params=query).json()["items"])


def outcome(client: httpx.Client) -> list[tuple[str, int]]:
    return [(item["status"], item["attempts"]) for item in items(client)]


def test_the_example_of_the_contract_is_accepted_and_told(quill: httpx.Client) -> None:
    answer = tell(quill, EXAMPLE)

    assert answer.status_code == 202
    assert list(answer.json()) == ["receipt"]
    assert tell(quill, EXAMPLE).json() == answer.json()
    story_key = 'acme/outgoing/eu/q3 sales+más "x" 100%.csv.story.txt'

    def told() -> None:
        [item] = items(quill, key=EXAMPLE["key"], project="acme-sales")
        assert item["story_key"] == story_key
        assert {name: item[name] for name in EXAMPLE} == EXAMPLE
        assert item["receipt"] == answer.json()["receipt"]

    eventually(told)
    assert outcome(quill) == [("accepted", 2)]
    story = quill.get("/_quill/story", params={"id": EXAMPLE["id"]})
    assert story.headers["content-type"] == "text/plain; charset=utf-8"
    assert EXAMPLE["key"] in story.text


def test_calls_at_once_get_one_receipt_and_one_story(
    quill: httpx.Client, objects: FakeObjects
) -> None:
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: tell(quill, message()), range(12)))

    assert len({answer.json()["receipt"] for answer in answers}) == 1
    assert outcome(quill) == [("accepted", 12)]

    def told() -> None:
        assert items(quill)[0]["story_key"]

    eventually(told)
    assert len(objects.puts) == 1


@pytest.mark.parametrize("token", ["Bearer wrong", "Bearer", "Basic cmlnaHQ=", "", "Bearer é"])
def test_a_wrong_token_is_an_attempt_that_can_be_put_right(quill: httpx.Client, token: str) -> None:
    headers = {"Idempotency-Key": EXAMPLE["id"], "Authorization": token}
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]

    answer = quill.post("/v1/projects/acme-sales/files", json=EXAMPLE, headers=raw)

    assert answer.status_code == 401
    assert "send 'Bearer <token>'" in answer.json()["message"]
    assert outcome(quill) == [("failed", 1)]
    assert items(quill)[0]["receipt"] is None
    assert tell(quill, EXAMPLE).status_code == 202
    assert outcome(quill) == [("accepted", 2)]


def test_what_is_not_understood_is_answered_in_words_and_not_recorded(
    quill: httpx.Client,
) -> None:
    mismatch = tell(quill, EXAMPLE, **{"Idempotency-Key": "0" * 64})
    broken = quill.post("/v1/projects/acme-sales/files", content=b"{", headers=AUTHORIZED)

    assert (mismatch.status_code, broken.status_code) == (400, 400)
    assert "Idempotency-Key" in mismatch.json()["message"]
    assert "not a notification" in broken.json()["message"]
    assert items(quill) == []


def test_the_most_calls_at_once_are_counted(quill: httpx.Client) -> None:
    tell(quill, message("alone.csv"))
    assert quill.get("/_quill/health").json()["calls"] == {"now": 0, "peak": 1}
    order(quill, delay_ms=300, times=3)
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda n: tell(quill, message(f"{n}.csv")), range(3)))
    assert quill.get("/_quill/health").json()["calls"] == {"now": 0, "peak": 3}
    quill.delete("/_quill/state")
    assert quill.get("/_quill/health").json()["calls"] == {"now": 0, "peak": 0}


def test_an_outage_counts_attempts_and_ends(quill: httpx.Client) -> None:
    ordered = order(quill, status=503, times=3, headers={"Retry-After": "1"}, body="down")
    assert (ordered["ordered"], ordered["fired"]) == (3, 0)

    answers = [tell(quill, message()) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [503, 503, 503, 202]
    assert answers[0].text == "down"
    assert answers[0].headers["Retry-After"] == "1"
    assert outcome(quill) == [("accepted", 4)]
    [fault] = quill.get("/_quill/faults").json()["items"]
    assert (fault["ordered"], fault["fired"], fault["status"]) == (3, 3, 503)


def test_a_rejection_keeps_the_words(quill: httpx.Client) -> None:
    order(quill, status=422, body="no such layout", project="acme-sales")

    assert tell(quill, message(project="other")).status_code == 202
    answer = tell(quill, EXAMPLE)

    assert (answer.status_code, answer.text) == (422, "no such layout")
    assert outcome(quill) == [("accepted", 1), ("rejected", 1)]
    assert items(quill)[1]["reason"] == "no such layout"


def test_a_dropped_connection_gets_no_answer(quill: httpx.Client) -> None:
    order(quill, drop_connection=True)

    with pytest.raises(httpx.TransportError):
        tell(quill, EXAMPLE)

    assert outcome(quill) == [("failed", 1)]
    assert tell(quill, EXAMPLE).status_code == 202


def test_a_late_answer_may_be_to_a_caller_who_has_gone(quill: httpx.Client) -> None:
    order(quill, delay_ms=500)
    with pytest.raises(httpx.ReadTimeout):
        quill.post(
            "/v1/projects/acme-sales/files",
            json=EXAMPLE,
            headers={**AUTHORIZED, "Idempotency-Key": EXAMPLE["id"]},
            timeout=httpx.Timeout(5, read=0.03),
        )

    def accepted() -> None:
        assert outcome(quill) == [("accepted", 1)]

    eventually(accepted)


def test_a_fault_comes_before_token_and_body_are_looked_at(quill: httpx.Client) -> None:
    order(quill, status=500, times=2)

    assert tell(quill, EXAMPLE, Authorization="Bearer wrong").status_code == 500
    assert quill.post("/v1/projects/acme-sales/files", content=b"?").status_code == 500
    assert outcome(quill) == [("failed", 1)]


def test_an_empty_answer_has_no_body(quill: httpx.Client) -> None:
    order(quill, status=204)

    assert tell(quill, EXAMPLE).status_code == 204
    assert tell(quill, EXAMPLE).status_code == 202


def test_withdrawn_is_for_good(quill: httpx.Client) -> None:
    receipt = tell(quill, EXAMPLE).json()
    path = f"/v1/projects/acme-sales/files/{EXAMPLE['id']}"

    assert quill.delete(path).status_code == 401
    assert quill.delete(path, headers=AUTHORIZED).status_code == 204
    assert quill.delete(path, headers=AUTHORIZED).status_code == 204
    assert quill.delete(path[:-1] + "0", headers=AUTHORIZED).status_code == 204
    assert tell(quill, EXAMPLE).json() == receipt
    assert outcome(quill) == [("withdrawn", 2)]


def test_state_can_be_cleared(quill: httpx.Client) -> None:
    tell(quill, EXAMPLE)
    order(quill, status=500)

    assert quill.delete("/_quill/state").status_code == 204
    assert items(quill) == []
    assert quill.get("/_quill/faults").json() == {"items": []}
    assert tell(quill, EXAMPLE).status_code == 202


def test_pages_of_other_origins_cannot_change_anything(quill: httpx.Client) -> None:
    for origin in ("https://evil.example", "null", "http://127.0.0.1:1"):
        headers = {"Origin": origin}
        fault = quill.post("/_quill/faults", json={"status": 500}, headers=headers)
        assert fault.status_code == 403
        assert quill.delete("/_quill/state", headers=headers).status_code == 403
    own = {"Origin": str(quill.base_url).rstrip("/")}
    assert quill.post("/_quill/faults", json={"status": 500}, headers=own).status_code == 201


@pytest.mark.parametrize("body", [b"{}", b"[]", b"", b'{"status": 500, "times": 0}'])
def test_a_fault_that_makes_no_sense_is_refused_in_words(quill: httpx.Client, body: bytes) -> None:
    answer = quill.post("/_quill/faults", content=body)

    assert answer.status_code == 400
    assert answer.json()["message"].startswith("not a fault: '")
    assert quill.get("/_quill/faults").json()["items"] == []


def test_names_of_any_kind_can_be_asked_for(quill: httpx.Client) -> None:
    for name in ('a b+c%20"é\n.csv', "<img src=x onerror=alert(1)>.csv"):
        told = message(name)
        assert tell(quill, told).status_code == 202
        assert [item["key"] for item in items(quill, key=told["key"])] == [told["key"]]
    assert items(quill, project="nobody") == []


def test_the_page_lets_no_foreign_code_in(quill: httpx.Client) -> None:
    answer = quill.get("/")

    assert "default-src 'none'; script-src 'self'" in answer.headers["content-security-policy"]
    assert "unsafe-inline" not in answer.headers["content-security-policy"]
    assert "<h1>" in answer.text
    assert "innerHTML" not in quill.get("/_quill/page.js").text
    for path in ("/_quill/page.css", "/_quill/page.svg"):
        assert quill.get(path).status_code == 200


def test_it_describes_itself(quill: httpx.Client) -> None:
    paths = quill.get("/openapi.json").json()["paths"]
    post = paths["/v1/projects/{project}/files"]["post"]
    schema = post["requestBody"]["content"]["application/json"]["schema"]

    assert list(schema["properties"]) == list(EXAMPLE)
    assert post["security"] == [{"HTTPBearer": []}]
    assert "delete" in paths["/v1/projects/{project}/files/{file_id}"]
    assert quill.get("/_quill/health").json()["status"] == "ok"
    assert quill.get("/nowhere").json()["message"].startswith("Not Found: 'GET /nowhere'")


def test_a_connection_can_be_used_again_after_a_fault(url: str, quill: httpx.Client) -> None:
    order(quill, status=503)
    with closing(http.client.HTTPConnection(url.removeprefix("http://"), timeout=5)) as connection:
        for _ in range(2):
            connection.request("POST", "/v1/projects/acme-sales/files", b"?")
            answer = connection.getresponse()
            answer.read()
    assert answer.status == 401


def test_a_caller_who_goes_away_midway_leaves_nothing(url: str, quill: httpx.Client) -> None:
    host, port = url.removeprefix("http://").split(":")
    body = json.dumps(message("cut.csv")).encode()
    head = (
        f"POST /v1/projects/acme-sales/files HTTP/1.1\r\nHost: quill\r\n"
        f"Authorization: {AUTHORIZED['Authorization']}\r\n"
        f"Idempotency-Key: {message('cut.csv')['id']}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection((host, int(port)), 5) as connection:
        connection.sendall(head.encode() + body[:-1])

    assert tell(quill, EXAMPLE).status_code == 202
    assert outcome(quill) == [("accepted", 1)]
