"""Ask the mount's process over its socket; the answer goes to stdout.

    python -I -S ask.py keys USER KEY-TYPE KEY "SERVER-IP SERVER-PORT CLIENT-IP CLIENT-PORT"
    python -I -S ask.py health    (exit 1 when there is no answer)

sshd runs it twice in each login (AuthorizedKeysCommand), so it imports next to nothing: 11 ms.
"""

from __future__ import annotations

import sys
from _socket import AF_UNIX, SHUT_WR, SOCK_STREAM, socket

SOCKET = "/run/quillgate/socket"


def main() -> int:
    """Send the arguments, one a line; print what comes back."""
    asking = socket(AF_UNIX, SOCK_STREAM)
    asking.settimeout(10)
    asking.connect(SOCKET)
    asking.sendall("\n".join(sys.argv[1:]).encode())
    asking.shutdown(SHUT_WR)
    answer = b""
    while received := asking.recv(65536):
        answer += received
    asking.close()
    sys.stdout.write(answer.decode())
    return 0 if answer or sys.argv[1] == "keys" else 1


if __name__ == "__main__":
    sys.exit(main())
