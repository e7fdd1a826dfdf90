"""Each role of the stack makes real calls: what it needs is done, what it does not need is refused.

The engine decides, by the policies as they are deployed; tests/unit/test_roles_template.py holds
every action of the template against our own reading of IAM.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.support import HOME_POLICY, Environment, start_environment

pytestmark = pytest.mark.embedded

ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
REFUSED = {"AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation"}
PUT_NOTIFICATION = "put_bucket_notification_configuration"
TEST_EVENT = json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent"})
FILE = {"Bucket": "{bucket}", "Key": "acme/incoming/a.csv.tmp"}
STORY = {"Bucket": "{bucket}", "Key": "acme/outgoing/a.csv.story.txt"}
ROUTES = {"Bucket": "{bucket}", "Key": "watchdog.config"}
ENTRY = {"Bucket": "{ledger}", "Key": "entries/of-a-test/1.json"}
KEPT = {"Bucket": "{ledger}", "Key": "entries/of-a-test/2.json"}
LISTED = {"Bucket": "{ledger}", "Key": "attention/waiting/1"}
AUDIT = {"Bucket": "{ledger}", "Key": "audit/all/1"}
CUSTOMER = {"Bucket": "{ledger}", "Key": "customers/disabled/acme.json"}
OLD = {**FILE, "VersionId": "{version}"}
QUEUE, DEAD = {"QueueUrl": "{queue}"}, {"QueueUrl": "{dead_letters}"}
MESSAGE = {"MessageBody": TEST_EVENT}
RECEIPT = {"ReceiptHandle": "none"}
NOW = {"WaitTimeSeconds": 0, "VisibilityTimeout": 0}
LINES = {"logStreamName": "of-a-test", "logEvents": [{"timestamp": 0, "message": "feigned"}]}
ROLE = {"RoleArn": "{user_role}", "RoleSessionName": "test"}
TRUST_ACCOUNT = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "{account}"}}

ALLOWED: list[tuple[str, str, dict[str, Any]]] = [
    ("user", "s3.list_objects_v2", {"Bucket": "{bucket}"}),
    ("user", "s3.get_bucket_location", {"Bucket": "{bucket}"}),
    ("user", "s3.put_object", FILE),
    ("user", "s3.get_object", FILE),
    ("user", "s3.create_multipart_upload", FILE),
    ("user", "s3.delete_object", {**FILE, "Key": "acme/incoming/nothing"}),
    ("acme", "s3.list_objects_v2", {"Bucket": "{bucket}", "Prefix": "acme/"}),
    ("acme", "s3.put_object", FILE),
    ("acme", "s3.get_object", FILE),
    ("watchdog", "sqs.receive_message", {**QUEUE, **NOW}),
    ("watchdog", "sqs.delete_message", {**QUEUE, **RECEIPT}),
    ("watchdog", "sqs.get_queue_attributes", QUEUE),
    ("watchdog", "sqs.change_message_visibility", {**QUEUE, **RECEIPT, "VisibilityTimeout": 0}),
    ("watchdog", "s3.get_object", ROUTES),
    ("watchdog", "s3.head_object", FILE),
    ("watchdog", "s3.head_object", OLD),
    ("watchdog", "s3.list_object_versions", {"Bucket": "{bucket}"}),
    ("watchdog", "s3.list_objects_v2", {"Bucket": "{ledger}"}),
    ("watchdog", "s3.put_object", ENTRY),
    ("watchdog", "s3.get_object", ENTRY),
    ("watchdog", "s3.delete_object", LISTED),
    ("watchdog", "secretsmanager.get_secret_value", {"SecretId": "{secret}"}),
    ("sweep", "s3.list_object_versions", {"Bucket": "{bucket}"}),
    ("sweep", "s3.list_objects_v2", {"Bucket": "{bucket}"}),
    ("sweep", "s3.get_object", ROUTES),
    ("sweep", "s3.put_object", ENTRY),
    ("sweep", "s3.get_object", ENTRY),
    ("sweep", "s3.delete_object", LISTED),
    ("sweep", "s3.list_objects_v2", {"Bucket": "{ledger}"}),
    ("sweep", "logs.filter_log_events", {"logGroupName": "{ServerLogGroup}"}),
    ("sweep", "sqs.send_message", {**QUEUE, **MESSAGE}),
    ("sweep", "sqs.send_message_batch", {**QUEUE, "Entries": [{"Id": "1", **MESSAGE}]}),
    ("quill", "s3.get_object", FILE),
    ("quill", "s3.get_object", OLD),
    ("quill", "s3.put_object", STORY),
    # No more of logs: the engine asks about a group without the `:*` that its ARN has, on AWS and
    # in the engine's own CloudFormation.
    ("log reader", "logs.describe_log_groups", {}),
]
DENIED: list[tuple[str, str, dict[str, Any]]] = [
    ("user", "s3.get_object", ROUTES),
    ("user", "s3.put_object", ROUTES),
    ("user", "s3.delete_object", ROUTES),
    ("user", "s3.get_object", OLD),
    ("user", "s3.delete_object", OLD),
    ("user", "s3.list_object_versions", {"Bucket": "{bucket}"}),
    ("user", "s3.list_objects_v2", {"Bucket": "{ledger}"}),
    ("user", "s3.delete_bucket_policy", {"Bucket": "{bucket}"}),
    ("user", "sqs.send_message", {**QUEUE, **MESSAGE}),
    ("user", "secretsmanager.get_secret_value", {"SecretId": "{secret}"}),
    ("user", "sts.assume_role", ROLE),
    ("acme", "s3.list_objects_v2", {"Bucket": "{bucket}"}),
    ("acme", "s3.list_objects_v2", {"Bucket": "{bucket}", "Prefix": "acme"}),
    ("acme", "s3.list_objects_v2", {"Bucket": "{bucket}", "Prefix": "acme-corp/"}),
    ("acme", "s3.get_object", {**FILE, "Key": "acme-corp/a.csv"}),
    ("acme", "s3.put_object", {**FILE, "Key": "acme-corp/a.csv"}),
    ("acme", "s3.delete_object", {**FILE, "Key": "initech/a.csv"}),
    ("acme", "s3.get_object", ROUTES),
    ("acme", "s3.get_object", OLD),
    ("acme", "s3.delete_object", OLD),
    ("watchdog", "s3.put_object", FILE),
    ("watchdog", "s3.put_object", STORY),
    ("watchdog", "s3.put_object", ROUTES),
    ("watchdog", "s3.delete_object", FILE),
    ("watchdog", "s3.delete_object", OLD),
    ("watchdog", "s3.get_object", AUDIT),
    ("watchdog", "s3.put_object", AUDIT),
    ("watchdog", "s3.delete_object", AUDIT),
    ("watchdog", "s3.delete_object", KEPT),
    ("watchdog", "s3.get_object", CUSTOMER),
    ("watchdog", "s3.put_object", CUSTOMER),
    ("watchdog", "s3.delete_object", CUSTOMER),
    ("watchdog", "sqs.send_message", {**QUEUE, **MESSAGE}),
    ("watchdog", "sqs.purge_queue", QUEUE),
    ("watchdog", "sqs.receive_message", {**DEAD, **NOW}),
    ("watchdog", "sqs.delete_message", {**DEAD, **RECEIPT}),
    ("watchdog", "sqs.send_message", {**DEAD, **MESSAGE}),
    ("watchdog", "secretsmanager.get_secret_value", {"SecretId": "{other_secret}"}),
    ("watchdog", "secretsmanager.put_secret_value", {"SecretId": "{secret}", "SecretString": "{}"}),
    ("watchdog", "logs.filter_log_events", {"logGroupName": "{ServerLogGroup}"}),
    ("watchdog", "logs.put_log_events", {"logGroupName": "{ServerLogGroup}", **LINES}),
    ("watchdog", "lambda.get_function", {"FunctionName": "{Watchdog}"}),
    ("watchdog", "iam.list_roles", {}),
    ("watchdog", "ec2.describe_subnets", {}),
    ("watchdog", "sns.publish", {"TopicArn": "{AlarmTopic}", "Message": "feigned"}),
    ("watchdog", "sts.assume_role", ROLE),
    ("sweep", "s3.get_object", FILE),
    ("sweep", "s3.get_object", OLD),
    ("sweep", "s3.put_object", FILE),
    ("sweep", "s3.put_object", ROUTES),
    ("sweep", "s3.delete_object", FILE),
    ("sweep", "s3.put_object", AUDIT),
    ("sweep", "s3.delete_object", AUDIT),
    ("sweep", "s3.delete_object", KEPT),
    ("sweep", "s3.get_object", CUSTOMER),
    ("sweep", "s3.put_object", CUSTOMER),
    ("sweep", "sqs.receive_message", {**QUEUE, **NOW}),
    ("sweep", "sqs.delete_message", {**QUEUE, **RECEIPT}),
    ("sweep", "sqs.send_message", {**DEAD, **MESSAGE}),
    ("sweep", "secretsmanager.get_secret_value", {"SecretId": "{secret}"}),
    ("sweep", "logs.filter_log_events", {"logGroupName": "{WatchdogLogGroup}"}),
    ("quill", "s3.put_object", FILE),
    ("quill", "s3.put_object", ROUTES),
    ("quill", "s3.delete_object", STORY),
    ("quill", "s3.delete_object", OLD),
    ("quill", "s3.list_objects_v2", {"Bucket": "{bucket}"}),
    ("quill", "s3.get_object", KEPT),
    ("quill", "sqs.send_message", {**QUEUE, **MESSAGE}),
    ("log reader", "logs.filter_log_events", {"logGroupName": "/aws/lambda/another"}),
    ("log reader", "logs.delete_log_group", {"logGroupName": "{ServerLogGroup}"}),
    ("log reader", "logs.put_log_events", {"logGroupName": "{ServerLogGroup}", **LINES}),
    ("log reader", "s3.get_object", FILE),
    ("colleague", "s3.get_object", FILE),
    ("colleague", "s3.get_object", KEPT),
    ("colleague", "sqs.send_message", {**QUEUE, **MESSAGE}),
    ("colleague", "sns.publish", {"TopicArn": "{AlarmTopic}", "Message": "feigned"}),
]
READING = re.compile(r"\w+\.(get|head|list|describe|filter)_\w+")
# What somebody who may do all may do, without taking anything from the tests after.
HARMLESS = [it for it in DENIED if it[0] == "colleague" or READING.fullmatch(it[1])]


class Scene:
    """A stack of its own with two files, and everybody who may ask for something."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self._sessions: dict[str, Callable[[str], Any]] = {}
        self.places = self._resources() | {
            "account": environment.client("sts").get_caller_identity()["Account"],
            "bucket": environment.bucket,
            "ledger": environment.ledger_bucket,
            "user_role": environment.user_role_arn,
            "queue": environment.queue_url,
            "dead_letters": environment.dead_letter_queue_url,
        }
        self.places |= self._secrets() | {"version": self._two_versions()}

    def ask(self, who: str, call: str, parameters: dict[str, Any]) -> str | None:
        """Make the call; the code of the error, if there is one."""
        service, operation = call.split(".")
        client = self._session(who)(service)
        try:
            getattr(client, operation)(**self.filled(parameters))
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return None

    def filled(self, node: Any) -> Any:
        """With names of the stack in place of `{Name}`."""
        if isinstance(node, dict):
            return {key: self.filled(child) for key, child in node.items()}
        if isinstance(node, list):
            return [self.filled(each) for each in node]
        found = self.places.get(node[1:-1]) if isinstance(node, str) else None
        return node if found is None else found

    def _session(self, who: str) -> Callable[[str], Any]:
        if who not in self._sessions:
            self._sessions[who] = self._begin(who)
        return self._sessions[who]

    def _begin(self, who: str) -> Callable[[str], Any]:
        roles = {"watchdog": "WatchdogRole", "sweep": "SweepRole", "user": "UserRole"}
        session = self.environment.session_as
        if who in roles:
            return session(self.role_arn(roles[who]))
        if who == "acme":
            return session(self.environment.user_role_arn, Policy=self._policy_of_acme())
        if who == "quill":
            return session(self._quill())
        policies = {"log reader": self.places["LogReaderPolicy"], "administrator": ADMINISTRATOR}
        return session(self._new_role(policies.get(who)))

    def role_arn(self, name: str) -> str:
        """Of a role by its name in the template."""
        iam = self.environment.client("iam")
        return str(iam.get_role(RoleName=self.places[name])["Role"]["Arn"])

    def _policy_of_acme(self) -> str:
        """As Transfer hands it on."""
        home = f"{self.environment.bucket}/acme"
        values = {"HomeDirectory": home, "HomeBucket": home[: -len("/acme")], "HomeFolder": "acme"}
        policy = HOME_POLICY
        for name, value in values.items():
            policy = policy.replace(f"${{transfer:{name}}}", value)
        return policy

    def _quill(self) -> str:
        """Whom the bucket's policy lets write stories."""
        text = self.environment.client("s3").get_bucket_policy(Bucket=self.environment.bucket)
        found = json.loads(text["Policy"])["Statement"]
        [arn] = [it["Principal"]["AWS"] for it in found if it["Sid"] == "QuillWritesStories"]
        return str(arn)

    def _new_role(self, policy_arn: str | None) -> str:
        """One that the account may take on, with this policy or none."""
        iam, name = self.environment.client("iam"), f"test-{uuid.uuid4().hex[:8]}"
        trust = {"Version": "2012-10-17", "Statement": [self.filled(TRUST_ACCOUNT)]}
        made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
        if policy_arn:
            iam.attach_role_policy(RoleName=name, PolicyArn=policy_arn)
        return str(made["Role"]["Arn"])

    def _resources(self) -> dict[str, str]:
        """The stack's resources by their names in the template."""
        pages = self.environment.client("cloudformation").get_paginator("list_stack_resources")
        return {
            each["LogicalResourceId"]: each["PhysicalResourceId"]
            for page in pages.paginate(StackName=self.environment.stack_name)
            for each in page["StackResourceSummaries"]
        }

    def _secrets(self) -> dict[str, str]:
        """The stack's own, and one whose name begins alike."""
        name = "local/quillgate/sftp/watchdog"
        other = self.environment.client("secretsmanager").create_secret(
            Name=f"{name}-2", SecretString="another instance's"
        )
        return {"secret": name, "other_secret": str(other["Name"])}

    def _two_versions(self) -> str:
        """An old version's id; what is asked for is there, so that no answer hides a refusal."""
        s3 = self.environment.client("s3")
        for place in (STORY, LISTED, AUDIT, CUSTOMER, KEPT, {**FILE, "Key": "acme-corp/a.csv"}):
            s3.put_object(**self.filled(place), Body=b"there")
        old = s3.put_object(**self.filled(FILE), Body=b"old")["VersionId"]
        s3.put_object(**self.filled(FILE), Body=b"new")
        return str(old)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Of its own: stories go where the convention says, and calls leave traces."""
    folder = tmp_path_factory.mktemp("roles")
    pattern = "StoriesPattern=*/outgoing/*"
    with start_environment(folder, "--parameter", pattern) as running:
        yield Scene(running.environment)


def told(case: object) -> str:
    """An id for a test: of the parameters, what is asked for."""
    if not isinstance(case, dict):
        return str(case)
    return " ".join(str(value).strip("{}") for key, value in case.items() if key in TELLING)


TELLING = ("Bucket", "Key", "VersionId", "Prefix", "QueueUrl", "SecretId", "logGroupName")


@pytest.mark.parametrize(("who", "call", "parameters"), ALLOWED, ids=told)
def test_what_is_needed_is_done(
    scene: Scene, who: str, call: str, parameters: dict[str, Any]
) -> None:
    assert scene.ask(who, call, parameters) in {None, "ReceiptHandleIsInvalid"}


@pytest.mark.parametrize(("who", "call", "parameters"), DENIED, ids=told)
def test_what_is_not_needed_is_refused(
    scene: Scene, who: str, call: str, parameters: dict[str, Any]
) -> None:
    assert scene.ask(who, call, parameters) in REFUSED


@pytest.mark.parametrize(("call", "parameters"), [it[1:] for it in HARMLESS], ids=told)
def test_who_may_do_everything_is_answered(
    scene: Scene, call: str, parameters: dict[str, Any]
) -> None:
    """The refusals say something of the roles: the same calls are answered to others."""
    assert scene.ask("administrator", call, parameters) in {None, "ResourceNotFoundException"}


@pytest.mark.parametrize("role", ["UserRole", "WatchdogRole", "SweepRole"])
def test_nobody_but_its_service_acts_as_a_role(scene: Scene, role: str) -> None:
    """Not even who may do everything, as far as it is for him to say."""
    asked = {**ROLE, "RoleArn": scene.role_arn(role)}
    assert scene.ask("administrator", "sts.assume_role", asked) in REFUSED


def test_no_other_bucket_fills_the_queue(scene: Scene) -> None:
    """S3 asks the queue's policy before it takes a notification on; EventBridge does not, here."""
    own = {"Bucket": "{bucket}"}
    s3 = scene.environment.client("s3")
    in_force = s3.get_bucket_notification_configuration(**scene.filled(own))
    [to_the_queue] = in_force["QueueConfigurations"]
    same = {"NotificationConfiguration": {"QueueConfigurations": [to_the_queue]}}
    assert scene.ask("administrator", f"s3.{PUT_NOTIFICATION}", {**own, **same}) is None
    other = {"Bucket": f"elsewhere-{uuid.uuid4().hex[:8]}"}
    s3.create_bucket(**other)
    refused = scene.ask("administrator", f"s3.{PUT_NOTIFICATION}", {**other, **same})
    assert refused == "InvalidArgument"
