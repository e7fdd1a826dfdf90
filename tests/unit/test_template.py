"""What stack/template.yaml promises, whatever engine it is deployed to."""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from sftp_watchdog import evidence
from sftp_watchdog.backoff import Backoff
from sftp_watchdog.settings import Settings

from quillgate.deploy import template
from quillgate.deploy.conditions import evaluated
from quillgate.deploy.local import LOCAL_PARAMETERS, stack_name
from quillgate.errors import DeployError
from tests.unit.production import TEMPLATE

SOURCE = template.repository() / "stack" / "template.yaml"
PARAMETERS: dict[str, dict[str, Any]] = TEMPLATE["Parameters"]
RESOURCES: dict[str, dict[str, Any]] = TEMPLATE["Resources"]
# As deployed with what is default, and a test user.
PLAIN = evaluated(TEMPLATE, {"TestUserPublicKey": "ssh-ed25519 AAAA"})["Resources"]
BUCKET = PLAIN["UploadsBucket"]
NAMES = ["Environment", "Platform", "Function"]
NAMED_BY = [
    *("AlarmName", "BucketName", "DashboardName", "FunctionName", "LogGroupName"),
    *("Name", "QueueName", "RoleName", "TopicName"),
]
REQUIRED = {"QuillUrl": "https://quill.example.com", "QuillToken": "token"}
DAY_SECONDS = 24 * 60 * 60


def numbers(given: Mapping[str, str]) -> dict[str, int]:
    """The values of all Number parameters."""
    return {
        name: int(given.get(name, definition["Default"]))
        for name, definition in PARAMETERS.items()
        if definition["Type"] == "Number"
    }


def statements(node: Any) -> Iterator[dict[str, Any]]:
    """Every policy statement in `node`, in either branch of an `If`."""
    if isinstance(node, dict) and "Effect" in node:
        yield node
    for child in (
        node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    ):
        yield from statements(child)


def actions(node: Any) -> set[str]:
    listed = [statement["Action"] for statement in statements(node)]
    return {word for each in listed for word in ([each] if isinstance(each, str) else each)}


def tags(properties: dict[str, Any]) -> dict[str, Any]:
    written = properties.get("Tags", {})
    return {it["Key"]: it["Value"] for it in written} if isinstance(written, list) else written


@cache
def schema(resource_type: str) -> dict[str, Any]:
    """CloudFormation's own description of a type, from the copy that cfn-lint brings."""
    found = importlib.util.find_spec("cfnlint")
    assert found is not None
    assert found.origin is not None
    folder = Path(found.origin).parent / "data" / "schemas"
    provider = "sam" if resource_type.startswith("AWS::Serverless::") else "us-east-1"
    names = json.loads((folder / "providers" / f"{provider}.json").read_text())
    text = (folder / "resources" / f"{names[resource_type]}.json").read_text()
    return dict(json.loads(text))


@pytest.mark.parametrize("section", ["Parameters", "Outputs"])
def test_everything_is_described(section: str) -> None:
    for name, it in TEMPLATE[section].items():
        assert re.fullmatch(r"[^\n]{10,}[.)]", it["Description"]), name


