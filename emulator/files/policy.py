"""The user's session policy, with Transfer's variables filled in as AWS fills them.

Rules (AWS Transfer Family user guide, users-policies-session): the variables work only here, in
the user's own session policy; the three about the home stay as they are when the home is LOGICAL;
nothing is substituted twice. For `/home/bob/stuff`: HomeBucket `home`, HomeFolder `bob/stuff`,
HomeDirectory `home/bob/stuff`. The guide spells them `${transfer:...}`, CloudFormation
`${Transfer:...}`: both are taken.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from emulator.files.errors import FileError
from emulator.files.policies.document import read_json
from emulator.transfer.model import User

VARIABLE = re.compile(r"\$\{[Tt]ransfer:(\w+)\}")


def session_policy(user: User) -> str | None:
    """Give the JSON to hand to AssumeRole, None when the user has no session policy."""
    if not user.policy:
        return None
    try:
        document = read_json(user.policy)
    except ValueError as error:
        text = f"cannot read session policy: '{user.name}': {error} - use UpdateUser"
        raise FileError(text) from error
    return json.dumps(_substituted(document, _variables(user)), separators=(",", ":"))


def with_user_name(text: str, user_name: str) -> str:
    """Fill `${transfer:UserName}` into the target of a mapping."""
    return _filled(text, {"UserName": user_name})


def _variables(user: User) -> dict[str, str]:
    if user.home_directory_type == "LOGICAL":
        return {"UserName": user.name}
    directory = user.home_directory.removeprefix("/")
    bucket, _, folder = directory.partition("/")
    return {
        "UserName": user.name,
        "HomeBucket": bucket,
        "HomeFolder": folder,
        "HomeDirectory": directory,
    }


def _substituted(node: object, variables: Mapping[str, str]) -> object:
    """Walk the parsed document: a quote in a value can then never end its JSON string."""
    match node:
        case str():
            return _filled(node, variables)
        case list():
            return [_substituted(item, variables) for item in node]
        case dict():
            return {name: _substituted(item, variables) for name, item in node.items()}
        case _:
            return node


def _filled(text: str, variables: Mapping[str, str]) -> str:
    return VARIABLE.sub(lambda found: variables.get(found[1], found[0]), text)
