"""``SiteTokens``: where the token of a site comes from, and where it is kept.

A token is looked for in the argument of a call, in the environment, in the user's own config
folder, and in what the site's own programs keep, in this order. Users of one root have tokens of
their own; what an older version put into ``secrets`` of the root is read by its owner.
"""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from modelkeep.core.names import shown
from modelkeep.disk import paths
from modelkeep.errors import SettingsError, StorageError, UnsupportedSourceError, UsageError
from modelkeep.http.addresses import literal
from modelkeep.http.urls import Origin, Token, origin_of
from modelkeep.settings import Settings
from modelkeep.sources.layouts.text_files import read_text
from modelkeep.sources.registry import sites as all_sites
from modelkeep.sources.site import Site

_log = logging.getLogger(__name__)

_FOLDER_MODE, _FILE_MODE, _OTHERS = 0o700, 0o600, 0o077
_FILE_BYTES = 64 << 10
#: A shorter token is not shown in part: too much of it would be.
_LONG, _SHOWN = 12, 4


@dataclass(frozen=True, slots=True)
class HeldToken:
    """A token that was found.

    Attributes:
        value: The secret; never shown.
        where: Where it comes from, for people.
        is_kept_by_others: It was given to another program, not to this one.
    """

    site: str
    value: str = field(repr=False)
    where: str
    is_kept_by_others: bool = False

    @property
    def ending(self) -> str:
        """The last four characters, which tell one token from another; empty for a short one."""
        return self.value[-_SHOWN:] if len(self.value) >= _LONG else ""


