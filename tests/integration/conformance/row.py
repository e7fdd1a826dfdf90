"""One row of the fidelity table: what AWS does, what is expected, and the check that looks.

`docs/fidelity.md` is written from the rows and the conformance tests run them, so that neither can
say what the other does not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from tests.integration.conformance.scene import Scene

Mark = Literal["D", "C", "I", "U"]
Verdict = Literal["exact", "chosen", "different", "not run"]

SILENT: Mapping[Mark, str] = {"I": "inferred, not documented", "U": "AWS documents nothing"}
NO_WORDS = "AWS documents that, not its status and words"


@dataclass(frozen=True)
class Outcome:
    """What a client sees: a status, its words, and whatever else the case is about.

    `code` is SFTP's status or the API's error code, 0 when it was done. `message` None is not
    compared. `found` is what the case looks at: names, keys, events, a file's content.
    """

    code: int | str = 0
    message: str | None = None
    found: object = None

    def agrees(self, seen: Outcome) -> bool:
        """Whether `seen` is what this one, the expectation, says."""
        says_so = self.message is None or self.message == seen.message
        return (self.code, self.found) == (seen.code, seen.found) and says_so


Observe = Callable[["Scene"], Outcome]


@dataclass(frozen=True)
class Row:
    """One case. `mark` is how sure we are of what AWS does, `words` of its status and words.

    `chosen` says why we answer so where AWS's documents are silent, `different` why we do not do as
    AWS does; `elsewhere` holds what other environments are expected to answer. A row that no test
    can show has no `observe` and says so in `not_run`.
    """

    area: str
    case: str
    aws: str
    source: str
    mark: Mark
    expected: Outcome
    observe: Observe | None
    words: Mark = "D"
    chosen: str = ""
    different: str = ""
    elsewhere: Mapping[str, Outcome] = field(default_factory=dict)
    own_server: bool = False
    not_run: str = ""

    @property
    def name(self) -> str:
        """How tests and tables call it."""
        return f"{self.area}: {self.case}"

    @property
    def verdict(self) -> Verdict:
        """How what we answer stands to what AWS does."""
        if self.different:
            return "different"
        if self.observe is None:
            return "not run"
        return "chosen" if self.why else "exact"

    @property
    def why(self) -> str:
        """The reason when the verdict is not `exact`; empty when it is."""
        given = self.different or self.chosen or SILENT.get(self.mark, "")
        return given or (NO_WORDS if self.words in ("I", "U") else "")

    def expected_on(self, environment: str) -> Outcome:
        """What this environment should answer. OpenSSH, on compose, has words of its own."""
        if environment != "compose":
            return self.elsewhere.get(environment, self.expected)
        expected = self.elsewhere.get("compose") or self.expected_on("localstack")
        return replace(expected, message=None) if isinstance(expected.code, int) else expected

    def weight(self, environment: str, seen: Outcome) -> Mark:
        """How much a difference counts: other words less than another behaviour."""
        if self.different and environment not in self.elsewhere:
            return "U"  # known to differ, only not how
        expected = self.expected_on(environment)
        same = (expected.code == 0) == (seen.code == 0) and expected.found == seen.found
        return self.words if same else self.mark


class Sheet:
    """The rows of one area, in the order they are written down."""

    def __init__(self, area: str) -> None:
        self.area = area
        self.rows: list[Row] = []

    def row(
        self, case: str, aws: str, source: str, mark: Mark, expected: Outcome, **more: Any
    ) -> Callable[[Observe], Observe]:
        """Decorate the check of a row."""

        def add(observe: Observe) -> Observe:
            self.rows.append(Row(self.area, case, aws, source, mark, expected, observe, **more))
            return observe

        return add

    def not_run(self, case: str, aws: str, source: str, mark: Mark, why: str, **more: Any) -> None:
        """Note a case that no test of this suite can show, and why."""
        self.rows.append(
            Row(self.area, case, aws, source, mark, Outcome(), None, not_run=why, **more)
        )
