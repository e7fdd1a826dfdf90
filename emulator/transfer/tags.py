"""Tags of servers and users, which are named by ARN."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from emulator.transfer.errors import InvalidRequestError, NotFoundError
from emulator.transfer.model import Server, Tag, User
from emulator.transfer.paging import page
from emulator.transfer.scope import Answer, Request, Scope
from emulator.transfer.store import Change

_MOST_TAGS = 50
_ARN = re.compile(r"arn:aws:transfer:[^:]*:[^:]*:(server|user)/([^/]+)(?:/([^/]+))?")


def tag_resource(scope: Scope, request: Request) -> Answer:
    """Add tags, or change the values of those that are there."""
    with scope.store.transaction() as change:
        resource = _need_resource(scope, request["Arn"])
        _put(change, replace(resource, tags=tagged(resource.tags, request["Tags"])))
    return {}


def untag_resource(scope: Scope, request: Request) -> Answer:
    """Remove tags; keys that are not there are no error."""
    with scope.store.transaction() as change:
        resource = _need_resource(scope, request["Arn"])
        kept = tuple(tag for tag in resource.tags if tag.key not in request["TagKeys"])
        _put(change, replace(resource, tags=kept))
    return {}


def list_tags_for_resource(scope: Scope, request: Request) -> Answer:
    """Tags by key."""
    resource = _need_resource(scope, request["Arn"])
    tags = sorted(resource.tags, key=lambda tag: tag.key)
    found, more = page(
        f"tags of {resource.arn}",
        request,
        fetch=lambda after, limit: [tag for tag in tags if tag.key > after][:limit],
        name=lambda tag: tag.key,
    )
    return {"Arn": resource.arn, "Tags": described_tags(found), **more}


def tagged(tags: Sequence[Tag], given: Sequence[Mapping[str, str]]) -> tuple[Tag, ...]:
    """`tags` with the API's `[{"Key": ..., "Value": ...}]` put in.

    Raises InvalidRequestError for a key that is empty, AWS's own or named twice, and for more than
    50 tags in all.
    """
    keys = [item["Key"] for item in given]
    for key in keys:
        if not key or key.lower().startswith("aws:"):
            raise InvalidRequestError(f"tag key not allowed: '{key}' - not empty, not aws:...")
        if keys.count(key) > 1:
            raise InvalidRequestError(f"tag key named twice: '{key}' - name each key once")
    values = {tag.key: tag.value for tag in tags} | {item["Key"]: item["Value"] for item in given}
    if len(values) > _MOST_TAGS:
        raise InvalidRequestError(f"too many tags: '{len(values)}' - {_MOST_TAGS} are allowed")
    return tuple(Tag(key, value) for key, value in values.items())


def described_tags(tags: Sequence[Tag]) -> list[dict[str, str]]:
    """Tags as the API shows them."""
    return [{"Key": tag.key, "Value": tag.value} for tag in tags]


def _need_resource(scope: Scope, arn: str) -> Server | User:
    named = _ARN.fullmatch(arn)
    if named is None:
        raise InvalidRequestError(f"not the ARN of a server or user: '{arn}' - see DescribeServer")
    kind, server_id, user_name = named.groups()
    found = (
        scope.store.user(server_id, user_name or "")
        if kind == "user"
        else (scope.store.server(server_id))
    )
    if found is None or found.arn != arn:
        raise NotFoundError(kind.capitalize(), arn)
    return found


def _put(change: Change, resource: Server | User) -> None:
    if isinstance(resource, Server):
        change.put_server(resource)
    else:
        change.put_user(resource)
