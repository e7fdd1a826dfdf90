"""Tables of who may do what, `tests/data/roles/`, and what IAM makes of their lines.

    who      | action           | on                 | given              | answer  | why
    watchdog | sqs:SendMessage  | {UploadsQueue}     |                    | denied  | it only takes

A table has the name of its template. `who` is a name that the test explains; `{Name}` is the ARN of
a resource of the template; `given` are condition keys of the request, `key=value`, beside those
that each request has.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from emulator.files.policies.document import Document, parse, parse_trust
from emulator.files.policies.evaluation import Decision, Policies, Request, evaluate
from emulator.files.policies.pattern import plain
from emulator.files.policies.principal import Named, Principal, Service
from tests.unit.rendered_stack import ACCOUNT, REGION, Stack

DATA = Path(__file__).parents[1] / "data" / "roles"
Properties = dict[str, Any]
# What each kind of policy is for: the ARNs of those buckets, queues or topics.
RESOURCE_POLICIES: dict[str, Callable[[Properties], list[str]]] = {
    "AWS::S3::BucketPolicy": lambda it: [f"arn:aws:s3:::{it['Bucket']}"],
    "AWS::SQS::QueuePolicy": lambda it: [
        f"arn:aws:sqs:{REGION}:{ACCOUNT}:{url.rpartition('/')[2]}" for url in it["Queues"]
    ],
    "AWS::SNS::TopicPolicy": lambda it: list(it["Topics"]),
}


@dataclass(frozen=True)
class Row:
    """One line of a table."""

    who: str
    action: str
    resource: str
    given: str
    answer: str
    why: str

    @property
    def id(self) -> str:
        words = (self.who, self.action, self.resource, self.given, self.answer)
        return re.sub(r"[{}]", "", " ".join(word for word in words if word))


def table_of(template: str) -> Path:
    """Where the table of a template in `stack/` is."""
    return DATA / Path(template).with_suffix(".txt").name


def rows(template: str) -> list[Row]:
    """The lines of a template's table but its first, each cell without the spaces around it."""
    lines = table_of(template).read_text().splitlines()[1:]
    return [Row(*(cell.strip() for cell in line.split("|"))) for line in lines if line]


@dataclass(frozen=True)
class Caller:
    """Somebody who asks, with the policies that are theirs."""

    principal: Named
    own: tuple[Document, ...] = ()
    session: Document | None = None
    keys: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Everybody:
    """A template in force, and all that its table speaks of, by the name there."""

    stack: Stack
    callers: Mapping[str, Callable[[Stack], Caller]]

    def decide(self, row: Row) -> Decision:
        """What IAM answers to a line of the table."""
        caller = self.callers[row.who](self.stack)
        resource, given = self._filled(row.resource), self._filled(row.given)
        request = Request(row.action, resource, caller.principal, _context(caller, given))
        policies = Policies(caller.own, caller.session, bucket=self._of_resource(resource))
        return evaluate(request, policies)

    def untold(self, table: list[Row]) -> set[tuple[str, str, str]]:
        """Each action of a statement that no line of the table shows in force."""
        decided = [(row.action, found) for row in table for found in self.decide(row).by]
        shown = {(found.document, found.statement.label, action) for action, found in decided}
        denied = {name[:2] for name in shown}
        return {
            (document.name, statement.label, action)
            for document in self._documents()
            for statement in document.statements
            for action in statement.actions.patterns
            if not _is_shown((document.name, statement.label, action), shown)
            and (statement.is_allow or (document.name, statement.label) not in denied)
        }

    def _documents(self) -> Iterator[Document]:
        for name, _ in self.stack.resources("AWS::IAM::Role"):
            yield from role(name)(self.stack).own
        for name, _ in self.stack.resources("AWS::IAM::ManagedPolicy"):
            yield from attached(name)(self.stack).own
        for name, _, document in resource_policies(self.stack):
            yield _for_anybody(name, document)

    def _filled(self, text: str) -> str:
        return re.sub(r"\{(\w+)\}", lambda found: self.stack.arn(found[1]), text)

    def _of_resource(self, arn: str) -> Document | None:
        """The policy of the bucket, queue or topic that is asked for."""
        for logical_id, arns, document in resource_policies(self.stack):
            if arn.partition("/")[0] in arns:
                return _for_anybody(logical_id, document)
        return None


