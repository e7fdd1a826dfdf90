from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError

from quillgate.deploy.changes import Change
from quillgate.deploy.stack import Stack, protected, stack_policy
from quillgate.deploy.template import MASKED
from quillgate.errors import DeployError

NAME = "local-quillgate-sftp"
STACK_ID = f"arn:aws:cloudformation:us-east-1:000000000000:stack/{NAME}/1"
TEMPLATE = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}
ADD = {"Action": "Add", "LogicalResourceId": "Queue", "ResourceType": "AWS::SQS::Queue"}
HIDDEN = {"ParameterKey": "QuillToken", "ParameterValue": "****"}
NO_CHANGE = "The submitted information didn't contain changes. Submit different information."


def refused(message: str) -> ClientError:
    return ClientError({"Error": {"Code": "ValidationError", "Message": message}}, "Operation")


def event(resource: str, status: str, reason: str = "") -> dict[str, str]:
    physical = STACK_ID if resource == NAME else resource
    said = {"ResourceStatusReason": reason} if reason else {}
    return {
        "StackId": STACK_ID,
        "PhysicalResourceId": physical,
        "LogicalResourceId": resource,
        "ResourceStatus": status,
        **said,
    }


@dataclass
class Pages:
    """A stack's events, newest first, as AWS gives them: a hundred at once."""

    events: list[dict[str, str]]

    def paginate(self, **request: Any) -> list[dict[str, Any]]:
        assert request == {"StackName": NAME}
        starts = range(0, len(self.events), 100)
        return [{"StackEvents": self.events[start : start + 100]} for start in starts]


@dataclass
class FakeCloudFormation:
    """One stack. `statuses` are what it is in at each look, the last for good; none: no stack.

    `change_set`: what becomes of the next change set, at each look; `end`: of its execution.
    """

    statuses: list[str] = field(default_factory=list)
    change_set: list[dict[str, Any]] = field(default_factory=lambda: [made(ADD)])
    end: str = "COMPLETE"
    stack: dict[str, Any] = field(default_factory=dict)
    events: list[dict[str, str]] = field(default_factory=list)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    failure: str = ""
    # What it found before a deploy; none: nobody may ask.
    found: list[dict[str, str]] = field(default_factory=list)

    def describe_stacks(self, **request: Any) -> dict[str, Any]:
        assert request == {"StackName": NAME}
        if self.failure:
            raise refused(self.failure)
        if not self.statuses:
            raise refused(f"Stack with id {NAME} does not exist")
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        return {"Stacks": [{"StackStatus": status, **self.stack}]}

    def create_change_set(self, **request: Any) -> dict[str, str]:
        self.calls.append(("create_change_set", request))
        return {"Id": "change-set-1"}

    def get_paginator(self, operation: str) -> Any:
        if operation == "describe_stack_events":
            return Pages(list(reversed(self.events)))
        assert operation == "describe_change_set"
        return self

    def paginate(self, **request: Any) -> Any:
        assert request == {"ChangeSetName": "change-set-1"}
        return self

    def build_full_result(self) -> dict[str, Any]:
        return self.change_set.pop(0) if len(self.change_set) > 1 else self.change_set[0]

    def execute_change_set(self, **request: Any) -> None:
        kind = self.requested("create_change_set")["ChangeSetType"]
        self.calls.append(("execute_change_set", request))
        self.statuses = [f"{kind}_IN_PROGRESS", f"{kind}_IN_PROGRESS", f"{kind}_{self.end}"]

    def set_stack_policy(self, **request: Any) -> None:
        self.calls.append(("set_stack_policy", request))

    def delete_change_set(self, **request: Any) -> None:
        self.calls.append(("delete_change_set", request))

    def delete_stack(self, **request: Any) -> None:
        self.calls.append(("delete_stack", request))
        self.statuses = ["DELETE_IN_PROGRESS", "DELETE_COMPLETE"]

    def describe_events(self, **request: Any) -> dict[str, Any]:
        assert request == {"ChangeSetName": "change-set-1", "Filters": {"FailedEvents": True}}
        assert "delete_change_set" not in self.names
        if not self.found:
            raise refused("not authorized to perform: cloudformation:DescribeEvents")
        return {"OperationEvents": self.found}

    def requested(self, operation: str) -> dict[str, Any]:
        [request] = [request for name, request in self.calls if name == operation]
        return request

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.calls]


