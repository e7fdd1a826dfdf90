from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quillgate.deploy.conditions import Template
from quillgate.deploy.local import LOCAL_PARAMETERS
from quillgate.deploy.split import (
    TRANSFER,
    Awaiting,
    Split,
    is_split_output,
    split,
    transfer_server_id,
)
from quillgate.errors import DeployError
from tests.unit.production import TEMPLATE

NAME = "local-quillgate-sftp"
BARE = {"QuillUrl": "https://quill.example.com", "QuillToken": "t"}
LOCAL = {
    **BARE,
    **LOCAL_PARAMETERS,
    "QuillPrincipalArn": "arn:aws:iam::000000000000:role/quill",
    "TestUserPublicKey": "ssh-ed25519 AAAA testuser",
}
SECRET = "arn:aws:secretsmanager:us-east-1:000000000000:secret:"
FULL = {
    **LOCAL,
    "TlsOnly": "true",
    "LoginBanner": "hi",
    "SubnetIds": "subnet-1,subnet-2",
    "AlarmEmail": "ops@example.com",
    "VpcId": "vpc-00000001",
    "EndpointSubnet1": "subnet-00000001",
    "EndpointSubnet2": "subnet-00000002",
    "EndpointSubnet3": "subnet-00000003",
    "ClientPrefixListId": "pl-00000001",
    "CustomHostname": "sftp.example.com",
    "HostedZoneId": "Z0123456789",
    "HostKeyRsaSecretArn": SECRET + "rsa",
    "HostKeyEcdsaSecretArn": SECRET + "ecdsa",
    "HostKeyEd25519SecretArn": SECRET + "ed25519",
    "KmsKeyArn": "arn:aws:kms:us-east-1:000000000000:key/a-key",
}
SETS = [BARE, {**BARE, "TlsOnly": "false"}, LOCAL, FULL]


def nodes(node: Any) -> Iterator[Any]:
    """`node` and everything in it."""
    yield node
    if isinstance(node, dict | list):
        for child in node.values() if isinstance(node, dict) else node:
            yield from nodes(child)


def resources(given: Mapping[str, str]) -> dict[str, Any]:
    return kept(split(TEMPLATE, given, NAME))


def kept(parts: Split) -> dict[str, Any]:
    """What is left for the engine, without the one that only shows it that outputs changed."""
    return {name: it for name, it in parts.rest["Resources"].items() if not is_split_output(name)}


def sids(given: Mapping[str, str], resource: str) -> set[str]:
    found = (node["Sid"] for node in nodes(resources(given).get(resource)) if is_statement(node))
    return set(found)


def is_statement(node: Any) -> bool:
    return isinstance(node, dict) and "Sid" in node


def transfer_properties(parts: Split, logical_id: str) -> dict[str, Any]:
    [found] = [each.properties for each in parts.transfer if each.logical_id == logical_id]
    return found


@pytest.mark.parametrize("given", SETS)
def test_nothing_is_left_that_an_engine_without_transfer_refuses(given: dict[str, str]) -> None:
    rest = split(TEMPLATE, given, NAME).rest
    found = list(nodes(rest["Resources"])) + list(nodes(rest["Outputs"]))
    assert "Conditions" not in rest
    assert not [each for each in found if isinstance(each, str) and each.startswith(TRANSFER)]
    assert not [each for each in found if isinstance(each, dict) and "Fn::If" in each]
    assert {"Ref": "AWS::NoValue"} not in found
    assert all("Condition" not in each for each in rest["Resources"].values())


@pytest.mark.parametrize("given", SETS)
def test_nothing_is_lost_but_what_a_condition_switches_off(given: dict[str, str]) -> None:
    parts = split(TEMPLATE, given, NAME)
    found = kept(parts).keys() | {each.logical_id for each in parts.transfer}
    shown = {name for name in parts.rest["Outputs"] if not is_split_output(name)}
    for section, those in {"Resources": found, "Outputs": shown}.items():
        always = {name for name, each in TEMPLATE[section].items() if "Condition" not in each}
        assert always <= those <= TEMPLATE[section].keys()


def test_the_template_is_not_changed() -> None:
    before = deepcopy(TEMPLATE)
    split(TEMPLATE, FULL, NAME)
    assert before == TEMPLATE


def test_without_tls_and_quill_there_is_no_bucket_policy() -> None:
    assert "UploadsBucketPolicy" not in resources({**BARE, "TlsOnly": "false"})
    assert sids(BARE, "UploadsBucketPolicy") == {"TlsOnly"}
    quills = {"QuillReadsUploads", "QuillWritesStories", "QuillNeverWritesTheRoutes"}
    assert sids(LOCAL, "UploadsBucketPolicy") == quills
    assert sids(FULL, "UploadsBucketPolicy") == {"TlsOnly", *quills}


