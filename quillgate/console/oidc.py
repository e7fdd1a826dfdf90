"""How visitors of the deployed console come in: by their company's identity provider.

The session is fixed at sign-in: who, in which role, until when. A new sign-in is a new session, and
reads the role again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from quillgate.console.attempt import Attempt
from quillgate.console.groups import Groups, name_of
from quillgate.console.provider import Provider
from quillgate.console.provider_calls import SignInError, code_word
from quillgate.console.rendering import render
from quillgate.console.visitors import Role, Visitor

_log = logging.getLogger(__name__)
CALLBACK = "/signed-in"


class OidcSignIn:
    """`url` is the console's own, without slash at its end. Sessions end after `seconds`."""

    path = "/sign-in"
    is_local = False

    def __init__(
        self,
        provider: Provider,
        groups: Groups,
        url: str,
        seconds: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._provider = provider
        self._groups = groups
        self._url = url
        self._seconds = seconds
        self._clock = clock

    def visitor(self, request: Request) -> Visitor | None:
        """Who signed in, for as long as the session is good."""
        kept = request.session.get("visitor")
        if kept is None or kept["until"] <= self._clock():
            return None
        return Visitor(kept["who"], Role[kept["role"].upper()])

    def routes(self) -> APIRouter:
        """`/sign-in`, `/signed-in`, `/sign-out` and `/signed-out`: for everybody."""
        router = APIRouter()
        router.add_api_route(self.path, self._begin, methods=["GET"])
        router.add_api_route(CALLBACK, self._finish, methods=["GET"])
        router.add_api_route("/sign-out", self._end, methods=["POST"])
        router.add_api_route("/signed-out", self._ended, methods=["GET"])
        return router

    def _begin(self, request: Request, next: str = "/") -> Response:  # noqa: A002  # its public name
        """To the provider."""
        attempt = Attempt.begun(next, self._clock())
        try:
            url = self._provider.authorization_url(attempt)
        except SignInError as error:
            return self._refused(request, 502, error)
        request.session["attempt"] = attempt.to_keep()
        return RedirectResponse(url, status_code=303)

    def _finish(
        self,
        request: Request,
        state: str = "",
        code: str = "",
        error: str = "",
        iss: str | None = None,
    ) -> Response:
        """Back from the provider."""
        attempt = Attempt.kept(request.session.pop("attempt", None), state, self._clock())
        if attempt is None:
            return self._without_attempt(request)
        try:
            if error or not code:
                said = code_word(error)
                raise SignInError(f"the identity provider did not let you in: {said}")
            return self._come_in(request, self._provider.claims(code, attempt, iss), attempt.back)
        except SignInError as refusal:
            return self._refused(request, 403, refusal)

    def _come_in(self, request: Request, claims: Mapping[str, Any], back: str) -> Response:
        who, role = name_of(claims), self._groups.role(claims)
        token = _own_token(request, who)
        # Nothing else of an older session lives on.
        request.session.clear()
        if role is None:
            _log.warning("no access: who=%r sub=%r", who, claims["sub"])
            raise SignInError(
                f"you are signed in as {who}, but in none of the groups that may use this console "
                "- ask an operator to add you to one, then sign in again"
            )
        _log.info("signed in: who=%r sub=%r role=%s", who, claims["sub"], role.word)
        until = self._clock() + self._seconds
        visitor = {"who": who, "role": role.word, "until": until}
        request.session.update({"visitor": visitor, **token})
        return RedirectResponse(back, status_code=303)

    def _without_attempt(self, request: Request) -> Response:
        if self.visitor(request):
            # Another tab was faster.
            return RedirectResponse("/", status_code=303)
        words = "this sign-in was begun in another browser or too long ago - sign in again"
        return self._refused(request, 400, SignInError(words))

    def _refused(self, request: Request, status: int, error: SignInError) -> Response:
        _log.warning("sign-in refused: %s", error, exc_info=error.__cause__)
        return render(
            request, "signed_out.html", status=status, title="You are not signed in",
            words=str(error), elsewhere=self._elsewhere(),
        )  # fmt: skip

    def _end(self, request: Request) -> Response:
        """Sign out here. To the provider it is one link more: a form may only lead to us."""
        request.session.clear()
        return RedirectResponse("/signed-out", status_code=303)

    def _ended(self, request: Request) -> Response:
        """What one sees then."""
        return render(
            request, "signed_out.html", title="You are signed out",
            words="Nobody can use this console in this browser without signing in again.",
            elsewhere=self._elsewhere(),
        )  # fmt: skip

    def _elsewhere(self) -> str | None:
        """The provider's own page to sign out, if it can be found out."""
        try:
            return self._provider.end_session_url(f"{self._url}/signed-out")
        except SignInError:
            return None


def _own_token(request: Request, who: str) -> Mapping[str, str]:
    """The token for forms, if it is this person's: what they typed as a session ended is not lost.

    Another's must not live on: whoever planted that session would know it.
    """
    kept = request.session.get("visitor") or {}
    is_theirs = kept.get("who") == who and "csrf" in request.session
    return {"csrf": request.session["csrf"]} if is_theirs else {}