def made(*changes: dict[str, Any]) -> dict[str, Any]:
    return {
        "Status": "CREATE_COMPLETE",
        "Changes": [{"Type": "Resource", "ResourceChange": change} for change in changes],
    }


def stack(fake: FakeCloudFormation) -> Stack:
    return Stack(fake, NAME, poll_seconds=0)


def deploy(fake: FakeCloudFormation) -> dict[str, str]:
    return stack(fake).execute(stack(fake).plan(TEMPLATE, {"BatchSize": "5"}))


def test_a_stack_is_created_and_waited_for() -> None:
    fake = FakeCloudFormation(
        change_set=[{"Status": "CREATE_PENDING"}, {"Status": "CREATE_IN_PROGRESS"}, made(ADD)],
        stack={"Outputs": [{"OutputKey": "QueueUrl", "OutputValue": "http://queue"}]},
    )
    assert deploy(fake) == {"QueueUrl": "http://queue"}
    assert fake.names == ["create_change_set", "execute_change_set"]
    request = fake.requested("create_change_set")
    assert (request["StackName"], request["ChangeSetType"]) == (NAME, "CREATE")
    assert json.loads(request["TemplateBody"]) == TEMPLATE
    assert request["Parameters"] == [{"ParameterKey": "BatchSize", "ParameterValue": "5"}]
    assert set(request["Capabilities"]) >= {"CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"}
    executed = {"StackName": NAME, "ChangeSetName": "change-set-1"}
    assert fake.requested("execute_change_set") == executed
    assert fake.statuses == ["CREATE_COMPLETE"]


@pytest.mark.parametrize(
    "status", ["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE"]
)
def test_a_stack_that_is_there_is_updated(status: str) -> None:
    fake = FakeCloudFormation([status])
    deploy(fake)
    assert fake.requested("create_change_set")["ChangeSetType"] == "UPDATE"
    assert fake.names == ["create_change_set", "execute_change_set"]


@pytest.mark.parametrize("reason", [NO_CHANGE, "No updates are to be performed."])
def test_where_nothing_changes_nothing_is_done(reason: str) -> None:
    fake = FakeCloudFormation(
        ["UPDATE_COMPLETE"],
        [{"Status": "FAILED", "StatusReason": reason}],
        stack={"Outputs": [{"OutputKey": "QueueUrl", "OutputValue": "http://queue"}]},
    )
    plan = stack(fake).plan(TEMPLATE, {})
    assert plan.is_empty
    assert plan.changes == ()
    stack(fake).abandon(plan)
    assert stack(fake).execute(plan) == {"QueueUrl": "http://queue"}
    assert fake.names == ["create_change_set", "delete_change_set"]


def test_a_refused_change_set_is_told_and_removed() -> None:
    reason = "Template error: no such resource 'Que'"
    fake = FakeCloudFormation([], [{"Status": "FAILED", "StatusReason": reason}])
    with pytest.raises(DeployError) as error:
        deploy(fake)
    assert str(error.value) == f"CloudFormation refused the template of: '{NAME}' - {reason}"
    assert fake.names == ["create_change_set", "delete_change_set"]


def test_a_plan_shows_what_would_be_replaced() -> None:
    changed = {**ADD, "Action": "Modify"}
    fake = FakeCloudFormation(
        ["UPDATE_COMPLETE"],
        [
            made(
                ADD,
                {**changed, "Replacement": "False"},
                {**changed, "Replacement": "True"},
                {**changed, "Replacement": "Conditional"},
            )
        ],
    )
    plan = stack(fake).plan(TEMPLATE, {})
    assert plan.changes[0] == Change("Add", "Queue", "AWS::SQS::Queue")
    assert [each.replacement for each in plan.changes] == ["False", "False", "True", "Conditional"]
    assert fake.names == ["create_change_set"], "a plan changes nothing"


