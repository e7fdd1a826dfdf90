"""Where a user's files are, and the session policy that keeps the user there.

The folder is a user's alone: no home lies inside another. `acme` and `acme-corp` do not.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from quillgate.errors import UserError
from quillgate.operate.words import safe
from quillgate.users.model import HomeType

# Of a policy, in Transfer's service model.
_LONGEST_POLICY = 2048
# A HomeDirectory, and a name in the ledger's bucket, end at 1,024.
_LONGEST_FOLDER = 800
# IAM would read them as wildcards and policy variables, JSON as the end of a string.
_NOT_IN_FOLDERS = frozenset('*?$"\\')
# `*`: a session policy only narrows the role's, which names the bucket's key, if it has one. So a
# key that the stack is given later takes no user's files away. Through S3 alone (KMS developer
# guide, `kms:ViaService`).
_UNDER_THE_ROLES_KEY: Mapping[str, Any] = {
    "Sid": "UnderTheRolesKey",
    "Effect": "Allow",
    "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
    "Resource": "*",
    "Condition": {"StringLike": {"kms:ViaService": "s3.*"}},
}
_FILES = ("s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload")


@dataclass(frozen=True)
class Home:
    """A home that is being made: `/bucket/folder`, seen as such (PATH) or as `/` (LOGICAL)."""

    bucket: str
    folder: str
    type: HomeType = "PATH"

    @property
    def path(self) -> str:
        """`/bucket/folder`."""
        return f"/{self.bucket}/{self.folder}"

    def arguments(self, partition: str) -> Mapping[str, Any]:
        """Of CreateUser. Raises UserError when the policy gets too long."""
        if self.type == "PATH":
            policy = path_policy(partition)
            place = {"HomeDirectoryType": "PATH", "HomeDirectory": self.path}
            return {**place, "Policy": json.dumps(policy)}
        policy = _policy(partition, self.bucket, self.folder, f"{self.bucket}/{self.folder}")
        text = json.dumps(policy, ensure_ascii=False)
        if len(text) > _LONGEST_POLICY:
            advice = f"its policy would be longer than {_LONGEST_POLICY} characters: take PATH"
            raise UserError("folder too long for a LOGICAL home", self.folder, advice)
        mapping = {"Entry": "/", "Target": self.path}
        return {
            "HomeDirectoryType": "LOGICAL",
            "HomeDirectoryMappings": [mapping],
            "Policy": text,
        }


def path_policy(partition: str) -> Mapping[str, Any]:
    """The session policy of a PATH home: the one that the template gives its test user.

    Transfer puts the home in place of the variables (user guide, users-policies-session).
    """
    variables = ("${transfer:HomeBucket}", "${transfer:HomeFolder}", "${transfer:HomeDirectory}")
    return _policy(partition, *variables)


def _policy(partition: str, bucket: str, folder: str, home: str) -> Mapping[str, Any]:
    list_home = {
        "Sid": "ListHome",
        "Effect": "Allow",
        "Action": "s3:ListBucket",
        "Resource": f"arn:{partition}:s3:::{bucket}",
        "Condition": {"StringLike": {"s3:prefix": f"{folder}/*"}},
    }
    files_in_home = {
        "Sid": "FilesInHome",
        "Effect": "Allow",
        "Action": list(_FILES),
        "Resource": f"arn:{partition}:s3:::{home}/*",
    }
    statements = [list_home, files_in_home, _UNDER_THE_ROLES_KEY]
    return {"Version": "2012-10-17", "Statement": statements}


def checked_folder(folder: str) -> str:
    """A folder as it is in the bucket, without slashes at its ends; UserError for a bad one."""
    clean = folder.strip("/")
    if not all(part.strip() and part not in (".", "..") for part in clean.split("/")):
        raise UserError("not a folder", safe(folder), "name one such as acme, or acme/europe")
    if bad := [each for each in clean if each in _NOT_IN_FOLDERS or not each.isprintable()]:
        advice = f"leave out {' '.join(map(ascii, dict.fromkeys(bad)))}: policies cannot name it"
        raise UserError("not a folder for a home", ascii(folder)[1:-1], advice)
    if len(clean.encode()) > _LONGEST_FOLDER:
        raise UserError("folder too long", f"{clean[:40]}...", f"{_LONGEST_FOLDER} bytes at most")
    return clean


@dataclass
class Homes:
    """The homes there are, as `/bucket/folder`, and whose they are. Safe to use from threads.

    A home that is a whole bucket is an operator's own, and hides nobody's.
    """

    _owners: dict[str, str] = field(default_factory=dict)
    _above: dict[str, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def put(self, path: str, owner: str) -> None:
        """Remember a home that is there."""
        if path.strip("/").count("/"):
            self._owners[path] = owner
            self._above.update(dict.fromkeys(_folders_above(path), owner))

    def claim(self, path: str, owner: str) -> None:
        """Take a home for a user who is being made; UserError when it is not free."""
        with self._lock:
            if self._owners.get(path) == owner:
                return
            if other := self._in_the_way(path):
                raise UserError("home is not free", path, other)
            self.put(path, owner)

    def _in_the_way(self, path: str) -> str | None:
        if owner := self._owners.get(path):
            return f"it is the home of {owner} - name another folder"
        if owner := self._above.get(path):
            return f"the home of {owner} is inside it - name another folder"
        for above in _folders_above(path):
            if owner := self._owners.get(above):
                return f"it is inside {above}, the home of {owner} - name another folder"
        return None


def _folders_above(path: str) -> list[str]:
    """Of `/bucket/a/b/c`: `/bucket/a/b` and `/bucket/a`."""
    parts = path.split("/")
    return ["/".join(parts[:length]) for length in range(len(parts) - 1, 2, -1)]
