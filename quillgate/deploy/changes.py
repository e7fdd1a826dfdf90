"""What a change set changes, without what it only looks at again.

CloudFormation lists whatever refers to a resource that changes, and says that it may be replaced
where the property with the reference cannot be changed in place: it works out references only as
it deploys (API reference, ResourceChangeDetail, `Evaluation`). But a resource that is changed in
place keeps its ARN and its id; where nothing else is listed, nothing happens. Without this every
deploy of code would ask whether host keys and permissions may be lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Item = Mapping[str, Any]
_REFERENCES = frozenset({"ResourceReference", "ResourceAttribute"})
# What `Ref` and `GetAtt` give that lasts as long as the resource: those the templates use.
_IDENTITIES = frozenset({"", "Arn", "ServerId", "QueueName", "AllocationId", "GroupId"})


@dataclass(frozen=True)
class Change:
    """One line of a change set: `action` is Add, Modify, Remove or Import.

    `replacement` is False, Conditional (CloudFormation does not know yet) or True. `stays`: what
    leaves the stack or is replaced is kept. `properties` are the names of those that change.
    """

    action: str
    logical_id: str
    type: str
    replacement: str = "False"
    stays: bool = False
    properties: tuple[str, ...] = ()


def read(items: Iterable[Item]) -> tuple[Change, ...]:
    """The changes in a change set's `ResourceChange`s."""
    listed = tuple(items)
    by_id = {item["LogicalResourceId"]: item for item in listed}
    return tuple(
        _change(item, by_id) for item in listed if _own(item, by_id) or not item.get("Details")
    )


def _change(item: Item, by_id: Mapping[str, Item]) -> Change:
    return Change(
        action=item["Action"],
        logical_id=item["LogicalResourceId"],
        type=item["ResourceType"],
        replacement=_replacement(item, by_id),
        stays="Retain" in item.get("PolicyAction", ""),
        properties=tuple(dict.fromkeys(_properties(_own(item, by_id)))),
    )


def _replacement(item: Item, by_id: Mapping[str, Item]) -> str:
    """As CloudFormation says, unless only references to what stays make it say so."""
    own = _own(item, by_id)
    said = str(item.get("Replacement", "False"))
    if len(own) == len(item.get("Details", ())):
        return said
    recreates = any(it["Target"].get("RequiresRecreation", "Never") != "Never" for it in own)
    return said if recreates else "False"


def _own(item: Item, by_id: Mapping[str, Item]) -> list[Item]:
    """The details that are no references to resources that stay."""
    return [it for it in item.get("Details", ()) if not _refers_to_what_stays(it, by_id)]


def _refers_to_what_stays(detail: Item, by_id: Mapping[str, Item]) -> bool:
    if detail.get("ChangeSource") not in _REFERENCES:
        return False
    name, _, attribute = detail["CausingEntity"].partition(".")
    cause = by_id.get(name)
    return (
        cause is not None
        and cause["Action"] == "Modify"
        and attribute in _IDENTITIES
        and _replacement(cause, by_id) == "False"
    )


def _properties(details: Iterable[Item]) -> Iterator[str]:
    """Names, in the order of the change set."""
    for detail in details:
        target = detail.get("Target", {})
        if target.get("Attribute") == "Properties" and target.get("Name"):
            yield target["Name"]
