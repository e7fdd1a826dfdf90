"""The connection note: what a customer needs to know to send the first file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from quillgate.target import Address
from quillgate.users.model import Account

_NOTE = """\
Your SFTP access

  host:         {host}
  port:         {port}
  user name:    {name}
  log in with:  your private SSH key (there is no password)
  server's key: {host_keys}
                (your program shows it at the first connection: it must be {the_same})

  put your files into:         {incoming}
  fetch what we send you from: {outgoing}

Try it:

  sftp -P {port} {name}@{host}
  sftp> put test.csv {incoming}/
"""
_BELOW = f"\n{' ' * 16}"


@dataclass(frozen=True)
class HostKey:
    """`type` as SSH calls it, such as ssh-ed25519; `fingerprint` as `ssh-keygen -l` prints it."""

    type: str
    fingerprint: str

    @property
    def kind(self) -> str:
        """The type as programs show it to people: ED25519, ECDSA or RSA."""
        return self.type.removeprefix("ssh-").partition("-")[0].upper()


def connection_note(account: Account, address: Address, host_keys: Sequence[HostKey]) -> str:
    """Plain text to send to the customer. Of several host keys each program shows another one.

    Folders are relative to the home, where the login begins, or `/...` where that is all one sees.
    """
    root = "/" if account.home_type == "LOGICAL" else ""
    several = len(host_keys) > 1
    shown = (f"{key.fingerprint} ({key.kind})" if several else key.fingerprint for key in host_keys)
    return _NOTE.format(
        host=address.host,
        port=address.port,
        name=account.name,
        host_keys=_BELOW.join(shown),
        the_same="one of these" if several else "the same",
        incoming=f"{root}incoming",
        outgoing=f"{root}outgoing",
    )
