"""Every combination of the template's conditions: each resource is rendered in each form."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from quillgate.deploy.conditions import broken_rules, conditions_of, evaluated
from tests.combinations import choices
from tests.unit.production import TEMPLATE

SECTIONS = ("Resources", "Outputs")


@cache
def every_truth() -> dict[tuple[bool, ...], dict[str, str]]:
    """What the conditions can be together, each with parameters that make them so."""
    found: dict[tuple[bool, ...], dict[str, str]] = {}
    for each in choices.every():
        given = choices.parameters(each)
        found.setdefault(tuple(conditions_of(TEMPLATE, given).values()), given)
    return found


def named(node: Any) -> Iterator[str]:
    """Conditions that a resource or output looks at."""
    if isinstance(node, dict):
        if "Condition" in node and isinstance(node["Condition"], str):
            yield node["Condition"]
        if node.keys() == {"Fn::If"}:
            yield node["Fn::If"][0]
    for child in (
        node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    ):
        yield from named(child)


def forms(truths: Iterator[tuple[bool, ...]], looks_at: list[int]) -> set[tuple[bool, ...]]:
    return {tuple(truth[index] for index in looks_at) for truth in truths}


def positions(item: Any) -> list[int]:
    names = list(TEMPLATE["Conditions"])
    return sorted({names.index(name) for name in named(item)})


def deployed_truths() -> list[tuple[bool, ...]]:
    return [
        tuple(conditions_of(TEMPLATE, choices.parameters(each)).values()) for each in choices.FORMS
    ]


def references(node: Any) -> Iterator[str]:
    """Logical ids and parameters that are referred to."""
    if isinstance(node, dict):
        if node.keys() == {"Ref"}:
            yield node["Ref"]
        elif node.keys() == {"Fn::GetAtt"}:
            yield node["Fn::GetAtt"][0]
    if isinstance(node, str):
        yield from re.findall(r"\$\{(\w+)", node)
    for child in (
        node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    ):
        yield from references(child)


def test_the_rules_take_every_combination() -> None:
    required = {"QuillUrl": "https://quill.example.com", "QuillToken": "t"}
    # What the rules look at: no switch is among it.
    for each in itertools.product(*choices.AXES[:3]):
        assert broken_rules(TEMPLATE, {**required, **choices.parameters(each)}) == []


def test_each_condition_can_be_both() -> None:
    for index, name in enumerate(TEMPLATE["Conditions"]):
        assert {truth[index] for truth in every_truth()} == {True, False}, name


def test_whatever_the_combination_nothing_refers_to_what_is_not_there() -> None:
    """Each resource and output in each form: what it refers to exists whenever it has that form."""
    exists = {name: it.get("Condition") for name, it in TEMPLATE["Resources"].items()}
    names = list(TEMPLATE["Conditions"])
    for section in SECTIONS:
        for name, item in TEMPLATE[section].items():
            for form, given in rendered_by(item).items():
                whole = {**TEMPLATE, "Resources": {}, "Outputs": {}, section: {name: item}}
                found = evaluated(whole, given)[section]
                assert "Fn::If" not in json.dumps(found)
                for other in filter(exists.get, references(found)):
                    looks_at = [*positions(item), names.index(exists[other])]
                    together = forms(iter(every_truth()), looks_at)
                    assert (*form, False) not in together, (name, other, form)


def rendered_by(item: Any) -> dict[tuple[bool, ...], dict[str, str]]:
    """Each form of a resource, with parameters that give it."""
    looks_at = positions(item)
    if not looks_at:
        return {(): choices.parameters(())}
    return {
        tuple(truth[index] for index in looks_at): given for truth, given in every_truth().items()
    }


def test_what_is_deployed_shows_each_resource_in_each_form() -> None:
    deployed = deployed_truths()
    for section in SECTIONS:
        for name, item in TEMPLATE[section].items():
            looks_at = positions(item)
            missing = forms(iter(every_truth()), looks_at) - forms(iter(deployed), looks_at)
            assert not missing, (name, [list(TEMPLATE["Conditions"])[i] for i in looks_at], missing)


def test_what_is_deployed_holds_every_two_choices() -> None:
    axes = [[kind(number, it) for it in axis] for number, axis in enumerate(choices.AXES)]
    deployed = [[kind(number, it) for number, it in enumerate(each)] for each in choices.FORMS]
    for one, other in itertools.combinations(range(len(axes)), 2):
        wanted = set(itertools.product(axes[one], axes[other]))
        assert wanted == {(each[one], each[other]) for each in deployed}, (one, other)


def kind(axis: int, choice: choices.Choice) -> str:
    """Host keys of whatever types are alike."""
    return str(bool(choice)) if choices.AXES[axis] is choices.HOST_KEYS else str(choice)
