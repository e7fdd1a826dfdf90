"""The Transfer server of a stack, as far as it is about users: each method is one call.

The one place where Transfer's errors are caught: they become UserError.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from quillgate.errors import UserError
from quillgate.users.note import HostKey

_PAGE = 1000  # the most that ListUsers gives


@dataclass(frozen=True)
class Server:
    """A server and a boto3 client of Transfer. Every method may raise UserError."""

    transfer: Any
    id: str

    def page(self, size: int, token: str | None) -> Mapping[str, Any]:
        """What ListUsers answers."""
        asked = {"MaxResults": size, **({"NextToken": token} if token else {})}
        with _errors("users cannot be listed", self.id):
            answer: Mapping[str, Any] = self.transfer.list_users(ServerId=self.id, **asked)
            return answer

    def every(self) -> Iterator[Mapping[str, Any]]:
        """All users as ListUsers shows them, a page at a time."""
        token: str | None = ""
        while token is not None:
            answer = self.page(_PAGE, token)
            yield from answer["Users"]
            token = answer.get("NextToken")

    def describe(self, name: str) -> Mapping[str, Any] | None:
        """The `User` of DescribeUser; None when there is none of that name."""
        with _errors("user cannot be read", name):
            try:
                answer = self.transfer.describe_user(ServerId=self.id, UserName=name)
            except self.transfer.exceptions.ResourceNotFoundException:
                return None
        user: Mapping[str, Any] = answer["User"]
        return user

    def create(self, name: str, **arguments: Any) -> None:
        """CreateUser; UserError as well when there is one of that name."""
        with _errors("user cannot be made", name):
            try:
                self.transfer.create_user(ServerId=self.id, UserName=name, **arguments)
            except self.transfer.exceptions.ResourceExistsException as error:
                raise exists_already(name) from error

    def delete(self, name: str) -> None:
        """DeleteUser; harmless when there is none."""
        with _errors("user cannot be removed", name):
            try:
                self.transfer.delete_user(ServerId=self.id, UserName=name)
            except self.transfer.exceptions.ResourceNotFoundException:
                return

    def add_key(self, name: str, line: str) -> None:
        """ImportSshPublicKey; harmless when the user has the key."""
        with _errors("key cannot be added to user", name):
            try:
                self.transfer.import_ssh_public_key(
                    ServerId=self.id, UserName=name, SshPublicKeyBody=line
                )
            except self.transfer.exceptions.ResourceExistsException:
                return

    def delete_key(self, name: str, key_id: str) -> None:
        """DeleteSshPublicKey; harmless when there is none."""
        with _errors("key cannot be removed from user", name):
            try:
                self.transfer.delete_ssh_public_key(
                    ServerId=self.id, UserName=name, SshPublicKeyId=key_id
                )
            except self.transfer.exceptions.ResourceNotFoundException:
                return

    def tag(self, arn: str, key: str, value: str) -> None:
        """TagResource."""
        with _errors("user cannot be tagged", arn):
            self.transfer.tag_resource(Arn=arn, Tags=[{"Key": key, "Value": value}])

    def untag(self, arn: str, key: str) -> None:
        """UntagResource; harmless when there is no such tag."""
        with _errors("user cannot be untagged", arn):
            self.transfer.untag_resource(Arn=arn, TagKeys=[key])

    def host_keys(self) -> tuple[HostKey, ...]:
        """What customers see the server by: the oldest of each type, which is the one in use.

        Source: user guide, server-host-key-add.
        """
        with _errors("host keys cannot be listed", self.id):
            listed = self.transfer.list_host_keys(ServerId=self.id)["HostKeys"]
        newest_first = sorted(listed, key=lambda each: each["DateImported"], reverse=True)
        in_use = {each["Type"]: str(each["Fingerprint"]).rstrip("=") for each in newest_first}
        return tuple(HostKey(*each) for each in sorted(in_use.items()))


def exists_already(name: str) -> UserError:
    """Of a name that is taken."""
    advice = f"look at it: quillgate users show {name}; more keys: quillgate users keys add {name}"
    return UserError("user exists already", name, advice)


@contextmanager
def _errors(failed: str, value: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        found = error.response["Error"]
        told = found.get("Message") or found.get("Code", "no reason was given")
        raise UserError(failed, value, f"Transfer said: {told}") from error
    except BotoCoreError as error:
        raise UserError(failed, value, f"Transfer is out of reach ({error}): try again") from error
