"""What stack/console.yaml promises, in every combination of its conditions."""

from __future__ import annotations

import importlib.metadata
import itertools
import json
import re
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import grimp
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from quillgate.console.lambda_handler import Settings
from quillgate.console.oidc import CALLBACK
from quillgate.deploy import package, template
from quillgate.errors import DeployError
from tests.unit.rendered_stack import Stack, loaded

NAME = "console.yaml"
REQUIRED = {
    "ServerId": "s-0123456789abcdef0",
    "UserRoleArn": "arn:aws:iam::123456789012:role/users",
    "OidcIssuer": "https://login.example.com",
    "OidcClientId": "quillgate",
    "OidcClientSecret": "secret",
    "OperatorGroup": "operators",
}
KEY = {"KmsKeyArn": "arn:aws:kms:eu-central-1:123456789012:key/1234abcd"}
NAMED = {"StackName": "drop"}
CERTIFICATE = {"CertificateArn": "arn:aws:acm:eu-central-1:123456789012:certificate/1"}
DOMAIN = {"DomainName": "console.example.com", **CERTIFICATE}
ZONE = {**DOMAIN, "HostedZoneId": "Z123"}
ALWAYS = {
    *("Api", "Route", "Integration", "Stage", "AccessLogGroup", "Console", "ConsoleRole"),
    *("ApiMayCallTheConsole", "ConsoleLogGroup", "ClientSecret", "SessionSecret"),
}
COMBINATIONS = [
    (key | named | where, more)
    for key, named in itertools.product(({}, KEY), ({}, NAMED))
    for where, more in (
        ({}, set()),
        (DOMAIN, {"Domain", "DomainMapping"}),
        (ZONE, {"Domain", "DomainMapping", "DomainRecord"}),
    )
]
# What takes tags by CloudFormation's documentation of each.
UNTAGGED = {
    *(
        "AWS::ApiGatewayV2::Route",
        "AWS::ApiGatewayV2::Integration",
        "AWS::ApiGatewayV2::ApiMapping",
    ),
    *("AWS::Lambda::Permission", "AWS::Route53::RecordSet"),
}


def stack(given: Mapping[str, str]) -> Stack:
    return Stack.of(NAME, {**REQUIRED, **given})


def every_resource(rendered: Stack) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for name, it in rendered.template["Resources"].items():
        yield name, it["Type"], rendered.resolved(it.get("Properties", {}))


@pytest.mark.parametrize(("given", "more"), COMBINATIONS)
def test_each_combination_has_its_resources(given: dict[str, str], more: set[str]) -> None:
    template.check_parameters(loaded(NAME), {**REQUIRED, **given})
    rendered = stack(given)
    assert set(rendered.template["Resources"]) == ALWAYS | more
    environment = rendered.properties("Console")["Environment"]["Variables"]
    settings = Settings.of(environment)
    assert settings.stack_name == given.get("StackName", "dev-quillgate-sftp")
    aws = "https://Api.execute-api.eu-central-1.amazonaws.com"
    url = f"https://{given['DomainName']}" if "DomainName" in given else aws
    outputs = rendered.resolved(rendered.template["Outputs"])
    assert settings.url == outputs["ConsoleUrl"]["Value"] == url
    assert outputs["RedirectUri"]["Value"] == url + CALLBACK
    assert rendered.properties("Api")["DisableExecuteApiEndpoint"] is ("DomainName" in given)


def test_no_secret_is_in_what_the_function_is_given() -> None:
    rendered = stack({})
    [holder] = [name for name, _, it in every_resource(rendered) if "secret" in it.values()]
    assert holder == "ClientSecret"
    assert loaded(NAME)["Parameters"]["OidcClientSecret"]["NoEcho"] is True
    assert "SecretString" not in rendered.properties("SessionSecret")


def test_its_secrets_are_the_ones_that_are_made() -> None:
    rendered = stack({})
    settings = Settings.of(rendered.properties("Console")["Environment"]["Variables"])
    assert settings.client_secret_id == rendered.properties("ClientSecret")["Name"]
    assert settings.session_secret_id == rendered.properties("SessionSecret")["Name"]


def test_no_secrets_name_ends_like_an_arn() -> None:
    """A hyphen and six characters are what Secrets Manager itself adds (CreateSecret, Name)."""
    names = [
        properties["Name"]
        for template_name in ("template.yaml", NAME)
        for kind, properties in _of(template_name)
        if kind == "AWS::SecretsManager::Secret"
    ]
    assert len(names) == 3
    assert not [name for name in names if re.search(r"-[A-Za-z0-9]{6}$", name)]


