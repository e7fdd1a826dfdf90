"""The policies in `stack/` as they are in force: parameters, names and ARNs filled in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

from samtranslator.yaml_helper import yaml_parse

from quillgate.deploy import template
from quillgate.deploy.conditions import Template, evaluated

ACCOUNT = "123456789012"
REGION = "eu-central-1"
STACK = template.repository() / "stack"
TEMPLATES = sorted(path.name for path in STACK.glob("*.yaml"))
_HERE = f"{REGION}:{ACCOUNT}"
_PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::StackName": "stack",
    "AWS::URLSuffix": "amazonaws.com",
}
# What `GetAtt Arn` is, by type; of the names, the property that says it.
_ARNS = {
    "AWS::CloudWatch::Alarm": ("AlarmName", f"arn:aws:cloudwatch:{_HERE}:alarm:{{}}"),
    "AWS::DynamoDB::Table": ("TableName", f"arn:aws:dynamodb:{_HERE}:table/{{}}"),
    "AWS::Events::Rule": ("Name", f"arn:aws:events:{_HERE}:rule/{{}}"),
    "AWS::IAM::Role": ("RoleName", f"arn:aws:iam::{ACCOUNT}:role/{{}}"),
    "AWS::KMS::Key": ("", f"arn:aws:kms:{_HERE}:key/{{}}"),
    "AWS::Logs::LogGroup": ("LogGroupName", f"arn:aws:logs:{_HERE}:log-group:{{}}:*"),
    "AWS::S3::Bucket": ("BucketName", "arn:aws:s3:::{}"),
    "AWS::SNS::Topic": ("TopicName", f"arn:aws:sns:{_HERE}:{{}}"),
    "AWS::SQS::Queue": ("QueueName", f"arn:aws:sqs:{_HERE}:{{}}"),
    "AWS::SecretsManager::Secret": ("Name", f"arn:aws:secretsmanager:{_HERE}:secret:{{}}-AbCdEf"),
    "AWS::Serverless::Function": ("FunctionName", f"arn:aws:lambda:{_HERE}:function:{{}}"),
    "AWS::Transfer::Server": ("", f"arn:aws:transfer:{_HERE}:server/{{}}"),
}
_REF_IS_ARN = ("AWS::SNS::Topic", "AWS::SecretsManager::Secret", "AWS::Transfer::Server")
_REF_IS_URL = "AWS::SQS::Queue"


def source(name: str) -> Path:
    """The file of a template in `stack/`."""
    return STACK / name


@cache
def loaded(name: str) -> Template:
    return cast(Template, yaml_parse(source(name).read_text()))


@dataclass(frozen=True)
class Stack:
    """One template deployed with these parameters; its resources by logical name."""

    template: Template
    parameters: Mapping[str, str]

    @classmethod
    def of(cls, name: str, parameters: Mapping[str, str]) -> Stack:
        definitions = loaded(name).get("Parameters", {})
        defaults = {key: str(it.get("Default", key)) for key, it in definitions.items()}
        values = {**defaults, **parameters}
        return cls(evaluated(loaded(name), values), values)

    def resources(self, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """The resources of one type, resolved."""
        for name, it in self.template["Resources"].items():
            if it["Type"] == kind:
                yield name, self.resolved(it.get("Properties", {}))

    def properties(self, name: str) -> dict[str, Any]:
        """The resolved properties of a resource by its logical name."""
        return dict(self.resolved(self.template["Resources"][name]["Properties"]))

    def arn(self, name: str) -> str:
        resource = self.template["Resources"][name]
        assert resource["Type"] in _ARNS, f"no ARN for {resource['Type']}: add it to _ARNS"
        key, pattern = _ARNS[resource["Type"]]
        return pattern.format(self.resolved(resource.get("Properties", {}).get(key, name)))

    def resolved(self, node: Any) -> Any:
        """The node with texts in place of `Ref`, `Sub`, `GetAtt` and `Join`."""
        if isinstance(node, list):
            return [self.resolved(each) for each in node]
        if not isinstance(node, dict):
            return node
        functions: dict[str, Callable[[Any], Any]] = {
            "Ref": self._ref,
            "Fn::GetAtt": self._attribute,
            "Fn::Join": lambda it: it[0].join(map(str, self.resolved(it[1]))),
            "Fn::Sub": self._filled,
        }
        for name, argument in node.items():
            if name in functions and len(node) == 1:
                return functions[name](argument)
        return {key: self.resolved(child) for key, child in node.items()}

    def _ref(self, name: str) -> str:
        if name in self.parameters or name in _PSEUDO:
            return {**_PSEUDO, **self.parameters}[name]
        resource = self.template["Resources"][name]
        if resource["Type"] in _REF_IS_ARN:
            return self.arn(name)
        key = _ARNS.get(resource["Type"], ("", ""))[0]
        found = str(self.resolved(resource.get("Properties", {}).get(key, name)))
        is_url = resource["Type"] == _REF_IS_URL
        return f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{found}" if is_url else found

    def _attribute(self, argument: str | list[str]) -> str:
        name, attribute = argument.split(".", 1) if isinstance(argument, str) else argument
        return self.arn(name) if attribute == "Arn" else f"{name}-{attribute}"

    def _filled(self, argument: str | list[Any]) -> str:
        text, own = (argument, {}) if isinstance(argument, str) else argument
        values = {key: str(self.resolved(value)) for key, value in own.items()}

        def value(found: re.Match[str]) -> str:
            name = found[1]
            if name.startswith("!"):
                return f"${{{name[1:]}}}"
            if name in values:
                return values[name]
            return self._attribute(name) if "." in name else self._ref(name)

        return re.sub(r"\$\{([^}]+)\}", value, text)


def statements(node: Any) -> Iterator[dict[str, Any]]:
    """Every policy statement below the node."""
    if isinstance(node, dict) and "Effect" in node:
        yield node
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    for child in children:
        yield from statements(child)
