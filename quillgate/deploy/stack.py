"""Brings a template onto an engine's CloudFormation, by change set: create, update, wait.

The same way on AWS and locally, so that what a deploy would do can be looked at before it is done.
"""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from quillgate.deploy.changes import Change, read
from quillgate.deploy.conditions import Template
from quillgate.deploy.template import MASKED, repository
from quillgate.errors import DeployError

_CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
_NOTHING_TO_DO = ("didn't contain changes", "No updates are to be performed")
_BEGINNINGS = ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "IMPORT_IN_PROGRESS")
# The second where an engine does not roll back.
_FAILED_CREATE = ("ROLLBACK_COMPLETE", "CREATE_FAILED", "ROLLBACK_FAILED")
# States that CloudFormation takes no change set in, and the way out of them.
_WAYS_OUT = {
    "UPDATE_ROLLBACK_FAILED": "an update could not be taken back: see why in its events, mend that,"
    " then: aws cloudformation continue-update-rollback --stack-name {name}",
    "DELETE_FAILED": "it could not be deleted: see why in its events, mend that, then: aws"
    " cloudformation delete-stack --stack-name {name}",
}
_BUSY = "somebody changes it at this moment: wait until that has ended"
_MOST_FAILURES = 5  # to tell of one deploy: what follows them are consequences
_INLINE_TEMPLATE_BYTES = 51_200  # CloudFormation's limit for TemplateBody


@dataclass(frozen=True)
class Plan:
    """A change set that waits to be executed.

    `is_empty`: there is nothing to do. Without being empty it may still change no resource, but
    parameters and outputs.
    """

    name: str
    stack_name: str
    changes: tuple[Change, ...]
    change_set_id: str
    is_empty: bool = False


def stack_policy(allowed: Iterable[str] = ()) -> dict[str, Any]:
    """`stack/stack-policy.json`, without the resources that are `allowed` to go this time."""
    policy: dict[str, Any] = json.loads((repository() / "stack/stack-policy.json").read_text())
    for statement in policy["Statement"]:
        if statement["Effect"] == "Deny":
            named = {f"LogicalResourceId/{name}" for name in allowed}
            statement["Resource"] = [it for it in statement["Resource"] if it not in named]
    policy["Statement"] = [it for it in policy["Statement"] if it["Resource"]]
    return policy


def protected() -> frozenset[str]:
    """Logical ids of what the stack policy keeps."""
    denied = (it for it in stack_policy()["Statement"] if it["Effect"] == "Deny")
    return frozenset(name.split("/")[1] for it in denied for name in it["Resource"])