def test_a_failed_deploy_tells_its_first_failures() -> None:
    fake = FakeCloudFormation(
        ["UPDATE_COMPLETE"],
        end="ROLLBACK_COMPLETE",
        events=[
            event(NAME, "UPDATE_IN_PROGRESS", "User Initiated"),
            event("Bucket", "UPDATE_FAILED", "of an earlier deploy"),
            event(NAME, "UPDATE_ROLLBACK_COMPLETE"),
            event(NAME, "UPDATE_IN_PROGRESS", "User Initiated"),
            event("Queue", "CREATE_IN_PROGRESS"),
            event("Queue", "CREATE_FAILED", "name is taken"),
            event("Role", "CREATE_FAILED"),
            *(event(f"Other{n}", "CREATE_FAILED", "cancelled") for n in range(9)),
            event(NAME, "UPDATE_ROLLBACK_COMPLETE"),
        ],
    )
    with pytest.raises(DeployError) as error:
        deploy(fake)
    assert str(error.value) == (
        f"deploy ended as UPDATE_ROLLBACK_COMPLETE: '{NAME}' - Queue: name is taken; "
        "Role: no reason given; Other0: cancelled; Other1: cancelled; Other2: cancelled"
    )


def test_a_failure_is_told_that_much_was_taken_back_after() -> None:
    """Each resource that goes again leaves two events: the failure is not on the first page."""
    taken_back = [event(f"Alarm{n}", "DELETE_COMPLETE") for n in range(120)]
    fake = FakeCloudFormation(
        end="FAILED",
        events=[
            event(NAME, "REVIEW_IN_PROGRESS", "User Initiated"),
            event(NAME, "CREATE_IN_PROGRESS", "User Initiated"),
            event("Server", "CREATE_FAILED", "no such subnet"),
            *taken_back,
        ],
    )
    with pytest.raises(
        DeployError, match=rf"^deploy ended as CREATE_FAILED: '{NAME}' - Server: no"
    ):
        deploy(fake)


EARLY = (
    "The following hook(s)/validation failed: [AWS::EarlyValidation::ResourceExistenceCheck]. To "
    "troubleshoot Early Validation errors, use the DescribeEvents API for detailed failure "
    "information."
)


def test_what_cloudformation_finds_before_it_deploys_is_told() -> None:
    """The words of its reason: aws-cloudformation/rain, pull request 744."""
    taken = {
        "LogicalResourceId": "UploadsBucket",
        "ValidationFailureMode": "FAIL",
        "ValidationStatusReason": "'bucket-1' already exists.",
    }
    warning = {**taken, "ValidationFailureMode": "WARN", "ValidationStatusReason": "not empty"}
    refusing = [{"Status": "FAILED", "StatusReason": EARLY}]
    fake = FakeCloudFormation([], refusing, found=[{"EventType": "STACK_EVENT"}, warning, taken])
    with pytest.raises(DeployError) as error:
        deploy(fake)
    assert str(error.value).endswith(f"'{NAME}' - UploadsBucket: 'bucket-1' already exists.")
    assert fake.names == ["create_change_set", "delete_change_set"]


def test_who_may_not_ask_what_was_found_is_told_to_ask() -> None:
    with pytest.raises(DeployError, match="use the DescribeEvents API"):
        deploy(FakeCloudFormation([], [{"Status": "FAILED", "StatusReason": EARLY}]))


def test_what_changes_no_resource_is_carried_out_too() -> None:
    """Parameters and outputs may change all the same."""
    fake = FakeCloudFormation(["UPDATE_COMPLETE"], [made()])
    plan = stack(fake).plan(TEMPLATE, {})
    assert (plan.changes, plan.is_empty) == ((), False)
    stack(fake).execute(plan)
    assert fake.names == ["create_change_set", "execute_change_set"]


@pytest.mark.parametrize(
    ("status", "left"),
    [
        ("UPDATE_COMPLETE", ["delete_change_set"]),
        ("REVIEW_IN_PROGRESS", ["delete_change_set", "delete_stack"]),
    ],
)
def test_of_a_plan_that_is_not_wanted_nothing_is_left(status: str, left: list[str]) -> None:
    fake = FakeCloudFormation([status])
    stack(fake).abandon(stack(fake).plan(TEMPLATE, {}))
    assert fake.names == ["create_change_set", *left]