class SiteTokens:
    """The tokens of one root and of its environment; read anew each time.

    Args:
        environment: Variables that may hold tokens, or say where others keep theirs.
    """

    def __init__(
        self,
        settings: Settings,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        self._settings = settings
        self._environment = environment
        self._sites = {site.name: site for site in all_sites()}

    @property
    def folder(self) -> Path:
        """The folder of this user's tokens."""
        from platformdirs import user_config_path  # noqa: PLC0415 - seldom needed

        return user_config_path("modelkeep") / "tokens"

    @property
    def _old_folder(self) -> Path:
        return self._settings.root / "secrets"

    @property
    def sites(self) -> Sequence[Site]:
        """All sites, in their order."""
        return tuple(self._sites.values())

    @property
    def names(self) -> Sequence[str]:
        """The sites that a token can be given for."""
        return [name for name, site in self._sites.items() if site.takes_tokens]

    def find(self, name: str, given: str | None = None) -> HeldToken | None:
        """Return the token for the endpoint of a site, or None.

        One that another program keeps goes to the site's own hosts and to this machine only,
        never to a mirror: nobody gave it to that.

        Args:
            name: Of the site.
            given: An argument, which comes before all others.

        Raises:
            SettingsError: others can read the file that holds it, and that cannot be changed.
        """
        if given:
            return HeldToken(name, given, "the argument")
        site = self._sites.get(name)
        if site is None:
            return None
        endpoint = self.endpoints.get(name)
        return self._for_origin(site, origin_of(endpoint) if endpoint else None)

    def list(self) -> Sequence[HeldToken]:
        """Return all tokens that are found, those of one site in the order of their use."""
        return [held for name in self.names for held in self._held(self._sites[name])]

    def set(self, name: str, token: str) -> Path:
        """Keep a token in this user's config folder, for its owner alone; return its file.

        Raises:
            UsageError: no site is named so, or it is not a token.
            StorageError: it cannot be written.
        """
        site = self._known(name)
        name = site.name
        host = next(iter(sorted(site.hosts)), f"{name}.invalid")
        checked = Token(token.strip(), Origin("https", host, 443))
        paths.make_own_folder(self.folder)
        paths.set_mode(self.folder, _FOLDER_MODE)
        path = self.folder / name
        paths.write_file(path, checked.value.encode(), _FILE_MODE)
        self._forget(self._old_folder / name)
        return path

    def remove(self, name: str) -> bool:
        """Forget the token of a site that this user keeps; tell whether one was kept.

        Raises:
            UsageError: no site is named so.
            StorageError: it cannot be removed.
        """
        name = self._known(name).name
        found = [self._forget(folder / name) for folder in (self.folder, self._old_folder)]
        return any(found)

    def is_stored(self, name: str) -> bool:
        """Tell whether this user stored a token for a site."""
        return any(_is_own_file(folder / name) for folder in (self.folder, self._old_folder))

    def kept_in_root(self) -> Sequence[str]:
        """Return the sites whose token of this user is in the root, where older versions put it."""
        return [name for name in self.names if _is_own_file(self._old_folder / name)]

    def take_out_of_root(self, name: str) -> None:
        """Move the token of a site out of the root; one that this user keeps besides it stays.

        Raises:
            StorageError: it cannot be written or removed.
        """
        old = self._secret(self._old_folder, name)
        if old is not None and self._secret(self.folder, name) is None:
            self.set(name, old)
        self._forget(self._old_folder / name)

    def for_link(self, url: str) -> str | None:
        """Return the token of the site whose host a link leads to, or None.

        Raises:
            SettingsError: others can read the file that holds it, and that cannot be changed.
        """
        try:
            origin = origin_of(url)
        except UnsupportedSourceError:
            return None
        for name in self.names:
            if origin in self._origins(self._sites[name]):
                held = self._for_origin(self._sites[name], origin)
                return held.value if held else None
        return None

    @property
    def endpoints(self) -> dict[str, str]:
        """The addresses that the settings give to sites, by name of the site."""
        return endpoints_of(self._settings)

    def _origins(self, site: Site) -> frozenset[Origin]:
        own = frozenset(Origin("https", host, 443) for host in site.hosts)
        endpoint = self.endpoints.get(site.name)
        return own | {origin_of(endpoint)} if endpoint else own

    def _for_origin(self, site: Site, origin: Origin | None) -> HeldToken | None:
        is_own = origin is None or not site.hosts or origin.host in site.hosts
        is_near = is_own or (origin is not None and _is_this_machine(origin.host))
        held = self._held(site)
        return next((each for each in held if is_near or not each.is_kept_by_others), None)

    def _held(self, site: Site) -> Iterator[HeldToken]:
        for variable in site.token_variables(self._environment):
            if value := "".join(self._environment.get(variable, "").split()):
                yield HeldToken(site.name, value, f"environment {variable}")
        for folder in (self.folder, self._old_folder):
            if secret := self._secret(folder, site.name):
                yield HeldToken(site.name, secret, shown(folder / site.name))
        if kept := site.kept_token(self._environment):
            yield HeldToken(
                site.name, kept, f"stored by programs of {site.label}", is_kept_by_others=True
            )

    def _secret(self, folder: Path, name: str) -> str | None:
        path = folder / name
        if not _is_own_file(path):
            return None
        for place, mode in ((folder, _FOLDER_MODE), (path, _FILE_MODE)):
            self._close(place, mode)
        return "".join(read_text(path, _FILE_BYTES).split()) or None

    def _forget(self, path: Path) -> bool:
        is_there = _is_own_file(path)
        if is_there:
            paths.remove_file(path)
        return is_there

    def _close(self, path: Path, mode: int) -> None:
        """Take the rights of others away; what cannot be closed is not used."""
        if not stat.S_IMODE(path.stat().st_mode) & _OTHERS:
            return
        try:
            paths.set_mode(path, mode)
        except StorageError as error:
            raise SettingsError(
                f"Other users can read {shown(path)}, so its token is not used",
                hint=f"Restrict it: chmod {mode:03o} {shown(path)}",
            ) from error
        _log.warning(
            "Other users could read %s; its permissions are now restricted. If others use this "
            "machine, create a new token.",
            shown(path),
        )

    def _known(self, name: str) -> Site:
        for site in self.sites:
            if site.takes_tokens and (name == site.name or name in site.also):
                return site
        raise UsageError(
            f"{name!r} is not a site that uses tokens",
            hint=f"Sites that use tokens: {', '.join(self.names)}.",
        )


class TokensBySite(Mapping[str, str]):
    """The tokens as a mapping from the names of sites, each read when it is asked for.

    Args:
        tokens: Where they come from.
    """

    def __init__(self, tokens: SiteTokens) -> None:
        self._tokens = tokens

    def __getitem__(self, name: str) -> str:
        held = self._tokens.find(name)
        if held is None:
            raise KeyError(name)
        return held.value

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._tokens.names if self._tokens.find(name) is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return f"TokensBySite({', '.join(self)})"


def endpoints_of(settings: Settings) -> dict[str, str]:
    """Return the addresses that the settings give to sites, by name of the site.

    Raises:
        SettingsError: one of them is not an address.
    """
    given = {
        "hf_endpoint": settings.hf_endpoint,
        "civitai_endpoint": settings.civitai_endpoint,
        **{f"endpoints.{name}": address for name, address in settings.endpoints.items()},
    }
    for name, address in given.items():
        try:
            origin_of(address)
        except UnsupportedSourceError as error:
            raise SettingsError(
                f"Invalid setting {name}: {error}",
                hint=f"Set an address: modelkeep config set {name} https://...",
            ) from error
    return {
        **settings.endpoints,
        "huggingface": settings.hf_endpoint,
        "civitai": settings.civitai_endpoint,
    }


def _is_own_file(path: Path) -> bool:
    """Tell whether a file or link is there and of this user; others have tokens of their own."""
    try:
        return path.is_file() and path.lstat().st_uid == os.geteuid()
    except OSError:
        return False


def _is_this_machine(host: str) -> bool:
    address = literal(host)
    return host == "localhost" if address is None else address.is_loopback