class Stack:
    """One CloudFormation stack. `poll_seconds` is the time between two looks at its status."""

    def __init__(self, cloudformation: Any, name: str, poll_seconds: float = 2.0) -> None:
        self.name = name
        self._client = cloudformation
        self._poll_seconds = poll_seconds

    def plan(
        self,
        template: Template,
        parameters: Mapping[str, str],
        publish: Callable[[str], str] | None = None,
    ) -> Plan:
        """A change set that leads to `template`.

        `publish` stores a template too large to be sent inline and gives its URL.
        """
        kind = "UPDATE" if self.exists() else "CREATE"
        body = json.dumps(template, separators=(",", ":"))
        inline = publish is None or len(body.encode()) <= _INLINE_TEMPLATE_BYTES
        source = {"TemplateBody": body} if inline or not publish else {"TemplateURL": publish(body)}
        values = [self._parameter(key, value) for key, value in parameters.items()]
        return self._change_set(kind, {**source, "Parameters": values})

    def adopt_buckets(self, buckets: Mapping[str, str]) -> None:
        """Take buckets (by logical id) that outlived their stack into a new one, bare.

        The next `plan` then gives them the template's properties. Nothing in them is touched.
        """
        resources = {
            logical_id: {
                "Type": "AWS::S3::Bucket",
                "DeletionPolicy": "Retain",
                "Properties": {"BucketName": bucket},
            }
            for logical_id, bucket in buckets.items()
        }
        imported = [
            {
                "ResourceType": "AWS::S3::Bucket",
                "LogicalResourceId": logical_id,
                "ResourceIdentifier": {"BucketName": bucket},
            }
            for logical_id, bucket in buckets.items()
        ]
        body = json.dumps({"Resources": resources})
        self.execute(
            self._change_set("IMPORT", {"TemplateBody": body, "ResourcesToImport": imported})
        )

    def execute(self, plan: Plan) -> dict[str, str]:
        """Carry out a plan, wait until it is done, give the stack's outputs."""
        if not plan.is_empty:
            self._call("execute_change_set", ChangeSetName=plan.change_set_id)
            self._wait_for_stack()
        return self.outputs()

    def execute_protected(self, plan: Plan, allowed: Iterable[str]) -> dict[str, str]:
        """`execute` under the stack policy, which spares the resources `allowed` this time only."""
        if self.exists():
            self.protect(allowed)
        try:
            return self.execute(plan)
        finally:
            if self.exists():
                self.protect()

    def protect(self, allowed: Iterable[str] = ()) -> None:
        """Set the stack policy: what customers know and sent is neither replaced nor deleted.

        The resources `allowed` may be, until the next call.
        """
        policy = stack_policy(allowed)
        self._call("set_stack_policy", StackPolicyBody=json.dumps(policy))

    def abandon(self, plan: Plan) -> None:
        """Leave nothing of a plan that is not wanted; a stack begun for it has nothing in it."""
        if plan.is_empty:
            return
        self._call("delete_change_set", ChangeSetName=plan.change_set_id)
        if self._status() == "REVIEW_IN_PROGRESS":
            self._call("delete_stack")

    def exists(self) -> bool:
        """Whether there is a stack that can be updated."""
        return self._status() not in (
            None,
            "REVIEW_IN_PROGRESS",
            "DELETE_COMPLETE",
            *_FAILED_CREATE,
        )

    def check_free(self) -> None:
        """Raise DeployError for a stack that takes no change, with the way out."""
        status = self._status() or ""
        is_busy = status.endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS"
        if is_busy or status in _WAYS_OUT:
            advice = _WAYS_OUT.get(status, _BUSY).format(name=self.name)
            raise DeployError(f"the stack is {status}", self.name, advice)

    def has_failed_create(self) -> bool:
        """Whether its creation failed: it can then neither be updated nor created."""
        return self._status() in _FAILED_CREATE

    def remove_failed_create(self) -> None:
        """Delete what is left of a creation that failed. Raises DeployError if something stays."""
        self._call("delete_stack")
        while (self._status() or "").startswith(("DELETE_IN", *_FAILED_CREATE)):
            time.sleep(self._poll_seconds)
        self.check_free()

    def settle(self) -> None:
        """Wait until what an interrupted deploy began has ended, well or not."""
        while (self._status() or "").endswith(("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS")):
            time.sleep(self._poll_seconds)

    def outputs(self) -> dict[str, str]:
        """The stack's outputs by name."""
        stack = self._describe() or {}
        return {item["OutputKey"]: item["OutputValue"] for item in stack.get("Outputs", [])}

    def parameters(self) -> dict[str, str]:
        """The values the stack has; NoEcho ones are masked. Empty when there is no stack."""
        stack = (self._describe() if self.exists() else None) or {}
        return {
            item["ParameterKey"]: item["ParameterValue"] for item in stack.get("Parameters", [])
        }

    def _parameter(self, key: str, value: str) -> dict[str, Any]:
        if value == MASKED:
            return {"ParameterKey": key, "UsePreviousValue": True}
        return {"ParameterKey": key, "ParameterValue": value}

    def _change_set(self, kind: str, request: Mapping[str, Any]) -> Plan:
        name = f"quillgate-{time.time_ns()}"
        created = self._call(
            "create_change_set",
            StackName=self.name,
            ChangeSetName=name,
            ChangeSetType=kind,
            Capabilities=_CAPABILITIES,
            **request,
        )
        described = self._wait_for_change_set(created["Id"])
        items = (item["ResourceChange"] for item in described.get("Changes", []))
        changes = read(items, protected())
        return Plan(name, self.name, changes, created["Id"], is_empty=not described)

    def _wait_for_change_set(self, change_set: str) -> dict[str, Any]:
        while True:
            pages = self._client.get_paginator("describe_change_set").paginate(
                ChangeSetName=change_set
            )
            described: dict[str, Any] = pages.build_full_result()
            status, reason = described["Status"], described.get("StatusReason", "")
            if status == "CREATE_COMPLETE":
                return described
            if status == "FAILED":
                why = self._found_wrong(change_set, reason)
                self._call("delete_change_set", ChangeSetName=change_set)
                if any(text in reason for text in _NOTHING_TO_DO):
                    return {}
                raise DeployError("CloudFormation refused the template of", self.name, why)
            time.sleep(self._poll_seconds)

    def _found_wrong(self, change_set: str, reason: str) -> str:
        """What CloudFormation found before it deploys, such as a name that is taken.

        Then the reason says only where to ask; who may not ask gets that. The change set has to be
        there still.
        """
        if "DescribeEvents" not in reason:
            return reason
        try:
            found = self._client.describe_events(
                ChangeSetName=change_set, Filters={"FailedEvents": True}
            )
        except (ClientError, BotoCoreError):
            return reason
        said = [
            f"{event.get('LogicalResourceId', self.name)}: {event['ValidationStatusReason']}"
            for event in found["OperationEvents"]
            if event.get("ValidationStatusReason") and event.get("ValidationFailureMode") != "WARN"
        ]
        return "; ".join(said[:_MOST_FAILURES]) or reason

    def _wait_for_stack(self) -> None:
        while (status := self._status() or "").endswith("_IN_PROGRESS"):
            time.sleep(self._poll_seconds)
        if status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"):
            raise DeployError(f"deploy ended as {status}", self.name, "; ".join(self._failures()))

    def _failures(self) -> list[str]:
        """Why resources failed in the last deploy, the first failure first."""
        # As far back as it began: taking back a whole stack fills more than the first page.
        latest = list(itertools.takewhile(lambda event: not _is_beginning(event), self._events()))
        return [
            f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', 'no reason given')}"
            for event in reversed(latest)
            if event["ResourceStatus"].endswith("_FAILED")
        ][:_MOST_FAILURES]

    def _events(self) -> Iterator[Mapping[str, Any]]:
        """Of the stack, the last first."""
        pages = self._client.get_paginator("describe_stack_events").paginate(StackName=self.name)
        for page in pages:
            yield from page["StackEvents"]

    def _status(self) -> str | None:
        stack = self._describe()
        return str(stack["StackStatus"]) if stack else None

    def _describe(self) -> dict[str, Any] | None:
        try:
            (stack,) = self._client.describe_stacks(StackName=self.name)["Stacks"]
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise DeployError(
                "CloudFormation does not answer for", self.name, str(error)
            ) from error
        return dict(stack)

    def _call(self, operation: str, **request: Any) -> Any:
        try:
            return getattr(self._client, operation)(**({"StackName": self.name} | request))
        except (ClientError, BotoCoreError) as error:
            raise DeployError(f"{operation} failed for", self.name, str(error)) from error


def _is_beginning(event: Mapping[str, Any]) -> bool:
    """Whether it is the first event of a deploy; the list goes back to the stack's creation."""
    of_the_stack = event.get("PhysicalResourceId") == event["StackId"]
    return of_the_stack and event["ResourceStatus"] in _BEGINNINGS
