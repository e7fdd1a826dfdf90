"""`/dead-letters`: what was given up and why; put back one or all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from sftp_watchdog.entry import Entry
from sftp_watchdog.events import Upload
from sftp_watchdog.ledger import Ledger
from sftp_watchdog.ledger_names import Ref

from quillgate.console.desk import Desk
from quillgate.console.pages.upload import place
from quillgate.console.rendering import notify, render
from quillgate.console.states import told
from quillgate.console.visitors import Operator, Viewer, Visitor
from quillgate.operate import by_hand
from quillgate.operate.dead_letters import Letter, glance
from quillgate.operate.queues import depth
from quillgate.operate.redrive import Redriven, Wanted

_SHOWN = 25
# So many are put back in one request: it is over within seconds, whatever the queue holds.
_TOGETHER = 200
_AT_ONCE = 16
_PAGE = "/dead-letters"


@dataclass(frozen=True)
class Case:
    """An upload in a dead letter, and what the ledger has of it."""

    upload: Upload
    entry: Entry | None

    @property
    def why(self) -> str:
        """What its last try ended with: mostly the last words of Quill."""
        if self.entry is None:
            return "not on record"
        given_up = (step.reason for step in reversed(self.entry.history) if step.what == "dead")
        return next(given_up, self.entry.reason)


@dataclass(frozen=True)
class Shown:
    """A dead letter with its uploads; `is_foreign` when it is no event of the stack's."""

    letter: Letter
    cases: tuple[Case, ...]

    @property
    def is_foreign(self) -> bool:
        """Nothing here can do anything with it."""
        return not self.files

    @property
    def files(self) -> list[str]:
        """The keys that it is about."""
        uploads = [each.key for each in self.letter.uploads]
        return uploads + [each.key for each in self.letter.evidence]

    @property
    def order(self) -> str:
        """The address that puts it back. There, and not in a form, a name stays as it is."""
        words = {"message": self.letter.message_id, "key": self.files[0]}
        return f"{_PAGE}/one?{urlencode(words)}"


def routes() -> APIRouter:
    """The queue, and two orders: one letter, or all."""
    router = APIRouter()

    @router.get(_PAGE)
    def dead_letters(request: Request, _: Viewer) -> Response:
        """Some of them, and how many there are."""
        desk: Desk = request.app.state.desk
        where = desk.deployment
        letters = glance(where.client("sqs"), where.dead_letter_queue_url, _SHOWN)
        shown = list(_shown(where.ledger, letters))
        return render(
            request,
            "dead_letters/list.html",
            shown=shown,
            total=max(_count(desk), len(shown)),
            told=told,
            place=place,
        )

    @router.post(f"{_PAGE}/one")
    def one(
        request: Request,
        visitor: Operator,
        message: Annotated[str, Query(max_length=100)],
        key: Annotated[str, Query(max_length=1024)],
    ) -> Response:
        """Put back what is in one letter; `key` is of a file in it, as the page shows it."""
        wanted = Wanted(key=key, message_id=message, limit=_TOGETHER)
        done = _redrive(request.app.state.desk, visitor, wanted)
        seen = f"It was not among the {_TOGETHER} looked at: put all back, or try again."
        notify(request, "It is on its way again." if done.put_back else seen)
        return RedirectResponse(_PAGE, status_code=303)

    @router.get(f"{_PAGE}/all")
    def ask(request: Request, _: Operator) -> Response:
        """Whether all are meant, and how many that is."""
        total = _count(request.app.state.desk)
        return render(request, "dead_letters/all.html", total=total, together=_TOGETHER)

    @router.post(f"{_PAGE}/all")
    def put_all_back(request: Request, visitor: Operator) -> Response:
        """Put back as many as a request may take, and say how many are left."""
        desk: Desk = request.app.state.desk
        done = _redrive(desk, visitor, Wanted(limit=_TOGETHER))
        notify(request, _outcome(done, _count(desk)))
        return RedirectResponse(_PAGE, status_code=303)

    return router


def _redrive(desk: Desk, visitor: Visitor, wanted: Wanted) -> Redriven:
    done = Redriven()
    by_hand.redrive(desk.orders(visitor), desk.audit(visitor), wanted, done)
    return done


def _count(desk: Desk) -> int:
    where = desk.deployment
    return depth(where.client("sqs"), where.dead_letter_queue_url).total


def _shown(ledger: Ledger, letters: Sequence[Letter]) -> Iterator[Shown]:
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = [
            (letter, [pool.submit(_case, ledger, each) for each in letter.uploads])
            for letter in letters
        ]
        for letter, cases in found:
            yield Shown(letter, tuple(case.result() for case in cases))


def _case(ledger: Ledger, upload: Upload) -> Case:
    held = ledger.find(Ref.of(upload.key, upload.upload_id))
    return Case(upload, held.entry if held else None)


def _outcome(done: Redriven, left: int) -> str:
    """What was done, in words; what is left may be on its way out: SQS counts approximately."""
    told = f"Put back: {done.put_back}."
    if done.foreign:
        told += f" {done.foreign} are no uploads and stay."
    if left > done.foreign:
        told += f" About {left - done.foreign} are left: put all back once more."
    return told