def test_without_a_key_there_is_no_test_user() -> None:
    users = [each.logical_id for each in split(TEMPLATE, BARE, NAME).transfer]
    assert users == ["Server"]
    assert [each.logical_id for each in split(TEMPLATE, LOCAL, NAME).transfer] == [
        "Server",
        "TestUser",
    ]


def test_without_subnets_nothing_is_in_a_vpc() -> None:
    assert "NetworkInterfacesInTheVpc" not in sids(LOCAL, "WatchdogRole")
    assert "VpcConfig" not in resources(LOCAL)["Watchdog"]["Properties"]
    assert "NetworkInterfacesInTheVpc" in sids(FULL, "WatchdogRole")
    assert resources(FULL)["Watchdog"]["Properties"]["VpcConfig"] == {
        "SubnetIds": {"Ref": "SubnetIds"},
        "SecurityGroupIds": {"Ref": "SecurityGroupIds"},
    }


def test_an_empty_banner_is_no_banner() -> None:
    banner = "PreAuthenticationLoginBanner"
    assert banner not in transfer_properties(split(TEMPLATE, LOCAL, NAME), "Server")
    full = split(TEMPLATE, FULL, NAME)
    awaited = transfer_properties(full, "Server")[banner]
    assert full.rest["Outputs"][awaited.output] == {"Value": {"Ref": "LoginBanner"}}


def test_the_server_id_is_the_same_everywhere_and_on_every_run() -> None:
    parts = split(TEMPLATE, LOCAL, NAME)
    server_id = transfer_server_id(NAME, "Server")
    assert re.fullmatch("s-[0-9a-f]{17}", server_id)
    assert parts.rest["Outputs"]["ServerId"]["Value"] == server_id
    assert parts.rest["Outputs"]["ServerEndpoint"]["Value"]["Fn::Sub"].startswith(f"{server_id}.")
    assert transfer_properties(parts, "TestUser")["ServerId"] == server_id
    assert "Server.ServerId" not in json.dumps(parts.rest)
    assert server_id != transfer_server_id("other-stack", "Server")


def test_the_variables_of_the_users_policy_are_left_to_transfer() -> None:
    parts = split(TEMPLATE, LOCAL, NAME)
    awaited = transfer_properties(parts, "TestUser")["Policy"]
    text, literals = parts.rest["Outputs"][awaited.output]["Value"]["Fn::Sub"]
    assert set(literals.values()) == {
        "${transfer:HomeBucket}",
        "${transfer:HomeFolder}",
        "${transfer:HomeDirectory}",
    }
    # `${!x}` is how the template tells Sub to give `${x}`.
    for name, literal in literals.items():
        text = text.replace(f"${{{name}}}", literal.replace("${", "${!"))
    assert text == TEMPLATE["Resources"]["TestUser"]["Properties"]["Policy"]["Fn::Sub"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("a ${B}", "a ${B}"),
        ("${!x} ${B} ${!y}${!x}", ["${L0} ${B} ${L1}${L0}", {"L0": "${x}", "L1": "${y}"}]),
        (["${C} ${!C}", {"C": "c"}], ["${C} ${L0}", {"C": "c", "L0": "${C}"}]),
    ],
)
def test_an_escape_of_sub_becomes_a_variable(given: Any, expected: Any) -> None:
    template = {
        "Parameters": {},
        "Resources": {"Role": {"Type": "AWS::IAM::Role", "Properties": {"P": {"Fn::Sub": given}}}},
    }
    made = json.dumps(kept(split(template, {}, NAME))["Role"]["Properties"]["P"]["Fn::Sub"])
    assert json.loads(made.replace("Literal", "L")) == expected


def changes(before: Any, after: Any) -> Iterator[tuple[Any, Any]]:
    """The smallest parts in which two trees differ; None where there is nothing."""
    if isinstance(before, dict) and isinstance(after, dict) and before.keys() & after.keys():
        for key in before.keys() | after.keys():
            yield from changes(before.get(key), after.get(key))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for one, other in zip(before, after, strict=True):
            yield from changes(one, other)
    elif before != after:
        yield before, after


