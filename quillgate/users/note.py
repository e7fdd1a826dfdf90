"""The connection note: what a customer needs to know to send the first file."""

from __future__ import annotations

from quillgate.target import Address
from quillgate.users.model import Account

_NOTE = """\
Your SFTP access

  host:         {host}
  port:         {port}
  user name:    {name}
  log in with:  your private SSH key (there is no password)
  server's key: {host_key}
                (your program shows it at the first connection: it must be the same)

  put your files into:         {incoming}
  fetch what we send you from: {outgoing}

Try it:

  sftp -P {port} {name}@{host}
  sftp> put test.csv {incoming}/
"""


def connection_note(account: Account, address: Address, host_key: str) -> str:
    """Plain text to send to the customer. `host_key` is the server's fingerprint, `SHA256:...`.

    Folders are relative to the home, where the login begins, or `/...` where that is all one sees.
    """
    root = "/" if account.home_type == "LOGICAL" else ""
    return _NOTE.format(
        host=address.host,
        port=address.port,
        name=account.name,
        host_key=host_key,
        incoming=f"{root}incoming",
        outgoing=f"{root}outgoing",
    )
