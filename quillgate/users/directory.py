"""The one place where SFTP users are read and changed: by the command and by the console.

Every change is on record in the audit trail, and is made in such an order that whatever is killed
in between loses no key and leaves nobody with more than before; the second run finishes it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache

from quillgate.audit import Audit
from quillgate.errors import UserError
from quillgate.operate.deployment import Deployment
from quillgate.operate.words import safe, short
from quillgate.users import switching
from quillgate.users.accounts import NAME, Accounts
from quillgate.users.held import held, on_record
from quillgate.users.homes import Home, checked_folder
from quillgate.users.key_kinds import PRIVATE
from quillgate.users.key_text import has_private_key
from quillgate.users.keys import read_keys
from quillgate.users.making import Place
from quillgate.users.model import Account, HeldKey, HomeType, Listed, PublicKey, UsersPage
from quillgate.users.note import connection_note
from quillgate.users.records import Records
from quillgate.users.server import Server, exists_already

_SHOWN = 100  # characters of what may be anything pasted


@dataclass(frozen=True)
class Directory:
    """The users of one stack, as one person changes them.

    Methods raise UserError for what cannot be done, TargetError for a user who is not there, and
    LedgerError when the ledger's bucket is out of reach: then nothing is changed.
    """

    accounts: Accounts
    place: Place
    audit: Audit

    @classmethod
    def of(cls, deployment: Deployment, audit: Audit) -> Directory:
        """Of a stack. All of one deployment share what was read of all users, for a minute."""
        accounts, place = _shared(deployment)
        return cls(accounts, place, audit)

    # Looking

    def page(self, size: int = 50, token: str | None = None) -> UsersPage:
        """A page of users, `size` up to 1,000: one ListUsers."""
        return self.accounts.page(size, token)

    def every(self) -> Iterator[Listed]:
        """All users, in Transfer's order."""
        return self.accounts.every()

    def search(self, words: str, limit: int = 50) -> tuple[Listed, ...]:
        """Users whose names hold all the words, the one who is called exactly so first."""
        return self.accounts.search(words, limit)

    def find(self, name: str) -> Account:
        """One user. Raises TargetError with names that are near when there is none."""
        return self.accounts.find(name)

    def find_if_any(self, name: str) -> Account | None:
        """One user, None when there is none of that name."""
        return self.accounts.find_if_any(name)

    def connection_note(self, account: Account) -> str:
        """What to send to the customer: plain text, several lines."""
        return connection_note(account, self.place.address, self.accounts.server.host_keys())

    def look_again(self) -> None:
        """Forget what was read of all users: another process may have made some meanwhile."""
        self.accounts.known.forget()

    # Checking

    def check_name(self, name: str) -> None:
        """Raise UserError for a name that Transfer would not take."""
        if not NAME.fullmatch(name):
            advice = "3 to 100 letters, digits and _ @ . -, the first a letter, digit or _"
            raise UserError("not a name for a user", short(safe(name), _SHOWN), advice)

    def learn_keys(self) -> None:
        """Have `check_holders` know the keys of users made in another way; once for a stack.

        Those made so later are not known until they are changed here.
        """
        self.accounts.learn_keys()

    def home(self, name: str, folder: str | None, home_type: HomeType) -> Home:
        """The home of a user who is to be made; UserError for a folder that cannot be one."""
        return Home(
            self.place.bucket, checked_folder(name if folder is None else folder), home_type
        )

    def check_holders(self, name: str, keys: Sequence[PublicKey], *, allow_shared: bool) -> None:
        """Raise UserError when another user has one of the keys, unless that is allowed."""
        for key in () if allow_shared else keys:
            # First those who are about to get it: who has got it meanwhile is among the holders.
            _refuse(
                [each for each in self.accounts.records.claimants(key.fingerprint) if each != name],
                "is being given that key at this moment",
                key,
                "see who it is for, and try again in a few minutes",
            )
            _refuse(
                [each for each in self.accounts.holders(key.fingerprint) if each != name],
                "has that key already",
                key,
                "ask for a key of this user's own, or allow a shared one: --allow-shared-key",
            )

    # Changing

    def add(
        self,
        name: str,
        keys: Sequence[PublicKey],
        *,
        folder: str | None = None,
        home_type: HomeType = "PATH",
        allow_shared: bool = False,
    ) -> Account:
        """Make a user with a home and its folders. `folder` is the name, unless it is given."""
        self.check_name(name)
        if self.accounts.server.describe(name):
            raise exists_already(name)
        home = self.home(name, folder, home_type)
        self.accounts.homes().claim(home.path, name)
        self._claim(name, keys, allow_shared=allow_shared)
        shown = [{"fingerprint": each.fingerprint, "line": each.line} for each in keys]
        after = {"home": home.path, "home_type": home_type, "keys": shown}
        try:
            with self.audit.change("users add", name, after=after):
                self._make(name, home, keys)
        except BaseException:
            self.accounts.known.forget()
            raise
        self.accounts.known.forget_users()
        return self.find(name)

    def add_key(self, name: str, key: PublicKey, *, allow_shared: bool = False) -> Account:
        """Give a user one key more; harmless when the user has it. A disabled one stays so."""
        found = self.find(name)
        if found.has(key.fingerprint):
            return found
        self._claim(name, [key], allow_shared=allow_shared)
        with self._change("users keys add", found):
            if found.is_disabled:
                self.accounts.records.keep_key(name, held(key, "", self.audit.ledger.now()))
            else:
                self.accounts.server.add_key(name, key.line)
            self.accounts.records.add_key(key.fingerprint, name)
        return self.find(name)

    def remove_key(self, name: str, key_id_or_fingerprint: str) -> Account:
        """Take a key from a user: the next login with it is refused, sessions go on."""
        found = self.find(name)
        key = chosen_key(found, key_id_or_fingerprint)
        with self._change("users keys remove", found):
            # First what is kept: a key that was removed must not come back by `enable`.
            self.accounts.records.drop_kept_key(name, key.fingerprint)
            if not found.is_disabled:
                self.accounts.server.delete_key(name, key.id)
            self.accounts.records.drop_key(key.fingerprint, name)
        return self.find(name)

    def disable(self, name: str) -> Account:
        """Let nobody in as this user; keys, home and files are kept. Open sessions go on."""
        found = self.find(name)
        if found.is_disabled:
            return found
        with self._change("users disable", found):
            switching.disable(self.accounts, name, self.audit.ledger.now())
        return self.find(name)

    def enable(self, name: str) -> Account:
        """Let a disabled user in again, with the keys kept."""
        found = self.find(name)
        if not self.accounts.records.is_disabled(name):
            return found
        with self._change("users enable", found):
            switching.enable(self.accounts, name)
        return self.find(name)

    def remove(self, name: str) -> None:
        """Remove a user and the keys. Home and files stay, and so does what the ledger says."""
        found = self.find(name)
        records = self.accounts.records
        with self._change("users remove", found):
            # What is kept goes first: nobody who gets this name later may get those keys.
            records.drop_disabled(name)
            records.drop_kept_keys(name)
            self.accounts.server.delete(name)
            for key in found.keys:
                records.drop_key(key.fingerprint, name)
            records.drop_home(name)
        self.accounts.known.forget()

    def _make(self, name: str, home: Home, keys: Sequence[PublicKey]) -> None:
        records, server = self.accounts.records, self.accounts.server
        self.place.make_folders(home)
        # Left over by a user of this name who was removed in another way.
        records.drop_disabled(name)
        records.drop_home(name)
        if home.type == "LOGICAL":
            records.add_home(name, f"{home.bucket}/{home.folder}")
        server.create(name, **self.place.arguments(home, keys[:1], self.audit))
        for number, key in enumerate(keys[1:], 1):
            try:
                server.add_key(name, key.line)
            except UserError as error:
                failed = f"user was made, with {number} of {len(keys)} keys"
                raise UserError(failed, name, str(error)) from error
        for key in keys:
            records.add_key(key.fingerprint, name)

    def _claim(self, name: str, keys: Sequence[PublicKey], *, allow_shared: bool) -> None:
        """Check the keys as `check_holders` does, so that no two users get one at the same moment.

        Each claims it before looking whether others do: of two, one sees the other, or both do.
        """
        records = self.accounts.records
        for key in keys:
            records.claim_key(key.fingerprint, name)
        try:
            self.check_holders(name, keys, allow_shared=allow_shared)
        except UserError:
            for key in keys:
                records.drop_key(key.fingerprint, name)
            raise

    @contextmanager
    def _change(self, what: str, found: Account) -> Iterator[None]:
        """Put a change of a user on record, with what he was and what he is then."""
        try:
            with self.audit.change(what, found.name, before=on_record(found)) as draft:
                yield
                after = self.accounts.find_if_any(found.name)
                draft.after = on_record(after) if after else None
        finally:
            self.accounts.known.forget_users()


def _refuse(others: Sequence[str], why: str, key: PublicKey, advice: str) -> None:
    if others:
        raise UserError(f"{' and '.join(others[:3])} {why}", key.fingerprint, advice)


def chosen_key(found: Account, key: str) -> HeldKey:
    """By its id or fingerprint, or by the key itself: that is what people have at hand."""
    if has_private_key(key):
        raise UserError("no key was removed from", found.name, PRIVATE)
    wanted = key.strip().removeprefix("SHA256:").rstrip("=")
    pasted = {each.fingerprint for each in read_keys(key).keys}
    for each in found.keys:
        names = (each.id, each.fingerprint.removeprefix("SHA256:"))
        if (wanted and wanted in names) or each.fingerprint in pasted:
            return each
    theirs = ", ".join(each.fingerprint for each in found.keys) or "none"
    raise UserError(
        f"{found.name} has no such key", short(safe(key), _SHOWN), f"name one of: {theirs}"
    )


@lru_cache(maxsize=8)
def _shared(deployment: Deployment) -> tuple[Accounts, Place]:
    place = Place.of(deployment)
    server = Server(deployment.client("transfer"), place.server_id)
    return Accounts(server, Records(deployment.ledger)), place