def test_where_everything_is_switched_on_little_else_changes() -> None:
    rest = resources(FULL)
    same = {name: each for name, each in TEMPLATE["Resources"].items() if name in rest}
    for before, after in changes(same, rest):
        match before:
            case {"Fn::If": [_, then, _]}:
                assert after == (None if then == {"Ref": "AWS::NoValue"} else then)
            case {"Ref": str(parameter)}:
                definition = TEMPLATE["Parameters"][parameter]
                assert definition["Type"] == "Number"
                assert after == int(FULL.get(parameter, definition["Default"]))
                assert type(after) is int
            case {"Fn::GetAtt": ["Server", "ServerId"]}:
                assert after == transfer_server_id(NAME, "Server")
            case str() if "${Server.ServerId}" in before:
                assert after.startswith(transfer_server_id(NAME, "Server"))
            case str() if before in TEMPLATE["Conditions"]:
                assert after is None
            case "UploadsQueuePolicy":  # a dependency, which may be one name or a list
                assert after == [before]
            case {"StringEquals": account, "ArnLike": {"aws:SourceArn": _}}:
                # Our STS never hears of the account and the user that Transfer acts for.
                assert account == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
                assert after is None
            case _:
                raise AssertionError(before)


def test_only_transfers_trust_loses_its_condition() -> None:
    rest = resources(FULL)
    [before] = TEMPLATE["Resources"]["UserRole"]["Properties"]["AssumeRolePolicyDocument"][
        "Statement"
    ]
    [after] = rest["UserRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert "Condition" not in after
    assert before == {**after, "Condition": before["Condition"]}
    queue, *_ = rest["UploadsQueuePolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert queue["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}


def test_what_the_engine_resolves_comes_back_in_its_place() -> None:
    parts = split(TEMPLATE, LOCAL, NAME)
    outputs = {name: f"value of {name}" for name in parts.rest["Outputs"]}
    for resource in parts.transfer:
        resolved = resource.resolved(outputs)
        assert not [each for each in nodes(resolved) if isinstance(each, Awaiting)]
        for before, after in changes(resource.properties, resolved):
            assert after == f"value of {before.output}"
    [user] = [each.resolved(outputs) for each in parts.transfer if each.logical_id == "TestUser"]
    assert user["SshPublicKeys"] == ["value of QuillgateSplitTestUserSshPublicKeys0"]
    assert user["UserName"] == "testuser"


def test_the_engine_sees_that_outputs_or_parameters_changed() -> None:
    """It looks at resources alone: one has another name then, and the same one otherwise."""

    def added(given: dict[str, str]) -> list[str]:
        rest = split(TEMPLATE, given, NAME).rest["Resources"]
        return [name for name in rest if is_split_output(name)]

    assert added(LOCAL) == added(dict(reversed(LOCAL.items())))
    assert len(added(LOCAL)) == 1
    assert added(LOCAL) != added({**LOCAL, "SetStatOption": "DEFAULT"})


def test_outputs_have_names_that_cloudformation_takes() -> None:
    names = [name for name in split(TEMPLATE, FULL, NAME).rest["Outputs"] if is_split_output(name)]
    assert names
    assert all(re.fullmatch("[A-Za-z0-9]{1,255}", name) for name in names)


def small(condition: Any, **parameters: Any) -> Template:
    declared = {name: {"Type": "String", "Default": value} for name, value in parameters.items()}
    return {
        "Parameters": declared,
        "Conditions": {"It": condition},
        "Resources": {"R": {"Type": "AWS::SNS::Topic", "Condition": "It"}},
    }


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        (
            {"Fn::Select": [0, ["a"]]},
            "condition not understood: 'Fn::Select' - use Equals, Not, And, Or, Join, Ref",
        ),
        (
            {"Fn::Equals": [{"Ref": "Missing"}, ""]},
            "no such parameter in a condition: 'Missing' - declare it under Parameters",
        ),
        (
            {"Condition": "Missing"},
            "no such condition: 'Missing' - declare it under Conditions",
        ),
    ],
)
def test_what_is_not_understood_is_named(condition: Any, message: str) -> None:
    with pytest.raises(DeployError) as refused:
        split(small(condition), {}, NAME)
    assert str(refused.value) == message


VALUES: dict[str, Any] = {"Text": "a", "Empty": "", "One": 1, "Yes": True}
AS_TEXT = {"Text": "a", "Empty": "", "One": "1", "Yes": "true"}
Decided = tuple[Any, bool]
SIDES = st.sampled_from(
    [({"Ref": name}, text) for name, text in AS_TEXT.items()]
    + [(value, AS_TEXT[name]) for name, value in VALUES.items()]
    + [(text, text) for text in AS_TEXT.values()]
    + [({"Fn::Join": ["", [{"Ref": "Empty"}, {"Ref": "One"}]]}, "1")]
)
EQUALS = st.tuples(SIDES, SIDES).map(
    lambda pair: ({"Fn::Equals": [pair[0][0], pair[1][0]]}, pair[0][1] == pair[1][1])
)


