"""Many users at once: first a plan, which changes nothing, then what it says.

What was done is left out of the next plan: a run that was interrupted is finished by another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import partial

from sftp_watchdog.errors import WatchdogError

from quillgate.errors import QuillgateError, UserError
from quillgate.operate.words import safe
from quillgate.users.directory import Directory
from quillgate.users.homes import Home, checked_folder
from quillgate.users.model import Account, HomeType, PublicKey
from quillgate.users.sources.found import Found, Place, Remark, Trouble, Wanted, merged

# Transfer slows down whoever asks for more; boto3 waits and tries again.
_AT_ONCE = 8


@dataclass(frozen=True)
class Rules:
    """What holds for every user of an import."""

    home_type: HomeType = "PATH"
    allow_shared: bool = False


@dataclass(frozen=True)
class Step:
    """A user to be made, or one who gets more keys."""

    name: str
    keys: tuple[PublicKey, ...]
    place: Place
    home: Home | None = None

    def __str__(self) -> str:
        keys = f"{len(self.keys)} key{'' if len(self.keys) == 1 else 's'}"
        if self.home:
            return f"new        {self.name}: {keys}, home {self.home.path}"
        return f"more keys  {self.name}: {keys}"


@dataclass(frozen=True)
class Plan:
    """What is to be done, in the order of names, and how many users are so already."""

    steps: tuple[Step, ...]
    unchanged: int
    troubles: tuple[Trouble, ...]
    remarks: tuple[Remark, ...]

    @property
    def new(self) -> int:
        """How many users will be made."""
        return sum(step.home is not None for step in self.steps)

    def __str__(self) -> str:
        return (
            f"{self.new} new, {len(self.steps) - self.new} with more keys, "
            f"{self.unchanged} unchanged, {_problems(len(self.troubles))}"
        )


@dataclass(frozen=True)
class Imported:
    """Those who were made or got keys, and what could not be done."""

    accounts: tuple[Account, ...]
    troubles: tuple[Trouble, ...]


def plan(directory: Directory, source: Iterable[Found], rules: Rules) -> Plan:
    """Compare a source with the users there are. Nothing is changed."""
    found = list(source)
    spoilt = {each.spoils for each in found if isinstance(each, Trouble)}
    users = merged(each for each in found if isinstance(each, Wanted))
    wanted = [users[name] for name in sorted(users) if name not in spoilt]
    troubles = [each for each in found if isinstance(each, Trouble)]
    kept = wanted if rules.allow_shared else _with_keys_of_their_own(wanted, troubles)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        judged = list(pool.map(partial(_judged, directory, rules), kept))
    steps = [each for each in judged if isinstance(each, Step)]
    troubles += [each for each in judged if isinstance(each, Trouble)]
    return Plan(
        steps=tuple(_with_homes_of_their_own(directory, steps, troubles)),
        unchanged=sum(each is None for each in judged),
        troubles=tuple(troubles),
        remarks=tuple(each for each in found if isinstance(each, Remark)),
    )


def carry_out(
    directory: Directory, steps: Iterable[Step], rules: Rules, say: Callable[[int], None]
) -> Imported:
    """Do it, a few users at a time; `say` is told how many are done."""
    results: list[Account | Trouble] = []
    pool = ThreadPoolExecutor(_AT_ONCE)
    try:
        for each in as_completed([pool.submit(_done, directory, rules, step) for step in steps]):
            results.append(each.result())
            say(len(results))
    finally:
        # Who interrupts this waits for what is under way, and for nothing else.
        pool.shutdown(cancel_futures=True)
    return Imported(
        tuple(each for each in results if isinstance(each, Account)),
        tuple(each for each in results if isinstance(each, Trouble)),
    )


def _with_keys_of_their_own(wanted: list[Wanted], troubles: list[Trouble]) -> list[Wanted]:
    """A key that two users of the source have stays with the first of them."""
    owners: dict[str, Wanted] = {}
    kept = []
    for user in wanted:
        keys = [key for key in user.keys if owners.setdefault(key.fingerprint, user) is user]
        for key in user.keys:
            if key not in keys:
                first = owners[key.fingerprint]
                message = (
                    f"{safe(first.name)} has that key already ({first.place}) - ask for another, "
                    "or allow a shared one: --allow-shared-key"
                )
                troubles.append(Trouble(user.place, f"{safe(user.name)}: {message}"))
        if keys:
            kept.append(Wanted(user.name, tuple(keys), user.place, user.folder))
    return kept


def _judged(directory: Directory, rules: Rules, user: Wanted) -> Step | Trouble | None:
    """What is to be done for a user, None for nothing."""
    try:
        directory.check_name(user.name)
        account = directory.find_if_any(user.name)
        if account is None:
            home = directory.home(user.name, user.folder, rules.home_type)
            step = Step(user.name, user.keys, user.place, home)
        elif user.folder is not None and checked_folder(user.folder) != account.folder:
            advice = f"the home is {account.home} - users keep the home they were made with"
            return Trouble(user.place, f"{user.name} is there already: {advice}")
        else:
            missing = tuple(key for key in user.keys if not account.has(key.fingerprint))
            step = Step(user.name, missing, user.place)
        directory.check_holders(step.name, step.keys, allow_shared=rules.allow_shared)
    except UserError as error:
        return Trouble(user.place, f"{safe(user.name)}: {error}")
    return step if step.keys or step.home else None


def _with_homes_of_their_own(
    directory: Directory, steps: Iterable[Step], troubles: list[Trouble]
) -> Iterable[Step]:
    for step in steps:
        try:
            if step.home:
                directory.accounts.homes().claim(step.home.path, step.name)
        except UserError as error:
            troubles.append(Trouble(step.place, f"{step.name}: {error}"))
        else:
            yield step


def _done(directory: Directory, rules: Rules, step: Step) -> Account | Trouble:
    shared = rules.allow_shared
    try:
        if step.home:
            return directory.add(
                step.name,
                step.keys,
                folder=step.home.folder,
                home_type=step.home.type,
                allow_shared=shared,
            )
        for key in step.keys:
            account = directory.add_key(step.name, key, allow_shared=shared)
    except (QuillgateError, WatchdogError) as error:
        return Trouble(step.place, f"{step.name}: {error}")
    return account


def _problems(number: int) -> str:
    return f"{number or 'no'} problem{'' if number == 1 else 's'}"
