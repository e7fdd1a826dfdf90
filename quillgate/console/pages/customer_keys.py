"""`/customers/{name}/keys`: add a key, replace one by a new one, remove one."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response

from quillgate.console.pages.customer_one import back_to, opened, path_of
from quillgate.console.rendering import render
from quillgate.console.typed import KeysForm, Mistakes, TypedKeys
from quillgate.console.visitors import Support
from quillgate.users.directory import Directory
from quillgate.users.key_kinds import NOTHING
from quillgate.users.model import Account, HeldKey

_FIRST = "{keys} can be used from now on."
_ADDED = (
    "{keys} can be used from now on. The keys that were there still work, until they are removed."
)
_REPLACED = "{keys} can be used from now on. The old key lets nobody in any more."
_HELD = "Nothing was changed: {name} has had {keys} before."
_KEPT = "{keys} can be used once the customer is enabled."
_REMOVED = (
    "The key is removed: it lets nobody in any more. Who is logged in stays so until the end."
)


def routes() -> APIRouter:
    """The form to add or replace, both posts."""
    router = APIRouter()

    @router.get("/customers/{name}/keys/new")
    def form(
        request: Request,
        visitor: Support,
        name: str,
        replaces: Annotated[str, Query(max_length=100)] = "",
    ) -> Response:
        """The empty form; `replaces` is the fingerprint of the key that goes."""
        _, customer = opened(request, visitor, name)
        return _form(request, customer, replaces, TypedKeys(), {})

    @router.post("/customers/{name}/keys")
    def add(
        request: Request,
        visitor: Support,
        name: str,
        keys: KeysForm,
        replaces: Annotated[str, Form(max_length=100)] = "",
    ) -> Response:
        """Add what was pasted, then remove what it replaces.

        In that order: whatever ends it in between, a key works; and once more does the rest.
        """
        directory, customer = opened(request, visitor, name)
        if mistakes := _mistakes(directory, customer, keys, replaces):
            return _form(request, customer, replaces, keys, mistakes)
        for key in keys.keys:
            directory.add_key(name, key, allow_shared=keys.is_shared_allowed)
        if _held(customer, replaces):
            directory.remove_key(name, replaces)
        said = _said(customer, keys, replaces)
        return back_to(request, name, " ".join([said, *keys.notes]))

    @router.post("/customers/{name}/keys/remove")
    def remove(
        request: Request, visitor: Support, name: str, key: Annotated[str, Form(max_length=100)]
    ) -> Response:
        """Remove the key of that fingerprint; harmless when it has gone already."""
        directory, customer = opened(request, visitor, name)
        if customer.has(key):
            directory.remove_key(name, key)
        return back_to(request, name, _REMOVED)

    return router


def _form(
    request: Request, customer: Account, replaces: str, keys: TypedKeys, mistakes: Mistakes
) -> Response:
    return render(
        request,
        "customers/key.html",
        status=422 if mistakes else 200,
        customer=customer,
        path=path_of(customer.name),
        old=_held(customer, replaces),
        keys=keys,
        mistakes=mistakes,
    )


def _mistakes(directory: Directory, customer: Account, typed: TypedKeys, replaces: str) -> Mistakes:
    found = typed.mistakes(directory, customer.name)
    if not (typed.keys or typed.problems):
        found["keys"].append(NOTHING)
    if any(key.fingerprint == replaces for key in typed.keys):
        found["keys"].append("that is the key which is to be replaced - paste the new one")
    return {where: words for where, words in found.items() if words}


def _said(customer: Account, typed: TypedKeys, replaces: str) -> str:
    """`customer` is as before; a key that was there already is not called new."""
    count = sum(not customer.has(key.fingerprint) for key in typed.keys)
    if not count and not replaces:
        that = "that key" if len(typed.keys) == 1 else "those keys"
        return _HELD.format(name=customer.name, keys=that)
    words = _REPLACED if replaces else _ADDED if customer.keys else _FIRST
    words = _KEPT if customer.is_disabled else words
    return words.format(keys=f"{count} new keys" if count > 1 else "The new key")


def _held(customer: Account, fingerprint: str) -> HeldKey | None:
    return next((key for key in customer.keys if key.fingerprint == fingerprint), None)
