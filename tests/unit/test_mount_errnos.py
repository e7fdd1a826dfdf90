"""What the kernel is told, and so what OpenSSH makes of it."""

from __future__ import annotations

import errno

import pytest

from emulator.files.errors import EXISTS, FileError, NoSuchFile, PermissionDenied, Unsupported
from emulator.mount.errnos import NameNotUtf8, errno_of

# errno_to_portable in OpenSSH's sftp-server.c
STATUS = {errno.ENOENT: 2, errno.EACCES: 3, errno.EINVAL: 5, errno.ENOSYS: 8}


@pytest.mark.parametrize(
    "error", [NoSuchFile(), PermissionDenied(), Unsupported("x"), EXISTS(), NameNotUtf8("x")]
)
def test_openssh_says_the_status_that_the_error_carries(error: FileError) -> None:
    assert STATUS.get(errno_of(error, "rename"), 4) == error.code


@pytest.mark.parametrize(
    "operation", ["open", "create", "flush", "release", "fsync", "link", "write", "read", "opendir"]
)
def test_the_kernel_is_never_told_not_to_ask_again(operation: str) -> None:
    assert errno_of(Unsupported("x"), operation) == errno.EOPNOTSUPP
