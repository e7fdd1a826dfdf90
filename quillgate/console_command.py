"""`quillgate console`: the web page for support staff and operators, on this machine."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from quillgate.operate.orders import local_user
from quillgate.options import EnvironmentOption, StackOption, StateOption
from quillgate.state import DEFAULT_STATE
from quillgate.target import find


def console(
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0: any free.")
    ] = 8080,
    environment: EnvironmentOption = None,
    stack: StackOption = None,
    state: StateOption = DEFAULT_STATE,
) -> None:
    """Serve the console on 127.0.0.1 until Ctrl-C; on aws with your own profile.

    `quillgate up` serves one of its environment already. Example: quillgate console --environment
    aws --stack prod-quillgate-sftp
    """
    # Here: the other commands need no web server.
    from quillgate.console.desk import Desk  # noqa: PLC0415
    from quillgate.console.serve import listener_on, serve  # noqa: PLC0415

    look_up = partial(find, environment, stack, state)
    who = look_up().caller() if environment == "aws" else local_user()
    listener = listener_on(port)
    address, taken = listener.getsockname()
    typer.echo(f"console: http://{address}:{taken} as {who}", err=True)
    serve(Desk.of(look_up), who, listener)