def role(name: str) -> Callable[[Stack], Caller]:
    """A session of a role of the template."""

    def caller(stack: Stack) -> Caller:
        own = tuple(parse(*each) for each in role_policies(stack, name))
        return Caller(Principal(stack.arn(name), "session"), own)

    return caller


def attached(policy: str) -> Callable[[Stack], Caller]:
    """Somebody of the account with one of the template's managed policies."""

    def caller(stack: Stack) -> Caller:
        own = parse(policy, stack.properties(policy)["PolicyDocument"])
        return Caller(Principal(f"arn:aws:iam::{ACCOUNT}:role/person", "session"), (own,))

    return caller


def somebody(arn: str) -> Callable[[Stack], Caller]:
    """A role whose own policies allow nothing: what resources let it do, no more."""
    return lambda _: Caller(Principal(arn, "session"))


def service(name: str, **keys: str) -> Callable[[Stack], Caller]:
    """A service of AWS. It has no policies of its own."""
    return lambda _: Caller(Service(name), keys={"aws:principalisawsservice": "true", **keys})


def trusts(stack: Stack, name: str, who: str, **keys: str) -> bool:
    """Whether a service may act as a role, when it says so much of whom it acts for."""
    document = parse_trust(name, stack.properties(name)["AssumeRolePolicyDocument"])
    context = {key.replace("_", ":"): (value,) for key, value in keys.items()}
    request = Request("sts:AssumeRole", "*", Service(who), context)
    return evaluate(request, Policies((document,))).allowed


def role_policies(stack: Stack, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """A role's policies of either kind, by name."""
    properties = stack.properties(name)
    for each in properties.get("Policies", []):
        yield f"{name}/{each['PolicyName']}", each["PolicyDocument"]
    for policy in properties.get("ManagedPolicyArns", []):
        assert policy in stack.template["Resources"], f"{policy}: give it by Ref, or inline"
        yield policy, stack.properties(policy)["PolicyDocument"]


def resource_policies(stack: Stack) -> Iterator[tuple[str, list[str], dict[str, Any]]]:
    """Each policy of a bucket, queue or topic, with the ARNs of what it is for."""
    for kind, arns in RESOURCE_POLICIES.items():
        for logical_id, properties in stack.resources(kind):
            yield logical_id, arns(properties), properties["PolicyDocument"]


def _is_shown(one: tuple[str, str, str], shown: set[tuple[str, str, str]]) -> bool:
    *where, action = one
    return any([*where] == [*place] and plain(action).matches(done) for *place, done in shown)


def _for_anybody(name: str, document: Mapping[str, Any]) -> Document:
    """A resource's policy, services included: to the evaluator a principal is a name, of any kind.

    What is written for buckets knows names of kind AWS only; names of the two never meet.
    """

    def known(statement: dict[str, Any]) -> dict[str, Any]:
        principal = statement["Principal"]
        if isinstance(principal, dict) and "Service" in principal:
            principal = {"AWS": principal["Service"]}
        return {**statement, "Principal": principal}

    statements = [known(each) for each in document["Statement"]]
    return parse(name, {**document, "Statement": statements}, of_bucket=True)


def _context(caller: Caller, given: str) -> dict[str, tuple[str, ...]]:
    """As AWS fills it in for a call over TLS inside the account."""
    keys = {
        "aws:securetransport": "true",
        "aws:principalaccount": ACCOUNT,
        "aws:requestedregion": REGION,
        **caller.keys,
        **dict(pair.split("=", 1) for pair in given.split()),
    }
    return {key.lower(): (value,) for key, value in keys.items()}