def test_every_parameter_has_its_place_in_the_form() -> None:
    groups = TEMPLATE["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    placed = [name for group in groups for name in group["Parameters"]]
    assert sorted(placed) == sorted(PARAMETERS)


@pytest.mark.parametrize("bound", ["MinValue", "MaxValue"])
@pytest.mark.parametrize("name", ["Watchdog", "Sweep"])
def test_a_function_starts_with_whatever_the_form_takes(name: str, bound: str) -> None:
    variables = RESOURCES[name]["Properties"]["Environment"]["Variables"]
    bounds = {f"${{{each}}}": it[bound] for each, it in PARAMETERS.items() if bound in it}
    written = {key: it.get("Fn::Sub") for key, it in variables.items() if isinstance(it, dict)}
    numbers = {key: str(bounds[text]) for key, text in written.items() if text in bounds}
    assert len(numbers) >= 5
    Settings.from_environ(dict.fromkeys(variables, "text") | numbers)


def test_the_outputs_of_the_interface_are_there() -> None:
    assert TEMPLATE["Outputs"].keys() >= {
        "BucketName",
        "ServerId",
        "ServerEndpoint",
        "QueueUrl",
        "DeadLetterQueueUrl",
        "WatchdogFunctionName",
        "UserRoleArn",
        "SecretName",
        "AlarmTopicArn",
    }


def test_names_are_those_of_the_interface() -> None:
    name = "${Environment}-${Platform}-${Function}"
    watchdog = RESOURCES["Watchdog"]["Properties"]
    assert BUCKET["Properties"]["BucketName"] == {"Fn::Sub": name + "-${AWS::AccountId}"}
    assert watchdog["FunctionName"] == {"Fn::Sub": f"{name}-watchdog"}
    secret = {"Fn::Sub": "${Environment}/${Platform}/${Function}/watchdog"}
    assert RESOURCES["QuillSecret"]["Properties"]["Name"] == secret
    assert watchdog["Environment"]["Variables"]["SECRET_ID"] == secret
    assert TEMPLATE["Outputs"]["SecretName"]["Value"] == secret


def test_names_of_several_stacks_never_meet() -> None:
    """Every name somebody chose carries all three parts."""
    for resource, it in RESOURCES.items():
        for key in NAMED_BY:
            name = it["Properties"].get(key, {"Ref": "what CloudFormation names"})
            parts = re.findall(r"\$\{(Environment|Platform|Function)\}", str(name))
            assert name.keys() == {"Ref"} or parts == NAMES, resource


@pytest.mark.parametrize("name", RESOURCES)
def test_what_takes_tags_carries_the_three(name: str) -> None:
    resource = RESOURCES[name]
    expected = {each: {"Ref": each} for each in NAMES}
    if name == "UploadsBucket":
        expected["DataClassification"] = "Secure"  # type: ignore[assignment]
    takes_tags = "Tags" in schema(resource["Type"])["properties"]
    plain = PLAIN.get(name, resource)["Properties"]
    assert tags(plain) == (expected if takes_tags else {})


def test_most_resources_take_tags() -> None:
    """The schemas are read rightly: were none found to take tags, nothing would be checked."""
    without = {n for n, it in RESOURCES.items() if "Tags" not in schema(it["Type"])["properties"]}
    assert without == {
        "UserPolicy",
        "LogReaderPolicy",
        "UploadsBucketPolicy",
        "UploadsQueuePolicy",
        "LedgerBucketPolicy",
        "SweepPermission",
        "AlarmTopicPolicy",
        "AlarmEmailSubscription",
        "HostnameRecord",
    }


def test_the_bucket_is_private_encrypted_versioned_and_ours() -> None:
    properties = BUCKET["Properties"]
    assert properties["PublicAccessBlockConfiguration"] == {
        "BlockPublicAcls": True,
        "BlockPublicPolicy": True,
        "IgnorePublicAcls": True,
        "RestrictPublicBuckets": True,
    }
    [encryption] = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert encryption["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
    [ownership] = properties["OwnershipControls"]["Rules"]
    assert ownership == {"ObjectOwnership": "BucketOwnerEnforced"}
    [rule] = properties["LifecycleConfiguration"]["Rules"]
    assert rule["Status"] == "Enabled"
    assert rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"] >= 1
    assert rule.keys() == {"Id", "Status", "AbortIncompleteMultipartUpload"}


def test_the_bucket_outlives_its_stack_but_not_a_failed_creation() -> None:
    assert BUCKET["DeletionPolicy"] == "RetainExceptOnCreate"
    assert BUCKET["UpdateReplacePolicy"] == "Retain"


def test_tls_is_demanded_of_everybody_unless_switched_off() -> None:
    assert PARAMETERS["TlsOnly"]["Default"] == "true"
    policy = RESOURCES["UploadsBucketPolicy"]["Properties"]["PolicyDocument"]
    [tls] = [it for it in statements(policy) if it["Sid"] == "TlsOnly"]
    assert (tls["Effect"], tls["Principal"], tls["Action"]) == ("Deny", "*", "s3:*")
    assert tls["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert len(tls["Resource"]) == 2


def test_the_watchdog_may_do_what_it_needs_and_nothing_more() -> None:
    assert actions(RESOURCES["WatchdogRole"]["Properties"]["Policies"]) == {
        "sqs:ReceiveMessage",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        "sqs:ChangeMessageVisibility",
        "s3:GetObject",
        "s3:GetObjectVersion",
        "s3:PutObject",
        "s3:DeleteObject",
        "s3:ListBucket",
        "s3:ListBucketVersions",
        "secretsmanager:GetSecretValue",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "ec2:CreateNetworkInterface",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSubnets",
        "ec2:DeleteNetworkInterface",
        "ec2:AssignPrivateIpAddresses",
        "ec2:UnassignPrivateIpAddresses",
        *("kms:Decrypt", "kms:GenerateDataKey"),
    }
    assert "ManagedPolicyArns" not in RESOURCES["WatchdogRole"]["Properties"]


def test_the_sweep_puts_back_and_reads_no_customers_file() -> None:
    policies = RESOURCES["SweepRole"]["Properties"]["Policies"]
    assert actions(policies) == {
        "s3:ListBucketVersions",
        "s3:ListBucket",
        "s3:GetObject",
        "s3:PutObject",
        "s3:DeleteObject",
        "sqs:SendMessage*",
        "logs:FilterLogEvents",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        *("kms:Decrypt", "kms:GenerateDataKey"),
    }
    allowed = [it for it in statements(policies) if it["Effect"] == "Allow"]
    objects = {it["Sid"] for it in allowed if "s3:GetObject" in it["Action"]}
    assert objects == {"ReadTheRoutes", "KeepTheLedger"}


def test_the_sweep_goes_by_the_clock() -> None:
    rule = RESOURCES["SweepRule"]["Properties"]
    assert rule["ScheduleExpression"] == {"Ref": "SweepSchedule"}
    [target] = rule["Targets"]
    assert target["Arn"] == {"Fn::GetAtt": ["Sweep", "Arn"]}
    permission = RESOURCES["SweepPermission"]["Properties"]
    assert permission["SourceArn"] == {"Fn::GetAtt": ["SweepRule", "Arn"]}


def test_the_queue_takes_transfers_word_about_this_server_only() -> None:
    rule = RESOURCES["TransferRule"]["Properties"]
    assert rule["EventPattern"]["detail"] == {"server-id": [{"Fn::GetAtt": ["Server", "ServerId"]}]}
    assert rule["EventPattern"]["source"] == [evidence.AWS, evidence.OURS]
    told = {evidence.COMPLETED, evidence.FAILED, evidence.RENAMED}
    assert set(rule["EventPattern"]["detail-type"]) == told
    [target] = rule["Targets"]
    [allowed] = [it for it in statements(RESOURCES) if it.get("Sid") == "EventsFromTransfer"]
    assert allowed["Resource"] == target["Arn"] == {"Fn::GetAtt": ["UploadsQueue", "Arn"]}
    arn = {"Fn::GetAtt": ["TransferRule", "Arn"]}
    assert allowed["Condition"] == {"ArnEquals": {"aws:SourceArn": arn}}


def test_engineers_read_logs_and_nothing_else() -> None:
    allowed = actions(RESOURCES["LogReaderPolicy"])
    assert allowed
    assert all(re.match("logs:(Describe|Filter|Get|StartQuery|StopQuery)", it) for it in allowed)


def session_policy() -> str:
    return str(PLAIN["TestUser"]["Properties"]["Policy"]["Fn::Sub"])


def test_users_have_no_way_to_versions_and_routes() -> None:
    [allowed] = [it for it in statements(RESOURCES["UserPolicy"]) if it["Sid"] == "Files"]
    session = json.loads(session_policy())
    assert set(allowed["Action"]) == {
        "s3:GetObject",
        "s3:PutObject",
        "s3:DeleteObject",
        "s3:AbortMultipartUpload",
    }
    under_a_key = {"kms:Decrypt", "kms:GenerateDataKey"}
    assert actions(session) == {*allowed["Action"], "s3:ListBucket", *under_a_key}
    [denied] = [it for it in statements(RESOURCES["UserPolicy"]) if it["Effect"] == "Deny"]
    assert denied["Resource"]["Fn::Sub"].endswith("/watchdog.config")


def test_a_home_ends_with_a_slash_wherever_a_session_policy_names_it() -> None:
    """Without the slash `acme` reads `acme-corp/`."""
    after = re.findall(r"transfer:Home(?:Folder|Directory)\}(..?)", session_policy())
    assert after == ["/*", "/*"]


def test_quill_reads_uploads_and_writes_stories() -> None:
    policy = RESOURCES["UploadsBucketPolicy"]["Properties"]["PolicyDocument"]
    quill = {it["Sid"]: it for it in statements(policy) if it["Effect"] == "Allow"}
    assert {sid: actions(it) for sid, it in quill.items()} == {
        "QuillReadsUploads": {"s3:GetObject", "s3:GetObjectVersion"},
        "QuillWritesStories": {"s3:PutObject"},
    }
    assert quill["QuillWritesStories"]["Resource"] == {
        "Fn::Sub": "${UploadsBucket.Arn}/${StoriesPattern}"
    }
    [denied] = [it for it in statements(policy) if it["Sid"] == "QuillNeverWritesTheRoutes"]
    assert (denied["Effect"], denied["Action"]) == ("Deny", "s3:PutObject")
    assert denied["Resource"] == {"Fn::Sub": "${UploadsBucket.Arn}/watchdog.config"}


def test_messages_that_failed_go_to_a_queue_that_keeps_them() -> None:
    uploads = PLAIN["UploadsQueue"]["Properties"]
    dead = PLAIN["DeadLetterQueue"]["Properties"]
    assert uploads["RedrivePolicy"]["deadLetterTargetArn"] == {
        "Fn::GetAtt": ["DeadLetterQueue", "Arn"]
    }
    # A message's age counts from its first queue: SQS's most, 14 days, for both.
    assert uploads["MessageRetentionPeriod"] == dead["MessageRetentionPeriod"] == 14 * DAY_SECONDS
    assert uploads["SqsManagedSseEnabled"] is dead["SqsManagedSseEnabled"] is True


def test_only_what_failed_is_retried_and_quill_is_protected() -> None:
    source = RESOURCES["UploadsToWatchdog"]["Properties"]
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert source["ScalingConfig"] == {"MaximumConcurrency": {"Ref": "MaximumConcurrency"}}


def test_a_message_stays_hidden_for_six_runs() -> None:
    """AWS asks for that: an upload must not be taken again while a run may still be at it."""
    given = numbers({})
    assert given["QueueVisibilitySeconds"] >= 6 * given["WatchdogTimeoutSeconds"]


@pytest.mark.parametrize("given", [{}, LOCAL_PARAMETERS], ids=["production", "local"])
def test_a_silent_quill_does_not_cost_the_run(given: dict[str, str]) -> None:
    values = numbers(given)
    waiting = values["BatchSize"] * values["QuillTimeoutSeconds"]
    assert waiting < values["WatchdogTimeoutSeconds"] < values["QueueVisibilitySeconds"]


def all_waits(values: dict[str, int]) -> int:
    """Seconds from the first try to the last."""
    backoff = Backoff(values["RetryBaseSeconds"], values["RetryMaxSeconds"])
    return sum(backoff.delay(receive) for receive in range(1, values["MaxReceiveCount"]))


def test_an_outage_of_a_day_heals_by_itself_and_before_messages_expire() -> None:
    assert DAY_SECONDS < all_waits(numbers({})) < 14 * DAY_SECONDS


@pytest.mark.parametrize("given", [{}, LOCAL_PARAMETERS], ids=["production", "local"])
def test_evidence_that_fits_nothing_is_no_dead_letter(given: dict[str, str]) -> None:
    moment = "2026-11-23T09:00:00.000Z"
    latest = evidence.Evidence("partial", "b", "k", moment, moment).latest
    until_then = datetime.fromisoformat(latest) - datetime.fromisoformat(moment)
    assert all_waits(numbers(given)) > until_then.total_seconds()


def test_the_code_takes_the_place_of_its_folder() -> None:
    deployed = template.with_code(TEMPLATE, "artifacts", "watchdog-1.zip")
    functions = {n: it for n, it in RESOURCES.items() if it["Type"].endswith("::Function")}
    assert functions.keys() == {"Watchdog", "Sweep"}
    for name, before in functions.items():
        function = deployed["Resources"][name]
        assert function["Properties"] == {
            **before["Properties"],
            "CodeUri": "s3://artifacts/watchdog-1.zip",
        }
        assert "Metadata" in before, "the template itself is left as it is"
        assert function.keys() == before.keys() - {"Metadata"}
    assert {**deployed, "Resources": {**deployed["Resources"], **functions}} == TEMPLATE


def test_a_stack_is_named_after_its_instance() -> None:
    assert stack_name(TEMPLATE, {}) == "dev-quillgate-sftp"
    assert stack_name(TEMPLATE, LOCAL_PARAMETERS) == "local-quillgate-sftp"


def test_the_parameters_of_a_local_stack_are_taken() -> None:
    template.check_parameters(TEMPLATE, {**REQUIRED, **LOCAL_PARAMETERS, "SubnetIds": "a,b"})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"Environment": "Prod"},
            "parameter Environment: 'Prod' - it must be lower-case letters, digits and hyphens, "
            "1 to 13 characters",
        ),
        (
            {"Environment": "prod\n"},
            "parameter Environment: 'prod\n' - it must be lower-case letters, digits and hyphens, "
            "1 to 13 characters",
        ),
        (
            {"QuillUrl": "quill.example.com"},
            "parameter QuillUrl: 'quill.example.com' - it must be a URL that begins with http:// "
            "or https://",
        ),
        (
            {"LoginBanner": "grüezi"},
            "parameter LoginBanner: 'grüezi' - it must be text in ASCII",
        ),
        ({"TlsOnly": "yes"}, "parameter TlsOnly: 'yes' - use one of true, false"),
        (
            {"SecurityPolicyName": "none"},
            "parameter SecurityPolicyName: 'none' - it must be like TransferSecurityPolicy-.+",
        ),
        ({"BatchSize": "11"}, "parameter BatchSize: '11' - it must be from 1 to 10"),
        ({"BatchSize": "0"}, "parameter BatchSize: '0' - it must be from 1 to 10"),
        ({"BatchSize": "1.5"}, "parameter BatchSize: '1.5' - it must be a whole number"),
        ({"BatchSize": ""}, "parameter BatchSize: '' - it must be a whole number"),
        (
            {"LoginBanner": "b" * 4097},
            f"parameter LoginBanner: '{'b' * 4097}' - it must have at most 4096 characters",
        ),
        (
            {"QuillToken": "with space"},
            "parameter QuillToken: '****' - it must be a bearer token (letters, digits and "
            ". _ ~ + / = -)",
        ),
    ],
)
def test_a_value_that_cannot_be_is_refused_in_words(given: dict[str, str], message: str) -> None:
    with pytest.raises(DeployError) as refused:
        template.check_parameters(TEMPLATE, {**REQUIRED, **given})
    assert str(refused.value) == message