@pytest.mark.parametrize(
    "status", ["REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE", "CREATE_FAILED", "DELETE_COMPLETE"]
)
def test_what_was_never_finished_is_created(status: str) -> None:
    fake = FakeCloudFormation([status])
    deploy(fake)
    assert fake.requested("create_change_set")["ChangeSetType"] == "CREATE"


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        ("UPDATE_ROLLBACK_FAILED", f"continue-update-rollback --stack-name {NAME}"),
        ("DELETE_FAILED", f"delete-stack --stack-name {NAME}"),
        ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "wait until that has ended"),
        ("DELETE_IN_PROGRESS", "wait until that has ended"),
    ],
)
def test_a_stack_that_takes_no_change_says_how_to_go_on(status: str, advice: str) -> None:
    with pytest.raises(DeployError, match=rf"^the stack is {status}: '{NAME}' - .*{advice}$"):
        stack(FakeCloudFormation([status])).check_free()


@pytest.mark.parametrize("status", ["UPDATE_ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS", "none"])
def test_any_other_stack_is_free(status: str) -> None:
    stack(FakeCloudFormation([] if status == "none" else [status])).check_free()


@pytest.mark.parametrize("status", ["ROLLBACK_COMPLETE", "CREATE_FAILED", "ROLLBACK_FAILED"])
def test_what_is_left_of_a_failed_creation_can_be_removed(status: str) -> None:
    fake = FakeCloudFormation([status], stack={"Parameters": [HIDDEN]})
    failed = stack(fake)
    assert failed.has_failed_create()
    assert failed.parameters() == {}, "its hidden values cannot be used again"
    failed.remove_failed_create()
    assert fake.names == ["delete_stack"]
    assert not failed.has_failed_create()
    assert not stack(FakeCloudFormation(["UPDATE_ROLLBACK_COMPLETE"])).has_failed_create()


def test_what_of_it_cannot_be_deleted_is_not_deployed_over() -> None:
    class Keeping(FakeCloudFormation):
        def delete_stack(self, **request: Any) -> None:
            self.statuses = ["DELETE_IN_PROGRESS", "DELETE_FAILED"]

    with pytest.raises(DeployError, match=r"^the stack is DELETE_FAILED: "):
        stack(Keeping(["ROLLBACK_FAILED"])).remove_failed_create()


@pytest.mark.parametrize("status", ["CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"])
def test_what_an_interrupted_deploy_began_is_waited_for(status: str) -> None:
    fake = FakeCloudFormation([status, status, "CREATE_COMPLETE"])
    stack(fake).settle()
    assert fake.statuses == ["CREATE_COMPLETE"]


def test_a_change_set_that_waits_is_nothing_to_wait_for() -> None:
    stack(FakeCloudFormation(["REVIEW_IN_PROGRESS"])).settle()
    stack(FakeCloudFormation()).settle()


def test_a_bucket_that_outlived_its_stack_is_taken_in() -> None:
    fake = FakeCloudFormation()
    stack(fake).adopt_buckets({"UploadsBucket": "bucket-1"})
    request = fake.requested("create_change_set")
    assert request["ChangeSetType"] == "IMPORT"
    assert request["ResourcesToImport"] == [
        {
            "ResourceType": "AWS::S3::Bucket",
            "LogicalResourceId": "UploadsBucket",
            "ResourceIdentifier": {"BucketName": "bucket-1"},
        }
    ]
    [(name, resource)] = json.loads(request["TemplateBody"])["Resources"].items()
    assert (name, resource["Properties"]) == ("UploadsBucket", {"BucketName": "bucket-1"})
    assert resource["DeletionPolicy"] == "Retain", "an import without it is refused"
    assert fake.statuses == ["IMPORT_COMPLETE"]


def test_what_cloudformation_hides_keeps_its_value() -> None:
    fake = FakeCloudFormation(["UPDATE_COMPLETE"], stack={"Parameters": [HIDDEN]})
    known = stack(fake).parameters()
    assert known == {"QuillToken": MASKED}
    stack(fake).plan(TEMPLATE, known)
    assert fake.requested("create_change_set")["Parameters"] == [
        {"ParameterKey": "QuillToken", "UsePreviousValue": True}
    ]


def published(to: list[str]) -> Callable[[str], str]:
    def publish(body: str) -> str:
        to.append(body)
        return "https://bucket/template"

    return publish