def combined(inner: st.SearchStrategy[Decided]) -> st.SearchStrategy[Decided]:
    several = st.lists(inner, min_size=2, max_size=4)
    return (
        inner.map(lambda one: ({"Fn::Not": [one[0]]}, not one[1]))
        | several.map(lambda all_: ({"Fn::And": [c for c, _ in all_]}, all(t for _, t in all_)))
        | several.map(lambda all_: ({"Fn::Or": [c for c, _ in all_]}, any(t for _, t in all_)))
    )


CONDITIONS = st.recursive(EQUALS, combined, max_leaves=6)


@settings(max_examples=30)
@given(CONDITIONS)
def test_conditions_are_decided_as_cloudformation_does(decided: Decided) -> None:
    condition, truth = decided
    source = small(condition, **VALUES)
    assert bool(kept(split(source, {}, NAME))) is truth


@pytest.mark.parametrize(("value", "text"), [(1, "1"), (True, "true"), (False, "false")])
def test_what_yaml_reads_as_something_else_is_compared_as_text(value: Any, text: str) -> None:
    condition = {"Fn::Equals": [{"Ref": "It"}, value]}
    assert kept(split(small(condition, It=text), {}, NAME))
    assert kept(split(small(condition, It="x"), {"It": text}, NAME))
    assert not kept(split(small(condition, It="x"), {}, NAME))


@pytest.mark.parametrize(("given", "truth"), [({}, True), ({"List": "a,b"}, False)])
def test_a_list_is_decided_on_as_a_list(given: dict[str, str], truth: bool) -> None:
    source = small({"Fn::Equals": [{"Fn::Join": ["-", {"Ref": "List"}]}, "x-y"]})
    source["Parameters"] = {"List": {"Type": "CommaDelimitedList", "Default": "x,y"}}
    assert bool(kept(split(source, given, NAME))) is truth


NO_VALUE = {"Ref": "AWS::NoValue"}
PROPERTIES = st.recursive(
    st.sampled_from(["text", 7, True, NO_VALUE, {"Fn::GetAtt": "Other.Arn"}]),
    lambda inner: (
        st.tuples(st.sampled_from(["A", "B"]), inner, inner).map(lambda it: {"Fn::If": list(it)})
        | st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["Key", "Value", "Policy"]), inner, max_size=3)
    ),
    max_leaves=8,
)
RESOURCES = st.dictionaries(
    st.sampled_from(["One", "Two", "Three", "Four"]),
    st.fixed_dictionaries(
        {
            "Type": st.sampled_from([TRANSFER + "Server", TRANSFER + "User", "AWS::SQS::Queue"]),
            "Properties": st.dictionaries(st.sampled_from(["P", "Q"]), PROPERTIES, max_size=2),
            "DependsOn": st.sampled_from(["One", "Two"])
            | st.lists(st.sampled_from(["Three", "Four"]), max_size=2),
        },
        optional={"Condition": st.sampled_from(["A", "B"])},
    ),
)


@settings(max_examples=30)
@given(RESOURCES, st.booleans(), st.booleans())
def test_splitting_invents_nothing(described: dict[str, Any], a: bool, b: bool) -> None:
    truths = {"A": a, "B": b}
    source: Template = {
        "Parameters": {name: {"Type": "String"} for name in truths},
        "Conditions": {name: {"Fn::Equals": [{"Ref": name}, "true"]} for name in truths},
        "Resources": described,
    }
    given = {name: str(truth).lower() for name, truth in truths.items()}
    parts = split(source, given, NAME)
    rest = kept(parts)
    off = {name for name, it in described.items() if not truths.get(it.get("Condition"), True)}
    assert rest.keys() | {each.logical_id for each in parts.transfer} == described.keys() - off
    assert not rest.keys() & {each.logical_id for each in parts.transfer}
    left = list(nodes(rest)) + [node for each in parts.transfer for node in nodes(each.properties)]
    assert NO_VALUE not in left
    assert not [node for node in left if isinstance(node, dict) and "Fn::If" in node]
    for resource in rest.values():
        assert set(resource.get("DependsOn", [])) <= rest.keys()
    awaited = {node.output for node in left if isinstance(node, Awaiting)}
    assert awaited == parts.rest["Outputs"].keys()
