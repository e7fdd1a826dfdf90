"""What a template's conditions and rules amount to, for one set of parameters.

For engines that must not see what a condition switches off, and to refuse a wrong combination of
parameters in the template's own words before anything is made: not every engine looks at `Rules`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from quillgate.errors import DeployError

Template = dict[str, Any]
_NO_VALUE = {"Ref": "AWS::NoValue"}


def evaluated(template: Template, parameters: Mapping[str, str]) -> Template:
    """`template` with no `Conditions` and no `If` left: each is decided.

    Raises DeployError for a condition that is not understood, naming it.
    """
    return _Evaluation(template, parameters).apply()


def conditions_of(template: Template, parameters: Mapping[str, str]) -> dict[str, bool]:
    """Whether each of the template's conditions holds, in its order."""
    evaluation = _Evaluation(template, parameters)
    return {name: evaluation.condition(name) for name in template.get("Conditions", {})}


def broken_rules(template: Template, parameters: Mapping[str, str]) -> list[str]:
    """The descriptions of all assertions in `Rules` that do not hold."""
    return _Evaluation(template, parameters).broken_rules()


class _Evaluation:
    """Conditions and `If`s of one template, with one set of parameters."""

    def __init__(self, template: Template, parameters: Mapping[str, str]) -> None:
        self._template = template
        self._values: dict[str, Any] = {
            name: definition.get("Default") for name, definition in template["Parameters"].items()
        }
        self._values.update(parameters)
        self._operators: dict[str, Callable[[Any], Any]] = {
            "Fn::Equals": lambda sides: self._value(sides[0]) == self._value(sides[1]),
            "Fn::Not": lambda conditions: not self._value(conditions[0]),
            "Fn::And": lambda conditions: all(self._value(each) for each in conditions),
            "Fn::Or": lambda conditions: any(self._value(each) for each in conditions),
            "Fn::Join": lambda args: args[0].join(self._value(args[1])),
            "Condition": self.condition,
            "Ref": self._parameter,
        }

    def condition(self, name: str) -> bool:
        """Whether the template's condition of this name holds."""
        conditions = self._template.get("Conditions", {})
        if name not in conditions:
            raise DeployError("no such condition", name, "declare it under Conditions")
        return bool(self._value(conditions[name]))

    def apply(self) -> Template:
        """The template with no `Conditions` left: each is decided."""
        template = {name: part for name, part in self._template.items() if name != "Conditions"}
        for section in ("Resources", "Outputs"):
            template[section] = {
                name: self._decided({key: part for key, part in item.items() if key != "Condition"})
                for name, item in template.get(section, {}).items()
                if "Condition" not in item or self.condition(item["Condition"])
            }
        return template

    def broken_rules(self) -> list[str]:
        """Descriptions of the assertions that do not hold, of rules that apply."""
        return [
            assertion["AssertDescription"]
            for rule in self._template.get("Rules", {}).values()
            if self._value(rule["RuleCondition"])
            for assertion in rule["Assertions"]
            if not self._value(assertion["Assert"])
        ]

    def _value(self, node: Any) -> Any:
        """What `node`, a part of a condition, amounts to: a truth, a text or a list of texts."""
        if isinstance(node, list):
            return [self._value(each) for each in node]
        if not isinstance(node, dict):
            return _text(node)
        ((operator, argument),) = node.items()
        if operator not in self._operators:
            raise DeployError(
                "condition not understood", str(operator), "use Equals, Not, And, Or, Join, Ref"
            )
        return self._operators[operator](argument)

    def _parameter(self, name: str) -> Any:
        if name not in self._values:
            raise DeployError(
                "no such parameter in a condition", name, "declare it under Parameters"
            )
        is_list = self._template["Parameters"][name]["Type"] == "CommaDelimitedList"
        value = _text(self._values[name])
        return value.split(",") if is_list else value

    def _is_number(self, name: str) -> bool:
        definition = self._template["Parameters"].get(name, {})
        return bool(definition.get("Type") == "Number")

    def _decided(self, node: Any) -> Any:
        """`node` with each `If` replaced by its branch and every `NoValue` gone."""
        if isinstance(node, list):
            return [each for each in map(self._decided, node) if each != _NO_VALUE]
        if not isinstance(node, dict):
            return node
        if node.keys() == {"Ref"} and self._is_number(node["Ref"]):
            # ministack hands a Number's Ref on as a string, and then compares it with numbers.
            return int(self._values[node["Ref"]])
        if node.keys() == {"Fn::If"}:
            name, then, otherwise = node["Fn::If"]
            return self._decided(then if self.condition(name) else otherwise)
        decided = {key: self._decided(child) for key, child in node.items()}
        return (
            {key: child for key, child in decided.items() if child != _NO_VALUE}
            if decided != _NO_VALUE
            else decided
        )


def _text(scalar: Any) -> str:
    """As CloudFormation compares it: 1 equals "1" and true equals "true"."""
    return str(scalar).lower() if isinstance(scalar, bool) else str(scalar)
