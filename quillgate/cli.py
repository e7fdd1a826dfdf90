"""The command `quillgate`. Each sub-command is a few lines; the work is done where it belongs."""

from __future__ import annotations

import signal
import sys
import time
from typing import Annotated, Literal, NoReturn

import typer
from botocore.exceptions import BotoCoreError, ClientError

from quillgate import deploy_command, routes_command
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
from quillgate.ports import default_ports, free_ports
from quillgate.state import State
from quillgate.target import DEFAULT_STATE, load

app = typer.Typer(
    name="quillgate",
    help="The production SFTP drop on your laptop: SFTP, S3, queue, watchdog, Quill and back.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.add_typer(routes_command.app, name="routes")
app.command("deploy")(deploy_command.deploy)


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
        typer.Option(help="default: 4566, 4567, 2222, 8088. auto: any that are free."),
    ] = "default",
    json: Annotated[
        bool, typer.Option("--json", help="Print how to reach it, as JSON on one line of stdout.")
    ] = False,
    parameter: ParameterOption = None,
) -> None:
    """Start the embedded environment and stay in the foreground.

    Example: quillgate up --ports auto --json
    """
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGINT, _end)
    folder = State(state)
    chosen = default_ports() if ports == "default" else free_ports(folder.last_ports())
    with Embedded(folder, chosen, parameters(parameter), _progress()) as embedded:
        environment = embedded.start()
        if json:
            print(environment.to_json(), flush=True)  # noqa: T201
        else:
            _say(
                f"SFTP: sftp -P {environment.sftp_port} -i {environment.test_user_key} "
                f"{environment.test_user}@{environment.sftp_host}"
            )
            _say(f"Quill: {environment.quill_url}")
            _say("another shell: eval $(quillgate env); stop with Ctrl-C or quillgate down")
        embedded.watch()


@app.command()
def down(state: StateOption = DEFAULT_STATE) -> None:
    """Stop the embedded environment that another shell has started; what it holds is kept.

    Example: quillgate down
    """
    pid = stop_environment(state)
    _say(
        f"stopped the environment in {state} (process {pid})" if pid else f"none runs from {state}"
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
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGINT, _end)
    run_demo()


def main() -> None:
    """Entry point: errors are one line on stderr and exit status 1."""
    debug = "--debug" in sys.argv
    arguments = [word for word in sys.argv[1:] if word != "--debug"]
    try:
        app(args=arguments, prog_name="quillgate")
    except (QuillgateError, ClientError, BotoCoreError) as error:
        if debug:
            raise
        sys.exit(f"quillgate: {error}")
    except Exception as error:
        if debug:
            raise
        sys.exit(f"quillgate: unexpected: '{error!r}' - see more with --debug, and report it")


def _end(*_: object) -> NoReturn:
    """A signal ends the command as if it were done; a second one does not disturb that."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise SystemExit(0)


def _say(line: str) -> None:
    typer.echo(line, err=True)


class _progress:  # noqa: N801  # reads as the function it is
    """Says each line with the seconds since the start."""

    def __init__(self) -> None:
        self._begun = time.monotonic()

    def __call__(self, line: str) -> None:
        _say(f"[{time.monotonic() - self._begun:5.1f} s] {line}")


if __name__ == "__main__":
    main()