VPC = {
    "VpcId": "vpc-00000001",
    "EndpointSubnet1": "subnet-00000001",
    "EndpointSubnet2": "subnet-00000002",
}
THIRD = {"EndpointSubnet3": "subnet-00000003"}
ADDRESS = [f"eipalloc-0000000{number}" for number in range(3)]
ONE, TWO, THREE = ({f"AddressAllocation{n + 1}": ADDRESS[n]} for n in range(3))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"VpcId": "vpc-00000001"}, "VpcId needs EndpointSubnet1 and EndpointSubnet2"),
        ({**VPC, "EndpointSubnet2": ""}, "VpcId needs EndpointSubnet1 and EndpointSubnet2"),
        ({**VPC, "EndpointSubnet2": VPC["EndpointSubnet1"]}, "must be two subnets"),
        ({**VPC, "EndpointSubnet3": VPC["EndpointSubnet2"]}, "must be a third subnet"),
        ({"EndpointSubnet1": "subnet-00000001"}, "EndpointSubnet3 need VpcId"),
        (THIRD, "EndpointSubnet3 need VpcId"),
        ({**ONE, **TWO}, "AddressAllocation3 need VpcId"),
        ({"ClientPrefixListId": "pl-00000001"}, "ClientPrefixListId needs VpcId"),
        ({**VPC, **ONE}, "one for each subnet, or none"),
        ({**VPC, **TWO}, "one for each subnet, or none"),
        ({**VPC, **ONE, **TWO, **THREE}, "EndpointSubnet3 and AddressAllocation3 go together"),
        ({**VPC, **THIRD, **ONE, **TWO}, "EndpointSubnet3 and AddressAllocation3 go together"),
        ({**VPC, **ONE, "AddressAllocation2": ADDRESS[0]}, "must differ"),
        ({"HostedZoneId": "Z0123"}, "HostedZoneId needs CustomHostname"),
    ],
)
def test_parameters_that_do_not_go_together_are_refused(
    given: dict[str, str], message: str
) -> None:
    with pytest.raises(
        DeployError, match=rf"^parameters do not go together: '.*' - .*{message}"
    ) as refused:
        template.check_parameters(TEMPLATE, {**REQUIRED, **given})
    assert any(name in str(refused.value) for name in given)