def _of(template_name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    given = REQUIRED if template_name == NAME else {}
    for _, kind, properties in every_resource(Stack.of(template_name, given)):
        yield kind, properties


def test_a_key_of_ones_own_encrypts_all_that_is_kept() -> None:
    keyed = {name: it.get("KmsKeyId") for name, _, it in every_resource(stack(KEY))}
    using = {name for name, key in keyed.items() if key == KEY["KmsKeyArn"]}
    assert using == {"ClientSecret", "SessionSecret", "AccessLogGroup", "ConsoleLogGroup"}


def test_everything_that_takes_tags_has_the_three() -> None:
    for name, kind, properties in every_resource(stack(ZONE)):
        if kind not in UNTAGGED:
            tags = properties["Tags"]
            names = tags if isinstance(tags, dict) else {it["Key"] for it in tags}
            assert set(names) == {"Environment", "Platform", "Function"}, name


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"DomainName": "console.example.com"}, "needs a certificate"),
        (CERTIFICATE, "go with a DomainName"),
        ({"HostedZoneId": "Z123"}, "go with a DomainName"),
        ({"OidcIssuer": "http://login.example.com"}, "begins with https://"),
        ({"OidcScopes": "email"}, "the first is openid"),
        ({"SessionSeconds": "86401"}, "from 300 to 86400"),
        ({"ServerId": "sftp"}, "17 hexadecimal"),
    ],
)
def test_what_does_not_work_is_refused_in_words(given: dict[str, str], problem: str) -> None:
    with pytest.raises(DeployError, match=problem):
        template.check_parameters(loaded(NAME), {**REQUIRED, **given})


def test_the_access_log_is_json_and_never_has_a_sign_ins_code() -> None:
    written = stack({}).properties("Stage")["AccessLogSettings"]["Format"]
    assert json.loads(written)["path"] == "$context.path"
    assert not re.search(r"query|routeKey|authorizer", written)


def test_the_instance_and_its_console_are_called_alike() -> None:
    ours, theirs = loaded(NAME)["Parameters"], loaded("template.yaml")["Parameters"]
    for name in ("Environment", "Platform", "Function", "LogRetentionDays"):
        kept = ("Default", "AllowedPattern", "AllowedValues")
        assert [ours[name].get(it) for it in kept] == [theirs[name].get(it) for it in kept]


# The package

# What is imported by names that are no package's, or by the ones that we import.
ALSO_NEEDED = {"itsdangerous", "python-multipart"}
BY_LAMBDA = {"boto3", "botocore"}


@cache
def pinned() -> dict[str, str]:
    """Names and versions of what is packed beside our own code."""
    text = (package.console(template.repository()).source / "requirements.txt").read_text()
    return pins(text)


def pins(text: str) -> dict[str, str]:
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return {canonicalize_name(name): it for name, _, it in (line.partition("==") for line in lines)}


def imported() -> set[str]:
    """The packages of others that the handler needs, imported at once or later."""
    packed = {folder.name for folder in package.console(template.repository()).code}
    graph = grimp.build_graph(
        "quillgate", "emulator", "sftp_watchdog", include_external_packages=True
    )
    found = graph.find_upstream_modules("quillgate.console.lambda_handler")
    tops = {name.partition(".")[0] for name in found} - packed - BY_LAMBDA
    # types_*: for type checkers only.
    return {it for it in tops - sys.stdlib_module_names if not it.startswith("types_")}


def test_the_package_holds_whatever_the_handler_imports() -> None:
    names = {"jwt": "pyjwt"}
    assert {names.get(it, it) for it in imported()} <= pinned().keys()


def test_the_package_holds_what_those_need_and_no_more() -> None:
    """By what each package says itself, for Lambda's Python and machine."""
    lambdas = {
        "python_version": "3.13",
        "python_full_version": "3.13.0",
        "platform_machine": "aarch64",
    }
    names = {"jwt": "pyjwt"}
    needed, open_ones = set(), {names.get(it, it) for it in imported()} | ALSO_NEEDED
    while open_ones:
        name = open_ones.pop()
        needed.add(name)
        asked = map(Requirement, importlib.metadata.requires(name) or [])
        theirs = (
            it for it in asked if not it.marker or it.marker.evaluate({**lambdas, "extra": ""})
        )
        open_ones |= {canonicalize_name(it.name) for it in theirs} - needed
    assert needed == pinned().keys()


def test_its_versions_are_those_of_the_constraints() -> None:
    constraints = pins((template.repository() / "constraints.txt").read_text())
    assert pinned().items() <= constraints.items()


def test_sam_build_finds_its_target() -> None:
    built = [name for name, it in loaded(NAME)["Resources"].items() if "Metadata" in it]
    source = package.console(template.repository()).source
    targets = re.findall("^build-(.+):", (source / "Makefile").read_text(), re.MULTILINE)
    assert built == targets
    folder = loaded(NAME)["Resources"]["Console"]["Properties"]["CodeUri"]
    assert (template.repository() / "stack" / folder).samefile(source)
