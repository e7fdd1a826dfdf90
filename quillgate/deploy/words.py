"""A change set in plain words: what is new, what changes, what is lost, and what that means."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from quillgate.deploy.changes import Change
from quillgate.deploy.stack import Plan, protected
from quillgate.errors import DeployError

_BUCKET = "AWS::S3::Bucket"
_SERVER = "AWS::Transfer::Server"
_NAMES = {
    _SERVER: "SFTP server",
    "AWS::Transfer::HostKey": "host key",
    "AWS::Transfer::User": "SFTP user",
    "AWS::EC2::EIP": "static address",
    "AWS::EC2::SecurityGroup": "firewall",
    "AWS::Route53::RecordSet": "DNS record",
    _BUCKET: "bucket",
    "AWS::S3::BucketPolicy": "bucket policy",
    "AWS::SQS::Queue": "queue",
    "AWS::SQS::QueuePolicy": "queue policy",
    "AWS::Lambda::Function": "function",
    "AWS::Lambda::EventSourceMapping": "link from queue to function",
    "AWS::Logs::LogGroup": "log",
    "AWS::SecretsManager::Secret": "secret",
    "AWS::SNS::Topic": "alarm topic",
    "AWS::CloudWatch::Alarm": "alarm",
    "AWS::CloudWatch::Dashboard": "dashboard",
    "AWS::Events::Rule": "event rule",
    "AWS::IAM::Role": "role",
    "AWS::IAM::ManagedPolicy": "policy",
    "AWS::ApiGatewayV2::Api": "API",
    "AWS::ApiGatewayV2::DomainName": "host name",
}
# What it means that one of these is replaced by a new one, or deleted.
_LOSSES = {
    _SERVER: "it has another id and host name; users made on the old one are not on it, and"
    " customers cannot connect until their address leads to it",
    "AWS::Transfer::HostKey": "customers' programs see another host key and refuse to connect",
    "AWS::Transfer::User": "this user cannot log in meanwhile; files stay",
    "AWS::EC2::EIP": "customers' firewalls do not know another address",
    "AWS::Route53::RecordSet": "the host name leads nowhere meanwhile",
    "AWS::SQS::Queue": "what waits on the old one is not told; quillgate sweep --all finds it",
    "AWS::Logs::LogGroup": "lines in the old one are no longer found here",
    "AWS::SecretsManager::Secret": "what it holds is stored anew, from the parameters",
    "AWS::SNS::Topic": "whoever subscribed by hand is told nothing until he subscribes again",
}
_ENDPOINT = frozenset({"EndpointType", "EndpointDetails"})


def lines(plan: Plan) -> Iterator[str]:
    """What to show of a plan, a line for each; what loses something last."""
    if not plan.changes:
        yield "nothing to change" if plan.is_empty else "parameters or outputs only"
        return
    new = Counter(_name(change) for change in plan.changes if change.action in ("Add", "Import"))
    if new:
        yield "new: " + ", ".join(
            f"{count} x {name}" if count > 1 else name for name, count in new.items()
        )
    changed = [it for it in plan.changes if it.action == "Modify" and it.replacement == "False"]
    yield from (f"changed: {_titled(change)}{_meaning(change)}" for change in changed)
    yield from map(_loss, _losing(plan.changes))


def must_be_allowed(plan: Plan) -> list[str]:
    """Logical ids of what would be replaced or deleted, which takes more than a plain yes.

    What CloudFormation may replace, and the stack policy keeps it from, is not among them. Raises
    DeployError when a bucket would be: that is never done.
    """
    kept = protected()
    losing = [it for it in _losing(plan.changes) if not _is_stopped(it, kept)]
    for change in losing:
        if change.type == _BUCKET:
            advice = "no deploy does that: is --stack another instance's, or Environment changed?"
            raise DeployError("a bucket would be replaced or deleted", change.logical_id, advice)
    return [change.logical_id for change in losing if not change.stays or change.logical_id in kept]


def _losing(changes: Iterable[Change]) -> list[Change]:
    return [it for it in changes if it.action == "Remove" or it.replacement != "False"]


def _is_stopped(change: Change, kept: frozenset[str]) -> bool:
    return change.replacement == "Conditional" and change.logical_id in kept


def _loss(change: Change) -> str:
    means = _LOSSES.get(change.type)
    because = f" - {means}" if means else ""
    if change.action == "Remove" and change.stays:
        return f"given up: {_titled(change)} - it stays, but no longer belongs to the stack"
    if change.action == "Remove":
        return f"DELETED: {_titled(change)}{because}"
    if _is_stopped(change, protected()):
        return (
            f"changed: {_titled(change)}{_meaning(change)}; should it have to be replaced, this"
            " deploy stops and goes back"
        )
    may = "MAY BE REPLACED" if change.replacement == "Conditional" else "REPLACED by a new one"
    return f"{may}: {_titled(change)}{because}"


def _meaning(change: Change) -> str:
    if change.type == _SERVER and _ENDPOINT & set(change.properties):
        return " - it is stopped and started: customers cannot connect for some minutes"
    return ""


def _titled(change: Change) -> str:
    of = f": {', '.join(change.properties)}" if change.properties else ""
    return f"{_name(change)} {change.logical_id}{of}"


def _name(change: Change) -> str:
    return _NAMES.get(change.type, change.type)
