"""What is read from a change set as AWS lists it: with all that refers to what changes."""

from __future__ import annotations

from typing import Any

import pytest

from quillgate.deploy.changes import Change, read

SERVER, HOST_KEY = "AWS::Transfer::Server", "AWS::Transfer::HostKey"
FUNCTION, RULE, PERMISSION = "AWS::Lambda::Function", "AWS::Events::Rule", "AWS::Lambda::Permission"


def modified(
    logical_id: str, type_: str, *details: dict[str, Any], replacement: str = "False"
) -> dict[str, Any]:
    return {
        "Action": "Modify",
        "LogicalResourceId": logical_id,
        "ResourceType": type_,
        "Replacement": replacement,
        "Details": list(details),
    }


def own(name: str, recreates: str = "Never") -> dict[str, Any]:
    """A property that the template changes itself."""
    target = {"Attribute": "Properties", "Name": name, "RequiresRecreation": recreates}
    return {"Target": target, "Evaluation": "Static", "ChangeSource": "DirectModification"}


def refers(name: str, cause: str, recreates: str = "Always") -> dict[str, Any]:
    """A property that refers to another resource, as `Server.ServerId` or, by `Ref`, `Server`."""
    source = "ResourceAttribute" if "." in cause else "ResourceReference"
    target = {"Attribute": "Properties", "Name": name, "RequiresRecreation": recreates}
    return {
        "Target": target,
        "Evaluation": "Dynamic",
        "ChangeSource": source,
        "CausingEntity": cause,
    }


def key(*details: dict[str, Any], replacement: str = "Conditional") -> dict[str, Any]:
    return modified("HostKeyRsa", HOST_KEY, *details, replacement=replacement)


def test_what_refers_to_a_server_that_stays_does_not_change() -> None:
    server = modified("Server", SERVER, own("SecurityPolicyName"))
    assert read([key(refers("ServerId", "Server.ServerId")), server]) == (
        Change("Modify", "Server", SERVER, properties=("SecurityPolicyName",)),
    )


def test_nor_does_what_refers_to_that() -> None:
    """As with each deploy of code: rule and permission are listed with the function."""
    code = modified("Sweep", FUNCTION, own("Code"))
    rule = modified("SweepRule", RULE, refers("Targets", "Sweep.Arn", "Never"))
    arn = refers("SourceArn", "SweepRule.Arn")
    permission = modified("SweepPermission", PERMISSION, arn, replacement="Conditional")
    assert [each.logical_id for each in read([permission, rule, code])] == ["Sweep"]


@pytest.mark.parametrize("replacement", ["Conditional", "True"])
def test_what_else_changes_is_shown_without_the_reference(replacement: str) -> None:
    server = modified("Server", SERVER, own("Tags"))
    both = key(refers("ServerId", "Server.ServerId"), own("Description"), replacement=replacement)
    [changed, _] = read([both, server])
    assert (changed.replacement, changed.properties) == ("False", ("Description",))


@pytest.mark.parametrize(
    "cause",
    [
        modified("Server", SERVER, own("Domain", "Always"), replacement="True"),
        modified("Server", SERVER, own("EndpointType", "Conditionally"), replacement="Conditional"),
        {**modified("Server", SERVER), "Action": "Add"},
    ],
    ids=["replaced", "perhaps replaced", "new"],
)
def test_what_refers_to_a_server_that_may_go_may_go_with_it(cause: dict[str, Any]) -> None:
    [changed, _] = read([key(refers("ServerId", "Server.ServerId")), cause])
    assert (changed.replacement, changed.properties) == ("Conditional", ("ServerId",))


def test_what_the_stack_policy_keeps_keeps_what_refers_to_it() -> None:
    """Else other addresses for the server would ask for its host keys."""
    details = own("EndpointDetails", "Conditionally")
    server = modified("Server", SERVER, details, replacement="Conditional")
    refers_to_it = key(refers("ServerId", "Server.ServerId"))
    [changed] = read([refers_to_it, server], kept=frozenset({"Server"}))
    assert (changed.logical_id, changed.replacement) == ("Server", "Conditional")
    replaced = modified("Server", SERVER, own("Domain", "Always"), replacement="True")
    assert len(read([refers_to_it, replaced], kept=frozenset({"Server"}))) == 2


def test_a_key_that_is_itself_another_is_replaced() -> None:
    server = modified("Server", SERVER, own("Tags"))
    [changed, _] = read(
        [key(refers("ServerId", "Server.ServerId"), own("HostKeyBody", "Always")), server]
    )
    assert (changed.replacement, changed.properties) == ("Conditional", ("HostKeyBody",))


@pytest.mark.parametrize("cause", ["Address1.PublicIp", "Elsewhere.Arn"])
def test_what_may_change_without_its_resource_stays_in_doubt(cause: str) -> None:
    address = modified("Address1", "AWS::EC2::EIP", own("Tags"))
    [changed, _] = read([key(refers("Description", cause)), address])
    assert (changed.replacement, changed.properties) == ("Conditional", ("Description",))
