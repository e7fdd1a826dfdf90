"""A change set in plain words, and what a deploy asks before something is lost."""

from __future__ import annotations

import pytest

from quillgate.consent import Consent
from quillgate.deploy.changes import Change
from quillgate.deploy.stack import Plan, protected
from quillgate.deploy.words import lines, must_be_allowed
from quillgate.errors import DeployError
from tests.unit.production import TEMPLATE

SERVER = "AWS::Transfer::Server"
QUEUE = "AWS::SQS::Queue"


def plan(*changes: Change) -> Plan:
    return Plan("name", "stack", changes, "id")


def said(*changes: Change) -> list[str]:
    return list(lines(plan(*changes)))


def test_what_is_new_is_counted_by_what_it_is() -> None:
    assert said(
        Change("Add", "Address1", "AWS::EC2::EIP"),
        Change("Add", "Address2", "AWS::EC2::EIP"),
        Change("Add", "Other", "AWS::Some::Thing"),
    ) == ["new: 2 x static address, AWS::Some::Thing"]


def test_a_change_in_place_names_what_changes() -> None:
    change = Change("Modify", "UploadsQueue", QUEUE, properties=("VisibilityTimeout", "Tags"))
    assert said(change) == ["changed: queue UploadsQueue: VisibilityTimeout, Tags"]
    assert must_be_allowed(plan(change)) == []


def test_another_endpoint_is_an_interruption() -> None:
    change = Change("Modify", "Server", SERVER, properties=("EndpointDetails",))
    assert said(change) == [
        "changed: SFTP server Server: EndpointDetails - it is stopped and started: customers cannot"
        " connect for some minutes"
    ]


def test_a_server_that_might_be_replaced_is_kept_by_the_stack_policy() -> None:
    change = Change("Modify", "Server", SERVER, "Conditional", properties=("EndpointType",))
    [line] = said(change)
    assert line.startswith("changed: SFTP server Server: EndpointType - it is stopped and started")
    assert line.endswith("should it have to be replaced, this deploy stops and goes back")
    assert must_be_allowed(plan(change)) == []


@pytest.mark.parametrize(
    ("change", "begins"),
    [
        (
            Change("Modify", "Server", SERVER, "True"),
            "REPLACED by a new one: SFTP server Server - it has another id",
        ),
        (
            Change("Modify", "UploadsQueue", QUEUE, "Conditional"),
            "MAY BE REPLACED: queue UploadsQueue - what waits on the old one is not told",
        ),
        (
            Change("Remove", "HostnameRecord", "AWS::Route53::RecordSet"),
            "DELETED: DNS record HostnameRecord - the host name leads nowhere",
        ),
        (
            Change("Remove", "Address1", "AWS::EC2::EIP", stays=True),
            "given up: static address Address1 - it stays, but no longer belongs to the stack",
        ),
    ],
)
def test_a_loss_says_what_it_means_and_has_to_be_allowed(change: Change, begins: str) -> None:
    [line] = said(change)
    assert line.startswith(begins)
    assert must_be_allowed(plan(change)) == [change.logical_id]


def test_what_stays_and_nobody_knows_is_not_asked_about() -> None:
    change = Change("Remove", "HostKeyRsa", "AWS::Transfer::HostKey", stays=True)
    assert must_be_allowed(plan(change)) == []
    assert said(change)[0].startswith("given up: host key HostKeyRsa - it stays")


@pytest.mark.parametrize("action", ["Remove", "Modify"])
def test_a_bucket_is_never_given_up(action: str) -> None:
    change = Change(action, "UploadsBucket", "AWS::S3::Bucket", "True", stays=True)
    with pytest.raises(DeployError, match=r"^a bucket would be replaced or deleted: 'UploadsB"):
        must_be_allowed(plan(change))


def test_an_empty_plan_says_so() -> None:
    assert list(lines(Plan("n", "s", (), "i", is_empty=True))) == ["nothing to change"]
    assert said() == ["parameters or outputs only"]


def test_the_stack_policy_knows_the_template() -> None:
    kept = {
        name
        for name, it in TEMPLATE["Resources"].items()
        if it["Type"] in ("AWS::S3::Bucket", "AWS::EC2::EIP", SERVER)
    }
    assert protected() == kept


def test_yes_is_no_consent_to_lose_something() -> None:
    with pytest.raises(
        DeployError,
        match=r"'Server' - if you mean it add --allow-replace Server$",
    ):
        Consent(yes=True, to_lose=("Address1",)).ask_to_lose(["Address1", "Server"])


def test_what_was_allowed_by_name_is_not_asked_about_again() -> None:
    Consent(yes=True, to_lose=("Server",)).ask_to_lose(["Server"])