@pytest.mark.parametrize(
    "given", [VPC, {**VPC, **THIRD}, {**VPC, **ONE, **TWO}, {**VPC, **THIRD, **ONE, **TWO, **THREE}]
)
def test_each_way_of_naming_subnets_and_addresses_is_taken(given: dict[str, str]) -> None:
    template.check_parameters(TEMPLATE, {**REQUIRED, **given, "ClientPrefixListId": "pl-00000001"})


KEYS_ARE_FOR = {
    "AWS::S3::Bucket",
    "AWS::SQS::Queue",
    "AWS::SNS::Topic",
    "AWS::Logs::LogGroup",
    "AWS::SecretsManager::Secret",
}


def test_a_key_of_ones_own_encrypts_all_that_is_kept_and_each_role_may_use_it() -> None:
    keyed = evaluated(TEMPLATE, {"KmsKeyArn": "arn:the-key", "TestUserPublicKey": "ssh-ed25519 A"})
    using = {name for name, it in keyed["Resources"].items() if "KmsKeyArn" in json.dumps(it)}
    kept = {name for name, it in RESOURCES.items() if it["Type"] in KEYS_ARE_FOR}
    assert using == kept | {"UserPolicy", "WatchdogRole", "SweepRole"}
    assert "KmsKeyArn" not in json.dumps(PLAIN)
    for name in ("UploadsQueue", "DeadLetterQueue"):
        assert keyed["Resources"][name]["Properties"]["SqsManagedSseEnabled"] is False
    for name in ("UploadsBucket", "LedgerBucket"):
        [rule] = keyed["Resources"][name]["Properties"]["BucketEncryption"][
            "ServerSideEncryptionConfiguration"
        ]
        assert rule["BucketKeyEnabled"] is True
    for name in ("UserPolicy", "WatchdogRole", "SweepRole"):
        [using_it] = [it for it in statements(keyed["Resources"][name]) if "kms" in str(it)]
        assert using_it["Resource"] == {"Ref": "KmsKeyArn"}
        assert set(using_it["Action"]) == {"kms:Decrypt", "kms:GenerateDataKey"}


