"""What people type and paste into forms: keys, and what of it may be shown to them again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, File, Form, UploadFile
from pydantic import AfterValidator

from quillgate.errors import UserError
from quillgate.users.directory import Directory
from quillgate.users.key_kinds import PRIVATE
from quillgate.users.key_text import has_private_key, text_of
from quillgate.users.keys import Pasted, Problem, read_keys
from quillgate.users.model import PublicKey

# More than any public key has; what is longer is refused by its length.
_LONGEST_FILE = 2_000_000
# Of a mail or a sheet, every line is no key.
_LINES_NAMED = 5

# By the name of a field, what is wrong with it; "" for what is wrong with the whole.
Mistakes = dict[str, list[str]]


@dataclass(frozen=True)
class TypedKeys:
    """Keys from a text field and from a file; `problems` and `notes` say where each is.

    `text` may be shown again: it is empty when what came was private, wherever it was.
    """

    keys: tuple[PublicKey, ...] = ()
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    text: str = ""
    is_private: bool = False
    is_shared_allowed: bool = False

    def mistakes(self, directory: Directory, name: str) -> Mistakes:
        """What keeps the customer `name` from getting these keys, by field."""
        found = {"keys": list(self.problems)}
        try:
            directory.check_holders(name, self.keys, allow_shared=self.is_shared_allowed)
        except UserError as error:
            # The advice is the command's; the form has a box, and its own words beside it.
            found["shared"] = [error.fact]
        return found


def shown_again(text: str) -> str:
    """The text, unless a private key is in it."""
    return "" if has_private_key(text) else text


# What is typed to look for something: a page shows it again, and people paste into any field.
SearchedFor = Annotated[str, AfterValidator(shown_again)]


def _typed_keys(
    keys: Annotated[str, Form()] = "",
    file: Annotated[UploadFile | None, File()] = None,
    shared: Annotated[bool, Form()] = False,
) -> TypedKeys:
    pasted = read_keys(keys) if keys.strip() else Pasted()
    # Of a field that is left empty, browsers send a file without a name.
    content = file.file.read(_LONGEST_FILE) if file and file.filename else None
    filed = Pasted() if content is None else read_keys(text_of(content))
    both = (("", pasted), ("in the file, ", filed))
    is_private = any(each.message == PRIVATE for _, read in both for each in read.problems)
    unique = {key.fingerprint: key for _, read in both for key in read.keys}
    # A form that comes back has no file any more: its keys stand where they could have been pasted.
    text = "\n".join([*filter(None, [keys.rstrip()]), *(key.line for key in filed.keys)])
    return TypedKeys(
        keys=() if is_private else tuple(unique.values()),
        problems=tuple(f"{where}{each}" for where, read in both for each in _told(read.problems)),
        notes=tuple(f"{where}{each}" for where, read in both for each in read.notes),
        text="" if is_private else text,
        is_private=is_private,
        is_shared_allowed=shared,
    )


def _told(problems: Sequence[Problem]) -> Iterator[str]:
    """Each message once, with the lines that it is about."""
    lines: dict[str, list[str]] = {}
    for each in problems:
        lines.setdefault(each.message, []).append(str(each.line))
    for message, numbers in lines.items():
        where = f"line{'s' if len(numbers) > 1 else ''} {', '.join(numbers[:_LINES_NAMED])}"
        more = len(numbers) - _LINES_NAMED
        yield f"{where}{f' and {more} more' if more > 0 else ''}: {message}"


# What a form's fields `keys` (a text), `file` and `shared` hold.
KeysForm = Annotated[TypedKeys, Depends(_typed_keys)]
