"""What the command says and how it ends; what it starts is for the integration tests."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.core import TyperGroup
from typer.main import get_group

from quillgate import cli
from quillgate.errors import TargetError
from quillgate.state import State
from quillgate.target import environment_file
from tests.unit.test_target import ENVIRONMENT

PRIVATE = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n"
NONE_RUNS = "no environment is running from: '.quillgate' - start one: quillgate up"
ROUTES = """\
[[route]]
project   = "acme-sales"
directory = "acme/incoming"
stories   = "acme/outgoing"
"""


@dataclass(frozen=True)
class Ended:
    """As a shell sees it."""

    code: int
    stdout: str
    stderr: str


Run = Callable[..., Ended]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """The command, in a folder where nothing runs."""
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["quillgate", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        code = ended.value.code
        out, err = capsys.readouterr()
        if isinstance(code, str):  # the interpreter prints it and ends with 1
            return Ended(1, out, err + code + "\n")
        return Ended(code or 0, out, err)

    return run


@pytest.fixture
def running(run: Run, tmp_path: Path) -> Iterator[None]:
    state = State(tmp_path / ".quillgate")
    with state.locked():
        environment_file(state.folder).write_text(ENVIRONMENT.to_json())
        yield


@pytest.fixture
def routes(run: Run, tmp_path: Path) -> Path:
    path = tmp_path / "routes é.toml"
    path.write_text(ROUTES)
    return path


def commands(group: TyperGroup | None = None, before: str = "") -> Iterator[tuple[str, Any]]:
    """Every sub-command with its words, `routes check` for one."""
    for name, command in (group or get_group(cli.app)).commands.items():
        if isinstance(command, TyperGroup):
            yield from commands(command, f"{before}{name} ")
        else:
            yield before + name, command


def test_the_commands_are_those_of_the_interface() -> None:
    assert {name.split()[0] for name, _ in commands()} >= {
        "up",
        "down",
        "env",
        "demo",
        "deploy",
        "users",
        "routes",
        "status",
        "trace",
        "redrive",
        "sweep",
    }


@pytest.mark.parametrize(("name", "command"), list(commands()), ids=str)
def test_every_command_shows_an_example_of_itself(name: str, command: Any) -> None:
    assert f"Example: quillgate {name}" in (command.help or "").replace('eval "$(', "")
    for parameter in command.params:
        assert parameter.help, parameter.name


def test_help_is_no_error(run: Run) -> None:
    ended = run("deploy", "--help")
    assert (ended.code, ended.stderr) == (0, "")
    assert "Example: quillgate deploy" in ended.stdout


@pytest.mark.parametrize(
    "words",
    [
        ["make-coffee"],
        ["env", "--no-such-option"],
        ["env", "--environment", "moon"],
        ["routes", "check"],
        ["deploy", "--parameter", "BatchSize"],
        ["up", "--ports", "many"],
        ["users", "explain", "acme", "eat", "a.csv"],
    ],
)
def test_wrong_usage_ends_with_2(run: Run, words: list[str]) -> None:
    ended = run(*words)
    assert (ended.code, ended.stdout) == (2, "")
    assert ended.stderr.startswith("quillgate: ")
    assert ended.stderr.endswith(" - see --help\n")
    assert ended.stderr.count("\n") == 1
    assert "Value error" not in ended.stderr


def test_a_private_key_among_the_words_is_not_repeated(run: Run) -> None:
    """Its dashes make an option of it, and a shell gives it in one word."""
    ended = run("users", "keys", "remove", "acme", PRIVATE)
    assert (ended.code, ended.stdout) == (2, "")
    assert "PRIVATE half of a key" in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert not [each for each in PRIVATE.splitlines() if each in ended.stderr]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["env"], NONE_RUNS),
        (["deploy"], NONE_RUNS),
        (["routes", "show"], NONE_RUNS),
        (["routes", "test", "a.csv"], NONE_RUNS),
        (
            ["env", "--environment", "aws"],
            "nothing to export for: 'aws' - your AWS profile leads there already",
        ),
        (
            ["routes", "show", "--environment", "aws"],
            "no stack named on: 'aws' - name it: --stack NAME",
        ),
        (
            ["routes", "check", "no such.toml"],
            "cannot read routes from: 'no such.toml' - name a file that can be read "
            "(No such file or directory)",
        ),
    ],
)
def test_an_error_is_one_line_and_ends_with_1(run: Run, words: list[str], message: str) -> None:
    assert run(*words) == Ended(1, "", f"quillgate: {message}\n")


def test_missing_credentials_are_told_with_what_to_do(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)
    ended = run("status", "--environment", "aws", "--stack", "prod")
    assert ended.code == 1
    assert "no credentials for: 'aws' - sign in, then set AWS_PROFILE" in ended.stderr


def test_a_traceback_is_there_for_those_who_ask(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["quillgate", "env", "--debug"])
    with pytest.raises(TargetError):
        cli.main()


def test_where_nothing_runs_down_is_content(run: Run) -> None:
    assert run("down") == Ended(0, "", "no environment runs from .quillgate\n")


@pytest.mark.usefixtures("running")
def test_env_prints_lines_for_a_shell_and_nothing_else(run: Run) -> None:
    lines = "".join(f"{line}\n" for line in ENVIRONMENT.exports())
    assert run("env") == Ended(0, lines, "")


def test_routes_that_work_are_counted(run: Run, routes: Path) -> None:
    assert run("routes", "check", routes.name) == Ended(
        0, "routes é.toml: 1 route, no problem found\n", ""
    )


def test_routes_that_do_not_are_told_with_their_line(run: Run, routes: Path) -> None:
    routes.write_text(ROUTES.replace("acme-sales", "acme sales"))
    ended = run("routes", "check", routes.name)
    assert (ended.code, ended.stdout) == (1, "")
    assert ended.stderr.startswith("quillgate: routes cannot be used: 'routes é.toml' - ")
    assert "acme sales" in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_routes_in_another_encoding_are_refused_in_words(run: Run, routes: Path) -> None:
    routes.write_bytes(b"# \xe9\n")
    ended = run("routes", "check", routes.name)
    assert ended.code == 1
    assert ended.stderr == (
        "quillgate: routes cannot be used: 'routes é.toml' - line 1: not UTF-8: byte 0xe9 - save "
        "it as UTF-8\n"
    )


def test_a_file_that_is_far_too_large_is_refused(run: Run, routes: Path) -> None:
    routes.write_bytes(ROUTES.encode() + b"#" * 10_000_000)
    ended = run("routes", "check", routes.name)
    assert ended.code == 1
    assert "line 1: more than 2,000,000 bytes - store routes only" in ended.stderr


def test_a_route_that_no_file_takes_is_a_warning(run: Run, routes: Path) -> None:
    routes.write_text(ROUTES + ROUTES + 'pattern = "*.csv"\n')
    ended = run("routes", "check", routes.name)
    assert (ended.code, ended.stdout) == (0, "routes é.toml: 2 routes, no problem found\n")
    assert ended.stderr == (
        "warning: line 5: no file takes this route: the one on line 1 takes every file in "
        "'acme/incoming' - put this one before it, or take it out\n"
    )


def test_a_key_is_tried_on_a_file(run: Run, routes: Path) -> None:
    taken = run("routes", "test", "acme/incoming/eu/q3 sales.csv", "--file", routes.name)
    assert taken.code == 0
    assert "acme-sales" in taken.stdout
    missed = run("routes", "test", "acme/misc/a.csv", "--file", routes.name)
    assert missed.code == 1
    assert "acme/misc/a.csv" in missed.stdout
    assert missed.stderr == ""
