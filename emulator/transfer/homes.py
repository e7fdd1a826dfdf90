"""Where a user lands: the rules for HomeDirectory, its type and its mappings.

User guide, logical-dir-mappings; model documentation of CreateUser and UpdateUser.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from emulator.transfer.errors import InvalidRequestError
from emulator.transfer.model import HomeDirectoryType, HomeMapping, User
from emulator.transfer.scope import Request

_MOST_MAPPINGS = 2000
"""For service-managed users; the model's 50,000 is for other identity providers."""


@dataclass(frozen=True)
class Home:
    """The three members belong together: they are checked, and replaced, as one."""

    directory: str = ""
    type: HomeDirectoryType = "PATH"
    mappings: tuple[HomeMapping, ...] = ()


def home_of(user: User) -> Home:
    """The home a user has now."""
    return Home(user.home_directory, user.home_directory_type, user.home_mappings)


def changed(home: Home, request: Request) -> Home:
    """`home` with what the request gives; raises InvalidRequestError if it breaks a rule.

    When the type changes, what is not given is dropped: a path means nothing to a LOGICAL home, a
    mapping nothing to a PATH home.
    """
    new_type = request.get("HomeDirectoryType", home.type)
    kept = home if new_type == home.type else Home()
    mappings = request.get("HomeDirectoryMappings")
    new = Home(
        directory=request.get("HomeDirectory", kept.directory),
        type=new_type,
        mappings=kept.mappings if mappings is None else tuple(map(_mapping, mappings)),
    )
    _check(new)
    return new


def described(home: Home) -> dict[str, Any]:
    """The home as DescribeUser shows it; what is empty is left out."""
    shown: dict[str, Any] = {"HomeDirectoryType": home.type}
    if home.directory:
        shown["HomeDirectory"] = home.directory
    if home.mappings:
        shown["HomeDirectoryMappings"] = [_described_mapping(mapping) for mapping in home.mappings]
    return shown


def _check(home: Home) -> None:
    if home.type == "LOGICAL":
        _check_mappings(home.mappings)
        _check_landing(home)
    elif home.mappings:
        raise InvalidRequestError(
            "HomeDirectoryMappings do not go with HomeDirectoryType 'PATH' - use LOGICAL"
        )


def _check_mappings(mappings: tuple[HomeMapping, ...]) -> None:
    if not mappings:
        raise InvalidRequestError(
            "HomeDirectoryType 'LOGICAL' needs HomeDirectoryMappings - give at least one"
        )
    if len(mappings) > _MOST_MAPPINGS:
        raise InvalidRequestError(
            f"too many HomeDirectoryMappings: '{len(mappings)}' - {_MOST_MAPPINGS} are allowed"
        )
    for mapping in mappings:
        if mapping.target.endswith("/"):
            raise InvalidRequestError(
                f"Target must not end with a slash: '{mapping.target}' - use /bucket/prefix"
            )
    _check_entries(Counter(mapping.entry for mapping in mappings))


def _check_entries(entries: Counter[str]) -> None:
    if "/" in entries and entries.total() > 1:
        raise InvalidRequestError("Entry '/' must be the only mapping - remove it or the others")
    for entry, times in entries.items():
        if times > 1:
            raise InvalidRequestError(f"Entry mapped {times} times: '{entry}' - map it once")


def _check_landing(home: Home) -> None:
    """`/`, the default, is there even when nothing maps it: the folder that holds the entries."""
    entries = {"", "/"} | {mapping.entry for mapping in home.mappings}
    if home.directory not in entries:
        raise InvalidRequestError(
            f"HomeDirectory is no Entry of the mappings: '{home.directory}' - with LOGICAL, name"
            " an Entry or leave it out"
        )


def _mapping(given: dict[str, Any]) -> HomeMapping:
    return HomeMapping(entry=given["Entry"], target=given["Target"], type=given.get("Type"))


def _described_mapping(mapping: HomeMapping) -> dict[str, str]:
    shown = {"Entry": mapping.entry, "Target": mapping.target}
    return {**shown, "Type": mapping.type} if mapping.type else shown
