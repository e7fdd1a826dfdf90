"""`quillgate deploy --environment aws` on fakes: what is shown, asked, done and said at the end."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import asyncssh
import pytest
import typer

from quillgate.consent import Consent
from quillgate.deploy import connect, host_keys
from quillgate.deploy_command import to_aws
from quillgate.errors import DeployError
from quillgate.target import Client
from tests.unit.secrets_fakes import Secrets
from tests.unit.test_stack import NAME, NO_CHANGE, FakeCloudFormation, made
from tests.unit.watchdog_fakes import client_error

GIVEN = {
    "Environment": "local",
    "QuillUrl": "https://quill.example.com",
    "QuillToken": "t",
}
OUTPUTS = {
    "ServerId": "s-0123456789abcdef0",
    "ServerEndpoint": "sftp.example.com",
    "ServerHostname": "s-0123456789abcdef0.server.transfer.eu-west-1.amazonaws.com",
    "AddressAllocationIds": "eipalloc-1, eipalloc-2",
}
REPLACED = {
    "Action": "Modify",
    "LogicalResourceId": "Server",
    "ResourceType": "AWS::Transfer::Server",
    "Replacement": "True",
}
ADDED = {**REPLACED, "Action": "Add", "Replacement": "False"}


class Aws:
    """Everything but CloudFormation and Secrets Manager: what is stored, and three answers."""

    def __init__(self, *buckets: str) -> None:
        self.stored: list[str] = []
        self.buckets = ("quillgate-artifacts-123456789012-eu-west-1", *buckets)

    def get_caller_identity(self) -> dict[str, str]:
        return {"Account": "123456789012"}

    def head_bucket(self, **request: str) -> None:
        if request["Bucket"] not in self.buckets:
            raise client_error(404)

    def put_object(self, **request: Any) -> None:
        self.stored.append(request["Key"])

    def describe_addresses(self, **request: Any) -> dict[str, Any]:
        ips = {"eipalloc-1": "192.0.2.1", "eipalloc-2": "192.0.2.2"}
        return {"Addresses": [{"PublicIp": ips[it]} for it in request["AllocationIds"]]}

    def list_host_keys(self, **request: str) -> dict[str, Any]:
        assert request == {"ServerId": OUTPUTS["ServerId"]}
        return {"HostKeys": [{"Type": "ssh-rsa", "Fingerprint": "SHA256:abc"}]}


class CloudFormation(FakeCloudFormation):
    """Nobody has to wait for it."""

    def execute_change_set(self, **request: Any) -> None:
        super().execute_change_set(**request)
        self.statuses = self.statuses[-1:]


def a_client(
    cloudformation: FakeCloudFormation, secrets: Secrets | None = None, *buckets: str
) -> Client:
    special = {"cloudformation": cloudformation, "secretsmanager": secrets or Secrets()}
    others = Aws(*buckets)
    return lambda name: special.get(name, others)


def cloudformation(change: dict[str, Any], *statuses: str) -> FakeCloudFormation:
    outputs = [{"OutputKey": key, "OutputValue": it} for key, it in OUTPUTS.items()]
    return CloudFormation([*statuses], [made(change)], stack={"Outputs": outputs})


def deploy(fake: FakeCloudFormation, consent: Consent, **given: str) -> None:
    to_aws(a_client(fake), "eu-west-1", None, {**GIVEN, **given}, [], consent)


def test_at_the_end_it_says_where_customers_connect(capsys: pytest.CaptureFixture[str]) -> None:
    deploy(cloudformation(ADDED), Consent(yes=True))
    shown = capsys.readouterr()
    assert shown.err == f"aws, account 123456789012, eu-west-1, stack {NAME}\n"
    assert shown.out.startswith("  new: SFTP server\n")
    assert shown.out.endswith(
        "Customers connect to:\n"
        "  host: sftp.example.com, port 22\n"
        f"  DNS: sftp.example.com must lead to {OUTPUTS['ServerHostname']} (CNAME)\n"
        "  addresses: 192.0.2.1, 192.0.2.2\n"
        "  host key: ssh-rsa SHA256:abc\n"
    )


def test_a_dry_run_shows_and_leaves_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    fake = cloudformation(ADDED)
    deploy(fake, Consent(dry_run=True))
    assert fake.names == ["create_change_set", "delete_change_set"]
    assert "Customers connect to" not in capsys.readouterr().out


LEFT = (f"{NAME}-123456789012", f"{NAME}-ledger-123456789012")


class NewStack(CloudFormation):
    """Two change sets are made."""

    def requested(self, operation: str) -> dict[str, Any]:
        """The last request."""
        return [request for name, request in self.calls if name == operation][-1]


def test_what_an_earlier_stack_left_is_taken_in(capsys: pytest.CaptureFixture[str]) -> None:
    """A bucket outlives its stack, and no stack can be created whose bucket is there."""
    outputs = [{"OutputKey": key, "OutputValue": it} for key, it in OUTPUTS.items()]
    fake = NewStack([], [made(ADDED)], stack={"Outputs": outputs})
    to_aws(a_client(fake, None, *LEFT), "eu-west-1", None, dict(GIVEN), [], Consent(yes=True))
    imported, deployed = (it for name, it in fake.calls if name == "create_change_set")
    assert (imported["ChangeSetType"], deployed["ChangeSetType"]) == ("IMPORT", "UPDATE")
    identified = [it["ResourceIdentifier"]["BucketName"] for it in imported["ResourcesToImport"]]
    assert identified == list(LEFT)
    assert f"there already: bucket {LEFT[0]}\n" in capsys.readouterr().out


def test_nothing_is_taken_in_that_nobody_agreed_to(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = cloudformation(ADDED)
    client = a_client(fake, None, LEFT[1])
    to_aws(client, "eu-west-1", None, dict(GIVEN), [], Consent(dry_run=True))
    assert capsys.readouterr().out.endswith("and shows then what it would change\n")
    some = {name: it for name, it in GIVEN.items() if name != "QuillToken"}
    with pytest.raises(DeployError, match="'QuillToken' - add --parameter QuillToken="):
        to_aws(client, "eu-west-1", None, some, [], Consent(yes=True))
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    with pytest.raises(typer.Abort):
        to_aws(client, "eu-west-1", None, dict(GIVEN), [], Consent())
    assert fake.calls == []


def test_what_would_be_lost_is_not_done_with_yes_alone() -> None:
    fake = cloudformation(REPLACED, "UPDATE_COMPLETE")
    with pytest.raises(DeployError, match=r"'Server' - if you mean it add --allow-replace Server"):
        deploy(fake, Consent(yes=True))
    assert fake.names == ["create_change_set", "delete_change_set"]


def test_what_is_allowed_by_name_is_done() -> None:
    fake = cloudformation(REPLACED, "UPDATE_COMPLETE")
    deploy(fake, Consent(yes=True, to_lose=("Server",)))
    assert fake.names == [
        *("create_change_set", "set_stack_policy", "execute_change_set", "set_stack_policy")
    ]


def test_a_stack_that_somebody_changes_is_left_alone() -> None:
    fake = cloudformation(ADDED, "UPDATE_IN_PROGRESS")
    with pytest.raises(DeployError, match="the stack is UPDATE_IN_PROGRESS"):
        deploy(fake, Consent(yes=True))
    assert fake.calls == []


def test_what_has_nothing_to_change_is_protected_all_the_same() -> None:
    """An earlier deploy may have lost its credentials before it came to that; or SAM CLI did it."""
    fake = cloudformation(ADDED, "CREATE_COMPLETE")
    fake.change_set = [{"Status": "FAILED", "StatusReason": NO_CHANGE}]
    deploy(fake, Consent(yes=True))
    assert fake.names[-1] == "set_stack_policy"
    assert "execute_change_set" not in fake.names


def test_a_host_key_goes_into_a_secret_and_nowhere_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(tmp_path / "key")
    key = host_keys.read(tmp_path / "key")
    fake, secrets = cloudformation(ADDED), Secrets()
    consent = Consent(yes=True)
    to_aws(a_client(fake, secrets), "eu-west-1", None, dict(GIVEN), [key], consent)
    [arn] = secrets.texts
    assert arn.endswith(":secret:local/quillgate/sftp/host-key-ed25519")
    sent = fake.requested("create_change_set")["Parameters"]
    assert {"ParameterKey": "HostKeyEd25519SecretArn", "ParameterValue": arn} in sent
    secret_part = key.body.splitlines()[1]
    shown = capsys.readouterr()
    assert secret_part not in f"{fake.calls}{shown.out}{shown.err}"
    assert f"host key Ed25519: {key.fingerprint}" in shown.err


def test_the_public_endpoint_has_no_address_to_count_on() -> None:
    public = {
        **{key: OUTPUTS[key] for key in ("ServerId", "ServerHostname")},
        "ServerEndpoint": OUTPUTS["ServerHostname"],
    }
    assert list(connect.lines(a_client(cloudformation(ADDED)), public)) == [
        f"host: {OUTPUTS['ServerHostname']}, port 22",
        "addresses: they change - a firewall must let the host name through",
        "host key: ssh-rsa SHA256:abc",
    ]
