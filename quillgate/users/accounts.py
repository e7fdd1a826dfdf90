"""Reading users: a page, all of them, those that are searched for, one."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from quillgate.errors import TargetError
from quillgate.operate.words import safe
from quillgate.users.held import account, home_of
from quillgate.users.homes import Homes
from quillgate.users.model import Account, Listed, UsersPage
from quillgate.users.records import Records
from quillgate.users.server import Server

NAME = re.compile(r"[A-Za-z0-9_][\w@.-]{2,99}", re.ASCII)  # UserName, in Transfer's model
_FRESH_SECONDS = 60
_AT_ONCE = 8


@dataclass
class Known:
    """What was read of all users, for a minute: to search, and to find homes that are taken."""

    clock: Callable[[], float] = time.monotonic
    users: tuple[float, tuple[Listed, ...]] | None = None
    homes: tuple[float, Homes] | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def forget_users(self) -> None:
        """Read them again next time; homes are as they were."""
        with self.lock:
            self.users = None

    def forget(self) -> None:
        """Read everything again next time."""
        with self.lock:
            self.users = self.homes = None

    def is_fresh(self, since: float) -> bool:
        """Whether what was read then may still be used."""
        return self.clock() - since < _FRESH_SECONDS


@dataclass(frozen=True)
class Accounts:
    """The users of one server. Methods raise UserError and LedgerError when out of reach."""

    server: Server
    records: Records
    known: Known = field(default_factory=Known)

    def page(self, size: int = 50, token: str | None = None) -> UsersPage:
        """One ListUsers, and a look at each of its users that it does not say enough of."""
        answer = self.server.page(size, token)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            users = tuple(pool.map(self._listed, answer["Users"]))
        return UsersPage(users, answer.get("NextToken"))

    def every(self) -> Iterator[Listed]:
        """All users, a thousand to a call."""
        disabled, homes = self.records.names_disabled(), self.records.homes()
        for user in self.server.every():
            name = user["UserName"]
            yield _shown(user, name in disabled, homes.get(name))

    def search(self, words: str, limit: int = 50) -> tuple[Listed, ...]:
        """Users whose names hold all the words; first the one who is called exactly so."""
        found = self.find_if_any(words.strip())
        first = [_as_listed(found)] if found else []
        wanted = words.casefold().split()
        rest = (
            user
            for user in self._snapshot()
            if all(word in user.name.casefold() for word in wanted)
            and not (found and user.name == found.name)
        )
        return tuple([*first, *sorted(rest, key=lambda user: _rank(user, wanted))][:limit])

    def find(self, name: str) -> Account:
        """One user. Raises TargetError with names that are near when there is none."""
        if found := self.find_if_any(name):
            return found
        names = [user.name for user in self._snapshot()]
        near = get_close_matches(name, names, n=5, cutoff=0.6)
        advice = f"did you mean {' or '.join(near)}?" if near else "see: quillgate users list"
        raise TargetError(f"no such user on server {self.server.id}", safe(name), advice)

    def holders(self, fingerprint: str) -> tuple[str, ...]:
        """Who has a key, as far as it was given here: Transfer is asked whether it is still so."""
        found = map(self.find_if_any, self.records.users_of(fingerprint))
        return tuple(user.name for user in found if user and user.has(fingerprint))

    def learn_keys(self) -> None:
        """Remember the keys of users made in another way, before there was this: once for a stack.

        It costs a DescribeUser for each of them; `holders` then knows them.
        """
        if self.records.are_keys_known():
            return
        names = [user["UserName"] for user in self.server.every()]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(self._learn_keys_of, names))
        self.records.set_keys_known()

    def _learn_keys_of(self, name: str) -> None:
        found = self.find_if_any(name)
        for key in found.keys if found else ():
            self.records.add_key(key.fingerprint, name)

    def homes(self) -> Homes:
        """The homes there are, at most a minute old."""
        with self.known.lock:
            if not self.known.homes or not self.known.is_fresh(self.known.homes[0]):
                self.known.homes = (self.known.clock(), self._read_homes())
            return self.known.homes[1]

    def find_if_any(self, name: str) -> Account | None:
        """One user, if there is one of that name."""
        user = self.server.describe(name) if NAME.fullmatch(name) else None
        if user is None:
            return None
        return account(user, self.records.kept(name))

    def _snapshot(self) -> tuple[Listed, ...]:
        with self.known.lock:
            if not self.known.users or not self.known.is_fresh(self.known.users[0]):
                self.known.users = (self.known.clock(), tuple(self.every()))
            return self.known.users[1]

    def _read_homes(self) -> Homes:
        homes, unknown = Homes(), []
        for user in self.every():
            if user.home:
                homes.put(user.home, user.name)
            else:
                unknown.append(user.name)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for described in filter(None, pool.map(self.server.describe, unknown)):
                for each in described.get("HomeDirectoryMappings", ()):
                    homes.put(each["Target"], described["UserName"])
        return homes

    def _listed(self, user: Mapping[str, Any]) -> Listed:
        name = user["UserName"]
        is_disabled = not user.get("SshPublicKeyCount") and self.records.is_disabled(name)
        home = self.records.home(name) if user.get("HomeDirectoryType") == "LOGICAL" else None
        return _shown(user, is_disabled, home)


def _shown(user: Mapping[str, Any], is_disabled: bool, logical_home: str | None) -> Listed:
    count = int(user.get("SshPublicKeyCount", 0))
    home = home_of(user) or (f"/{logical_home}" if logical_home else "")
    return Listed(user["UserName"], home, count, is_disabled=is_disabled and not count)


def _as_listed(found: Account) -> Listed:
    count = 0 if found.is_disabled else len(found.keys)
    return Listed(found.name, found.home, count, found.is_disabled)


def _rank(user: Listed, words: list[str]) -> tuple[bool, str]:
    """Names that begin with what was typed come first."""
    return not user.name.casefold().startswith(tuple(words)), user.name.casefold()
