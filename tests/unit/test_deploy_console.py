"""`quillgate deploy --environment aws --console` on fakes: a stack beside its instance's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer

from quillgate.consent import Consent
from quillgate.deploy import console, package
from quillgate.deploy_command import console_to_aws
from quillgate.errors import DeployError
from quillgate.target import Client
from tests.unit.test_deploy_to_aws import ADDED, Aws
from tests.unit.test_stack import FakeCloudFormation, made, refused

OUTPUTS = {
    "ServerId": "s-0123456789abcdef0",
    "UserRoleArn": "arn:aws:iam::123456789012:role/users",
}
PARAMETERS = {"Environment": "prod", "Platform": "quillgate", "Function": "sftp", "KmsKeyArn": ""}
GIVEN = {
    "Environment": "prod",
    "OidcIssuer": "https://login.example.com",
    "OidcClientId": "quillgate",
    "OidcClientSecret": "secret",
    "OperatorGroup": "operators",
}
INSTANCE = "prod-quillgate-sftp"


class Both(FakeCloudFormation):
    """The console's stack is the fake's; an instance beside it, unless `instance` is empty."""

    instance = INSTANCE

    def execute_change_set(self, **request: Any) -> None:
        """Done at once: nobody waits two seconds between two looks."""
        super().execute_change_set(**request)
        self.statuses = self.statuses[-1:]

    def describe_stacks(self, **request: Any) -> dict[str, Any]:
        if request["StackName"] == self.instance:
            outputs = [{"OutputKey": key, "OutputValue": it} for key, it in OUTPUTS.items()]
            values = [{"ParameterKey": key, "ParameterValue": it} for key, it in PARAMETERS.items()]
            stack = {"StackStatus": "CREATE_COMPLETE", "Outputs": outputs, "Parameters": values}
            return {"Stacks": [stack]}
        if request["StackName"] != f"{INSTANCE}-console" or not self.statuses:
            raise refused(f"Stack with id {request['StackName']} does not exist")
        return super().describe_stacks(StackName="local-quillgate-sftp")


@pytest.fixture(autouse=True)
def packed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A console that needs nothing from elsewhere, packed in a folder of the test's own."""
    source = tmp_path / "source"
    source.mkdir()
    (source / "requirements.txt").touch()
    makefile = 'wheels:\n\tmkdir "$$WHEELS"\nbuild-Console:\n\ttouch "$$ARTIFACTS_DIR/a.py"\n'
    (source / "Makefile").write_text(makefile)
    part = package.Part("console", tmp_path, source)
    monkeypatch.setattr(package, "console", lambda _: part)


def a_client(cloudformation: FakeCloudFormation, others: Aws | None = None) -> Client:
    rest = others or Aws()
    return lambda name: cloudformation if name == "cloudformation" else rest


def deploy(fake: FakeCloudFormation, consent: Consent, **given: str) -> None:
    console_to_aws(a_client(fake), "eu-west-1", None, {**GIVEN, **given}, consent)


def fake(*statuses: str) -> Both:
    stack = {"Outputs": [{"OutputKey": "ConsoleUrl", "OutputValue": "https://console"}]}
    return Both([*statuses], [made(ADDED)], stack=stack)


def test_it_takes_from_the_instance_what_that_knows(capsys: pytest.CaptureFixture[str]) -> None:
    stacks = fake()
    deploy(stacks, Consent(yes=True))
    request = stacks.requested("create_change_set")
    assert request["StackName"] == f"{INSTANCE}-console"
    asked = {it["ParameterKey"]: it["ParameterValue"] for it in request["Parameters"]}
    assert asked == {**PARAMETERS, **GIVEN, **OUTPUTS}
    function = json.loads(request["TemplateBody"])["Resources"]["Console"]
    assert "/console-" in function["Properties"]["CodeUri"]
    shown = capsys.readouterr()
    assert f"stack {INSTANCE}-console" in shown.err
    assert "ConsoleUrl: https://console" in shown.out
    assert "secret" not in shown.out + shown.err
    assert not [name for name, _ in stacks.calls if name == "set_stack_policy"]


def test_without_an_instance_there_is_no_console() -> None:
    stacks = fake()
    stacks.instance = ""
    with pytest.raises(DeployError, match=f"no instance for the console: '{INSTANCE}' - name it"):
        deploy(stacks, Consent(yes=True))
    assert stacks.calls == []


def test_an_instance_may_have_another_name() -> None:
    stacks = fake()
    stacks.instance = "drop"
    given = {**GIVEN, "StackName": "drop"}
    given.pop("Environment")
    stack = console.stack_for(a_client(stacks), Path(), given, "console-of-drop")
    assert stack.name == "console-of-drop"
    console_to_aws(a_client(stacks), "eu-west-1", f"{INSTANCE}-console", given, Consent(yes=True))
    asked = stacks.requested("create_change_set")["Parameters"]
    assert {"ParameterKey": "Environment", "ParameterValue": "prod"} in asked


def test_a_no_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def no(*_: Any, **__: Any) -> None:
        raise typer.Abort

    monkeypatch.setattr(typer, "confirm", no)
    stacks = fake()
    with pytest.raises(typer.Abort):
        deploy(stacks, Consent())
    assert [name for name, _ in stacks.calls] == ["create_change_set", "delete_change_set"]


def test_a_dry_run_changes_nothing() -> None:
    stacks = fake("CREATE_COMPLETE")
    deploy(stacks, Consent(dry_run=True))
    assert [name for name, _ in stacks.calls] == ["create_change_set", "delete_change_set"]


def test_a_parameter_of_the_instance_is_none_of_the_console() -> None:
    with pytest.raises(DeployError, match="no such parameter: 'QuillUrl'"):
        deploy(fake(), Consent(yes=True), QuillUrl="https://quill.example.com")
