"""The service `console` of docker-compose.yml: the console on the stack that `deploy` made."""

from __future__ import annotations

import os
import sys
from typing import Any

from quillgate.console.desk import Desk
from quillgate.console.serve import listener_on, serve
from quillgate.deploy import template
from quillgate.deploy.local import LOCAL_PARAMETERS, stack_name
from quillgate.errors import QuillgateError
from quillgate.parts import REGION, ROOT_KEY
from quillgate.ports import HOST
from quillgate.target import Address, Target, local_client

_PORT = 8080
# In a container there is nobody to name: the port is published on the machine's loopback only.
_WHO = "compose"


def main() -> None:
    """Serve; errors are one line on stderr and exit status 1."""
    try:
        listener = listener_on(_PORT, "0.0.0.0")  # noqa: S104  # published on loopback
        serve(Desk.of(_target), _WHO, listener)
    except QuillgateError as error:
        sys.exit(f"quillgate: {error}")


def _target() -> Target:
    name = stack_name(template.load(template.repository()), LOCAL_PARAMETERS)
    # Where people find it, who read this page outside of the container.
    sftp = Address(HOST, int(os.environ["QUILLGATE_SFTP_PORT"]))
    return Target("compose", name, _client, sftp)


def _client(service: str) -> Any:
    variable = "AWS_ENDPOINT_URL_TRANSFER" if service == "transfer" else "AWS_ENDPOINT_URL"
    return local_client(service, os.environ[variable], REGION, ROOT_KEY, ROOT_KEY)


if __name__ == "__main__":
    main()
