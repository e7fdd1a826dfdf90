"""Why a user may do something with a file, or may not: each S3 action with the statement behind it.

Decided as AWS documents it, by the policies in force: where the local engine differs, the answer
is AWS's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from emulator.files.errors import FileError, NoSuchFile
from emulator.files.location import Home, Location
from emulator.files.login import decided_by
from emulator.files.policies.conditions import Condition
from emulator.files.policies.evaluation import Decision, Found, Request, evaluate
from emulator.files.policies.operations import Operation, calls
from emulator.files.policies.requests import requests_of
from emulator.files.policies.role import bucket_policy
from emulator.files.policies.spot import MalformedPolicy
from emulator.transfer.model import HomeMapping, User
from quillgate.errors import PolicyError, TargetError
from quillgate.target import Target

_SESSION_ID = "0" * 16  # of a login that never is
_USERS_NAMED = 10


@dataclass(frozen=True)
class Step:
    """One S3 action that the operation needs, and what becomes of it."""

    request: Request
    decision: Decision


@dataclass(frozen=True)
class Explanation:
    """The actions in the order they are asked for; or why S3 is not asked at all."""

    steps: tuple[Step, ...] = ()
    refusal: str | None = None

    @property
    def allowed(self) -> bool:
        """Whether the operation would be carried out."""
        return self.refusal is None and all(step.decision.allowed for step in self.steps)

    def lines(self) -> Iterator[str]:
        """Tell it to people."""
        if self.refusal:
            yield f"denied   {self.refusal}"
        elif not self.steps:
            yield "allowed  only mappings make this folder: S3 is not asked"
        for step in self.steps:
            yield from _told(step)


def find_user(target: Target, name: str) -> User:
    """Ask Transfer for a user of the stack's server. Raises TargetError when there is none."""
    transfer, server_id = target.client("transfer"), target.outputs()["ServerId"]
    try:
        found = transfer.describe_user(ServerId=server_id, UserName=name)["User"]
    except transfer.exceptions.ResourceNotFoundException as error:
        others = transfer.list_users(ServerId=server_id, MaxResults=_USERS_NAMED)["Users"]
        names = ", ".join(str(user["UserName"]) for user in others) or "none"
        advice = f"its users: {names} (all: aws transfer list-users --server-id {server_id})"
        raise TargetError(f"no such user on server {server_id}", name, advice) from error
    return _user(server_id, found)


def explain(
    target: Target, user: User, operation: Operation, path: str, new_path: str | None = None
) -> Explanation:
    """Decide an operation on a path as the user sees it, relative to the home.

    Raises PolicyError when a policy is malformed, ClientError when one cannot be read.
    """
    home = Home.of(user)
    try:
        places = [home.locate(each) for each in (path, new_path) if each is not None]
    except NoSuchFile:
        return Explanation(refusal="no mapping of the home leads there: S3 is not asked")
    except FileError as error:
        return Explanation(refusal=str(error))
    if operation != "list" and any(place.is_no_file for place in places):
        return Explanation(refusal="a folder that the home itself makes, no file: S3 is not asked")
    try:
        return Explanation(tuple(_steps(target, user, operation, home, places)))
    except (MalformedPolicy, FileError) as error:
        raise PolicyError("nobody can log in as", user.name, str(error)) from error


def _steps(
    target: Target, user: User, operation: Operation, home: Home, places: list[Location]
) -> Iterator[Step]:
    """Each action and resource once, however many calls need it."""
    s3, seen = target.client("s3"), set[tuple[str, str]]()
    caller, policies = decided_by(user, _SESSION_ID, target.client("iam"), s3)
    for call in calls(operation, home, *places):
        for request in requests_of(call.name, call.parameters, caller):
            if (request.action, request.resource) in seen:
                continue
            seen.add((request.action, request.resource))
            bucket = bucket_policy(s3, request.bucket) if request.bucket else None
            yield Step(request, evaluate(request, policies.with_bucket(bucket)))


def _user(server_id: str, found: dict[str, Any]) -> User:
    mappings = found.get("HomeDirectoryMappings", [])
    return User(
        server_id=server_id,
        name=found["UserName"],
        arn=found["Arn"],
        role=found["Role"],
        home_directory=found.get("HomeDirectory", ""),
        home_directory_type=found.get("HomeDirectoryType", "PATH"),
        home_mappings=tuple(
            HomeMapping(each["Entry"], each["Target"], each.get("Type")) for each in mappings
        ),
        policy=found.get("Policy"),
    )


def _told(step: Step) -> Iterator[str]:
    decision, request = step.decision, step.request
    word = "allowed" if decision.allowed else "denied"
    yield f"{word:<8} {request.action} on {request.resource!r}"
    for found in decision.by:
        verb = "allowed" if found.statement.is_allow else "denied"
        yield f"         {verb} by {_name(found)}{_keys(request, found.statement.conditions)}"
    if decision.lacking:
        yield f"         no statement of the {decision.lacking} allows it"
    for found in decision.near:
        yield f"         {_name(found)} does not apply{_keys(request, found.unmet)}"


def _name(found: Found) -> str:
    return f"statement {found.statement.label} of {found.document}"


def _keys(request: Request, conditions: tuple[Condition, ...]) -> str:
    """The condition keys that decided, with their values in the request."""
    told = (
        f"{each.key} is {_value(request, each.key)}, asked for: {each.operator} "
        + " or ".join(repr(value) for value in each.values)
        for each in conditions
    )
    return "".join(f"; {each}" for each in told)


def _value(request: Request, key: str) -> str:
    values = request.context.get(key.lower())
    return "not in the request" if values is None else " and ".join(map(repr, values))
