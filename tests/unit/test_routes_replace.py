from __future__ import annotations

import pytest
import typer
from sftp_watchdog.errors import RoutesError
from sftp_watchdog.ledger import Ledger
from sftp_watchdog.names import CONFIG_KEY
from typer.testing import CliRunner

from quillgate.audit import Audit, Change
from quillgate.routes_replace import replace
from tests.unit.operate_fakes import Place
from tests.unit.routes_fakes import place, toml


def run(where: Place, text: str, answer: str = "", *, yes: bool = False) -> tuple[int, str]:
    """Exit status and all that is said to somebody who answers so."""
    app = typer.Typer()

    @app.command()
    def push() -> None:
        replace(where.deployment.target, text.encode(), "routes push", yes=yes)

    found = CliRunner().invoke(app, input=answer)
    if found.exception and not isinstance(found.exception, SystemExit):
        raise found.exception
    return found.exit_code, found.output


def trail(where: Place) -> list[Change]:
    ledger = Ledger(where.deployment.target.client("s3"), "ledger-1")
    return list(Audit(ledger, "kim").newest(about="routes").changes)


@pytest.mark.parametrize(
    ("answer", "yes", "is_done"), [("n\n", False, False), ("y\n", False, True), ("", True, True)]
)
def test_on_aws_it_asks_and_is_on_record_in_the_callers_name(
    answer: str, yes: bool, is_done: bool
) -> None:
    where = place(toml(), environment="aws")
    status, said = run(where, toml("other"), answer, yes=yes)
    assert (status == 0) == is_done
    assert "aws, stack stack-1: s3://uploads-1/watchdog.config" in said
    assert "~ project 'other'" in said
    assert (where.s3.objects[CONFIG_KEY].decode() == toml("other")) == is_done
    assert [(each.who, each.via, each.result) for each in trail(where)] == (
        [("arn:alice", "command", "done")] if is_done else []
    )


def test_what_is_in_force_already_is_neither_asked_for_nor_on_record() -> None:
    where = place(toml(), environment="aws")
    status, said = run(where, toml())
    assert (status, said.splitlines()[-1]) == (0, "1 route in force already")
    assert trail(where) == []


def test_many_changes_are_cut_short_and_what_is_broken_now_is_told() -> None:
    where = place("[[route]", environment="aws")
    text = "".join(toml(directory=f"c{number}/incoming") for number in range(30))
    said = run(where, text, yes=True)[1]
    assert "watchdog.config is broken: line 1" in said
    assert said.count("\n+ ") == 20
    assert "and 10 more" in said
    [change] = trail(where)
    assert change.after is not None
    assert change.after["changes"].count("\n") == 29


def test_stories_that_quill_may_not_write_are_refused_before_anything_is_said() -> None:
    where = place(toml(), environment="aws", stories="*/stories/*")
    with pytest.raises(RoutesError, match="line 1: Quill may not write stories to 'acme/outgoing'"):
        run(where, toml("other"))
    assert trail(where) == []
