"""`/customers/new`: add a customer; what is wrong is said next to the field."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from quillgate.console.pages.customer_one import back_to
from quillgate.console.rendering import render
from quillgate.console.typed import KeysForm, Mistakes, TypedKeys, shown_again
from quillgate.console.visitors import Support
from quillgate.errors import UserError
from quillgate.users.accounts import NAME
from quillgate.users.directory import Directory
from quillgate.users.key_kinds import PRIVATE
from quillgate.users.key_text import has_private_key

_NAME = (
    "a name has 3 to 100 characters: letters (no é or ü), digits and _ @ . - and the first is a "
    "letter, a digit or _"
)


@dataclass(frozen=True)
class Wanted:
    """The customer as typed; an empty `folder` is that of the name."""

    name: str = ""
    folder: str = ""
    keys: TypedKeys = field(default_factory=TypedKeys)


def routes() -> APIRouter:
    """`GET /customers/new` and `POST /customers`."""
    router = APIRouter()

    @router.get("/customers/new")
    def form(request: Request, _: Support) -> Response:
        """The empty form."""
        return _form(request, Wanted(), {})

    @router.post("/customers")
    def add(
        request: Request,
        visitor: Support,
        keys: KeysForm,
        name: Annotated[str, Form()] = "",
        folder: Annotated[str, Form()] = "",
    ) -> Response:
        """Make the customer, or say what is wrong."""
        directory: Directory = request.app.state.desk.directory(visitor)
        wanted = Wanted(name.strip(), folder.strip(), keys)
        mistakes = _mistakes(directory, wanted) or _add(directory, wanted)
        if mistakes:
            return _form(request, wanted, mistakes)
        said = f"{wanted.name} is added. Send the note below to the customer."
        return back_to(request, wanted.name, " ".join([said, *keys.notes]))

    return router


def _form(request: Request, wanted: Wanted, mistakes: Mistakes) -> Response:
    return render(
        request,
        "customers/new.html",
        status=422 if mistakes else 200,
        name=shown_again(wanted.name),
        folder=shown_again(wanted.folder),
        keys=wanted.keys,
        mistakes=mistakes,
    )


def _mistakes(directory: Directory, wanted: Wanted) -> Mistakes:
    """All of them at once."""
    found = {
        "name": _wrong_name(directory, wanted.name),
        "folder": _wrong_folder(directory, wanted.folder),
        **wanted.keys.mistakes(directory, wanted.name),
    }
    return {where: words for where, words in found.items() if words}


def _wrong_name(directory: Directory, name: str) -> list[str]:
    if has_private_key(name):
        return [PRIVATE]
    if not NAME.fullmatch(name):
        return [_NAME]
    if directory.find_if_any(name):
        return ["there is a customer of this name already - look at that one, or take another name"]
    return []


def _wrong_folder(directory: Directory, folder: str) -> list[str]:
    if has_private_key(folder):
        return [PRIVATE]
    try:
        if folder:
            directory.home("", folder, "PATH")
    except UserError as error:
        return [str(error)]
    return []


def _add(directory: Directory, wanted: Wanted) -> Mistakes:
    """What only the attempt tells, such as a home that is another customer's."""
    # Two customers must not get one home, and the other may be a second old.
    directory.look_again()
    try:
        directory.add(
            wanted.name,
            wanted.keys.keys,
            folder=wanted.folder or None,
            allow_shared=wanted.keys.is_shared_allowed,
        )
    except UserError as error:
        return {"": [str(error)]}
    return {}