@pytest.mark.parametrize(
    "name", ["UploadsBucket", "LedgerBucket", "Address1", "Address2", "Address3"]
)
def test_what_customers_know_and_sent_outlives_the_stack(name: str) -> None:
    assert RESOURCES[name]["DeletionPolicy"] == "RetainExceptOnCreate"
    assert RESOURCES[name]["UpdateReplacePolicy"] == "Retain"


def test_no_host_key_stands_in_the_template() -> None:
    for kind in ("Rsa", "Ecdsa", "Ed25519"):
        properties = RESOURCES[f"HostKey{kind}"]["Properties"]
        reference = f"{{{{resolve:secretsmanager:${{HostKey{kind}SecretArn}}}}}}"
        assert properties["HostKeyBody"] == {"Fn::Sub": reference}


def test_an_unknown_parameter_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(
        DeployError, match=r"^no such parameter: 'Batchsize' - the template has: "
    ) as e:
        template.check_parameters(TEMPLATE, {**REQUIRED, "Batchsize": "1"})
    assert "BatchSize, ClientPrefixListId, ConfigMaxAgeSeconds" in str(e.value)


def test_what_cloudformation_hides_is_not_looked_at() -> None:
    template.check_parameters(TEMPLATE, {"QuillUrl": "****", "QuillToken": template.MASKED})


@pytest.mark.parametrize("name", REQUIRED)
def test_a_missing_parameter_is_named(name: str) -> None:
    given = {key: value for key, value in REQUIRED.items() if key != name}
    with pytest.raises(DeployError) as refused:
        template.check_parameters(TEMPLATE, given)
    assert str(refused.value) == f"parameter without a value: '{name}' - add --parameter {name}=..."