def test_only_a_large_template_is_published() -> None:
    bodies: list[str] = []
    large = {**TEMPLATE, "Description": "é" * 10_000}
    fake = FakeCloudFormation()
    stack(fake).plan(TEMPLATE, {}, published(bodies))
    assert bodies == []
    assert "TemplateBody" in fake.requested("create_change_set")
    fake.calls.clear()
    stack(fake).plan(large, {}, published(bodies))
    assert [json.loads(body) for body in bodies] == [large]
    request = fake.requested("create_change_set")
    assert request["TemplateURL"] == "https://bucket/template"
    assert "TemplateBody" not in request


def test_where_there_is_no_stack_there_are_neither_outputs_nor_parameters() -> None:
    none = stack(FakeCloudFormation())
    assert not none.exists()
    assert none.outputs() == none.parameters() == {}
    assert not stack(FakeCloudFormation(["DELETE_COMPLETE"])).exists()
    assert stack(FakeCloudFormation(["CREATE_COMPLETE"])).exists()


def test_what_forbids_to_look_is_no_missing_stack() -> None:
    fake = FakeCloudFormation(failure="User is not authorized")
    with pytest.raises(DeployError, match=r"^CloudFormation does not answer for: 'local-.*' - .*"):
        deploy(fake)
    assert fake.calls == []


def test_a_call_that_fails_is_named() -> None:
    class Refusing(FakeCloudFormation):
        def execute_change_set(self, **_: Any) -> None:
            raise refused("busy")

    with pytest.raises(DeployError, match=rf"^execute_change_set failed for: '{NAME}' - .*busy"):
        deploy(Refusing())


def denied(request: dict[str, Any]) -> set[str]:
    statements = json.loads(request["StackPolicyBody"])["Statement"]
    return {name for it in statements if it["Effect"] == "Deny" for name in it["Resource"]}


def test_what_customers_know_and_sent_is_protected_but_for_what_is_allowed_once() -> None:
    fake = FakeCloudFormation(["UPDATE_COMPLETE"])
    made_by = stack(fake)
    made_by.execute_protected(made_by.plan(TEMPLATE, {}), ["Server"])
    before, after = (denied(it) for name, it in fake.calls if name == "set_stack_policy")
    assert fake.names[1:] == ["set_stack_policy", "execute_change_set", "set_stack_policy"]
    assert after - before == {"LogicalResourceId/Server"}
    assert {f"LogicalResourceId/{name}" for name in protected()} == after


def test_a_new_stack_is_protected_as_soon_as_it_is_there() -> None:
    fake = FakeCloudFormation()
    made_by = stack(fake)
    made_by.execute_protected(made_by.plan(TEMPLATE, {}), [])
    assert fake.names == ["create_change_set", "execute_change_set", "set_stack_policy"]


def test_an_update_that_fails_leaves_everything_protected() -> None:
    fake = FakeCloudFormation(["UPDATE_COMPLETE"], end="ROLLBACK_COMPLETE")
    made_by = stack(fake)
    with pytest.raises(DeployError, match="UPDATE_ROLLBACK_COMPLETE"):
        made_by.execute_protected(made_by.plan(TEMPLATE, {}), ["Server"])
    last_name, last = fake.calls[-1]
    assert last_name == "set_stack_policy"
    assert "LogicalResourceId/Server" in denied(last)


def test_everything_may_be_allowed() -> None:
    statements = stack_policy(protected())["Statement"]
    assert [it["Effect"] for it in statements] == ["Allow"], "AWS takes no empty list"


def test_a_plan_names_the_properties_that_change_and_what_stays() -> None:
    details = [
        {"Target": {"Attribute": "Properties", "Name": "EndpointDetails"}},
        {"Target": {"Attribute": "Properties", "Name": "EndpointDetails"}},
        {"Target": {"Attribute": "Tags"}},
    ]
    change = {**ADD, "Action": "Remove", "PolicyAction": "Retain", "Details": details}
    fake = FakeCloudFormation(["UPDATE_COMPLETE"], [made(change)])
    [planned] = stack(fake).plan(TEMPLATE, {}).changes
    assert (planned.stays, planned.properties) == (True, ("EndpointDetails",))
