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


def read(items: Iterable[Item], kept: frozenset[str] = frozenset()) -> tuple[Change, ...]:
    """The changes in a change set's `ResourceChange`s.

    `kept` are the resources that a stack policy lets nobody replace: where CloudFormation does not
    know yet, they stay.
    """
    listed = tuple(items)
    return _Reading({item["LogicalResourceId"]: item for item in listed}, kept).changes(listed)


@dataclass(frozen=True)
class _Reading:
    by_id: Mapping[str, Item]
    kept: frozenset[str]

    def changes(self, items: Iterable[Item]) -> tuple[Change, ...]:
        return tuple(self._change(it) for it in items if self._own(it) or not it.get("Details"))

    def _change(self, item: Item) -> Change:
        return Change(
            action=item["Action"],
            logical_id=item["LogicalResourceId"],
            type=item["ResourceType"],
            replacement=self._replacement(item),
            stays="Retain" in item.get("PolicyAction", ""),
            properties=tuple(dict.fromkeys(_properties(self._own(item)))),
        )

    def _replacement(self, item: Item) -> str:
        """As CloudFormation says, unless only references to what stays make it say so."""
        own = self._own(item)
        said = str(item.get("Replacement", "False"))
        if len(own) == len(item.get("Details", ())):
            return said
        recreates = any(it["Target"].get("RequiresRecreation", "Never") != "Never" for it in own)
        return said if recreates else "False"

    def _own(self, item: Item) -> list[Item]:
        """The details that are no references to resources that stay."""
        return [it for it in item.get("Details", ()) if not self._refers_to_what_stays(it)]

    def _refers_to_what_stays(self, detail: Item) -> bool:
        if detail.get("ChangeSource") not in _REFERENCES:
            return False
        name, _, attribute = detail["CausingEntity"].partition(".")
        return attribute in _IDENTITIES and self._stays(name)

    def _stays(self, name: str) -> bool:
        cause = self.by_id.get(name)
        if cause is None or cause["Action"] != "Modify":
            return False
        replacement = self._replacement(cause)
        return replacement == "False" or (replacement == "Conditional" and name in self.kept)


def _properties(details: Iterable[Item]) -> Iterator[str]:
    """Names, in the order of the change set."""
    for detail in details:
        target = detail.get("Target", {})
        if target.get("Attribute") == "Properties" and target.get("Name"):
            yield target["Name"]
