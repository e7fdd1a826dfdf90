"""The rows of the table, in its order."""

from __future__ import annotations

from tests.integration.clients.client import Client
from tests.integration.clients.curl import Curl
from tests.integration.clients.lftp import Lftp
from tests.integration.clients.libraries import Asyncssh, Paramiko
from tests.integration.clients.openssh import Scp, Sftp
from tests.integration.clients.psftp import Psftp
from tests.integration.clients.rclone import Rclone
from tests.integration.clients.ssh2_sftp_client import Ssh2SftpClient
from tests.integration.clients.sshfs import Sshfs

CLIENTS: tuple[type[Client], ...] = (
    Sftp,
    Scp,
    Paramiko,
    Asyncssh,
    Lftp,
    Curl,
    Rclone,
    Sshfs,
    Psftp,
    Ssh2SftpClient,
)
