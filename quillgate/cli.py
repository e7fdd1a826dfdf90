"""The command `quillgate`. Each sub-command is a few lines; the work is done where it belongs."""

from __future__ import annotations

import shlex
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import typer
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
from sftp_watchdog.errors import WatchdogError

from quillgate import (
    console_command,
    cost_command,
    deploy_command,
    redrive_command,
    routes_command,
    status_command,
    sweep_command,
    trace_command,
    users_command,
)
from quillgate.demo import run_demo
from quillgate.down import stop_environment
from quillgate.environment import Embedded
from quillgate.errors import QuillgateError, TargetError
from quillgate.options import (
    EnvironmentOption,
    ParameterOption,
    StateOption,
    parameters,
)
from quillgate.ports import Ports, default_ports, free_ports
from quillgate.signals import end_on_signals
from quillgate.state import DEFAULT_STATE, State, state_option
from quillgate.target import Environment, load
from quillgate.users.key_kinds import PRIVATE
from quillgate.users.key_text import has_private_key

app = typer.Typer(
    name="quillgate",
    help="The production SFTP drop on your laptop: SFTP, S3, queue, watchdog, Quill and back."
    "\n\nExample: quillgate demo",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.add_typer(routes_command.app, name="routes")
app.add_typer(users_command.app, name="users")
app.command("deploy")(deploy_command.deploy)
app.command("sweep")(sweep_command.sweep)
app.command("status")(status_command.status)
app.command("trace")(trace_command.trace)
app.command("redrive")(redrive_command.redrive)
app.command("cost")(cost_command.cost)
app.command("console")(console_command.console)


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Read the options that stand before the sub-command; `main` has seen to --debug."""


@app.command()
def up(
    state: StateOption = DEFAULT_STATE,
    ports: Annotated[
        Literal["default", "auto"],
        typer.Option(help="default: 4566, 4567, 2222, 8088, 8080. auto: any that are free."),
    ] = "default",
    json: Annotated[
        bool, typer.Option("--json", help="Print how to reach it, as JSON on one line of stdout.")
    ] = False,
    parameter: ParameterOption = None,
) -> None:
    """Start the embedded environment and stay in the foreground.

    Example: quillgate up --ports auto --json
    """
    end_on_signals(lambda _: 0)
    folder = State(state)

    def choose() -> Ports:
        return default_ports() if ports == "default" else free_ports(folder.last_ports())

    with Embedded(folder, choose, parameters(parameter), _with_time()) as embedded:
        environment = embedded.start()
        if json:
            print(environment.to_json(), flush=True)  # noqa: T201
        else:
            _say(_how_to_use(environment, state))
        embedded.watch()


@app.command()
def down(state: StateOption = DEFAULT_STATE) -> None:
    """Stop the embedded environment that another shell has started; what it holds is kept.

    Example: quillgate down
    """
    pid = stop_environment(state)
    _say(
        f"stopped the environment in {state} (process {pid})"
        if pid
        else f"no environment runs from {state}"
    )


@app.command()
def env(state: StateOption = DEFAULT_STATE, environment: EnvironmentOption = None) -> None:
    """Print `export` lines that lead the aws CLI, boto3 and scripts to the environment.

    Example: eval "$(quillgate env)"
    """
    if environment == "aws":
        raise TargetError("nothing to export for", "aws", "your AWS profile leads there already")
    for line in load(state, environment).exports():
        typer.echo(line)


@app.command()
def demo() -> None:
    """Send a sample file the whole way, in an environment of its own, and print the story.

    Example: quillgate demo
    """
    # Exit 0 is for a story that came back.
    end_on_signals(lambda number: 128 + number)
    run_demo()


_NO_CREDENTIALS = (
    "no credentials for: 'aws' - sign in, then set AWS_PROFILE or the variables AWS_ACCESS_KEY_ID "
    "and AWS_SECRET_ACCESS_KEY"
)


def main() -> None:
    """Entry point: errors are one line on stderr and exit status 1."""
    debug = "--debug" in sys.argv
    arguments = [word for word in sys.argv[1:] if word != "--debug"]
    try:
        sys.exit(app(args=arguments, prog_name="quillgate", standalone_mode=False))
    except typer.Abort:
        sys.exit("quillgate: not done: nobody has agreed to it - answer y, or add --yes")
    except typer.TyperException as error:
        _say(_usage(error))
        sys.exit(2)
    except NoCredentialsError:
        if debug:
            raise
        sys.exit(f"quillgate: {_NO_CREDENTIALS}")
    except (QuillgateError, WatchdogError, ClientError, BotoCoreError) as error:
        if debug:
            raise
        sys.exit(f"quillgate: {error}")
    except Exception as error:
        if debug:
            raise
        sys.exit(f"quillgate: unexpected: '{error!r}' - see more with --debug, and report it")


def _usage(error: typer.TyperException) -> str:
    """What is wrong with the words of the command, on one line; the help when there are none."""
    text = error.format_message() if hasattr(error, "format_message") else str(error)
    if text.startswith("Usage:"):
        return text
    if has_private_key(text):  # typer repeats what it does not know
        text = PRIVATE
    text = text.removesuffix(".").replace("Value error, ", "")  # typer's words for a choice
    return f"quillgate: {' '.join(text.split())} - see --help"


def _say(line: str) -> None:
    typer.echo(line, err=True)


def _how_to_use(environment: Environment, state: Path) -> str:
    """Lines to paste into another shell."""
    key, port = shlex.quote(environment.test_user_key), environment.sftp_port
    command = "quillgate" if shutil.which("quillgate") else shlex.quote(sys.argv[0])
    option = state_option(state)
    return (
        f"SFTP:     sftp -P {port} -i {key} {environment.test_user}@{environment.sftp_host}\n"
        f"Quill:    {environment.quill_url}\n"
        f"console:  {environment.console_url}\n"
        f'aws CLI:  eval "$({command} env{option})"\n'
        f"stop it:  Ctrl-C here, or {command} down{option}"
    )


def _with_time() -> Callable[[str], None]:
    """Says each line with the seconds since now."""
    begun = time.monotonic()
    return lambda line: _say(f"[{time.monotonic() - begun:5.1f} s] {line}")


if __name__ == "__main__":
    main()
