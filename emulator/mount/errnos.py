"""From what went wrong with a file to the errno that makes OpenSSH say nearly the same.

OpenSSH's sftp-server (errno_to_portable in sftp-server.c) knows five kinds and has its own words:

    ENOENT, ENOTDIR, EBADF, ELOOP  2  no such file
    EPERM, EACCES, EFAULT          3  permission denied
    ENAMETOOLONG, EINVAL           5  bad message
    ENOSYS                         8  operation unsupported
    all others                     4  failure
"""

from __future__ import annotations

import errno

from emulator.files.errors import FileError

BY_STATUS = {2: errno.ENOENT, 3: errno.EACCES, 4: errno.EIO, 5: errno.EINVAL, 8: errno.ENOSYS}

# The kernel takes ENOSYS from any other operation for "never ask again", for the whole mount: a
# flush, of all things, would then succeed unasked for ever (fs/fuse/file.c, dir.c: `no_flush`,
# `no_open`, `no_create`, `no_link`, `no_fsync`, ...).
MAY_SAY_ENOSYS = frozenset(
    ("getattr", "chmod", "chown", "utimens", "truncate", "rename", "symlink", "statfs")
)


class NameNotUtf8(FileError):  # noqa: N818
    """A name that S3 cannot hold; 5 is what the other front end says."""

    code = 5


def errno_of(error: FileError, operation: str) -> int:
    """Choose for an operation by its name in FUSE."""
    chosen = BY_STATUS[error.code]
    if chosen == errno.ENOSYS and operation not in MAY_SAY_ENOSYS:
        return errno.EOPNOTSUPP
    return chosen
