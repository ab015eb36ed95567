"""The same small model on each site, and the doors through which a site is asked for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from faults.pages import Page, Request, status
from modelkeep.app.manager import ModelManager
from modelkeep.install.identify_remote import identify_remote_model
from modelkeep.install.planning import plan_remote
from sites import models
from sites.civitai import CivitaiServer
from sites.civitai_models import File, Model, Version
from sites.fixtures import Environment
from sites.hub import COMMIT, Account, HubServer
from sites.modelscope import ModelScopeServer
from sites.server import SiteServer
from support.waiting import PATIENCE

TOKEN = "planted5eCr3tValue0123456789"
LORA = models.sdxl_lora()
REPO = "someone/paper"
FILE = "paper.safetensors"


class LinkServer(SiteServer):
    """A server with one file, which it calls as it likes.

    Attributes:
        told: The file's name in ``Content-Disposition``.
    """

    told = ""

    def answer(self, request: Request) -> Page:
        """Send to the file."""
        if request.path != f"/files/{FILE}":
            return status(404, body=b"no such file")
        return self.to_file(LORA, name=self.told)


def lora_model() -> Model:
    """Return the model as Civitai has it."""
    file = File(31, FILE, LORA, primary=True)
    return Model(11, [Version(21, [file], base="SDXL 1.0")])


@dataclass
class Place:
    """One site that has the model.

    Attributes:
        site: Name of the site.
        server: Answers for it.
        text: What people type for the model.
        api: What the paths of its API begin with.
        file: What the paths of its files begin with.
        lists: Makes the site say that the model has one more file of this name.
        variable: Where its token is set; empty for the plain link, to which it is given.
        accepts: Makes the site know the token.
        environment: Leads to the site.
        manager: The library.
        patch: Undone at the end of the test.
    """

    site: str
    server: SiteServer
    text: str
    api: str
    file: str
    lists: Callable[[str], None]
    environment: Environment
    manager: ModelManager
    patch: pytest.MonkeyPatch
    variable: str = ""
    accepts: Callable[[], None] = field(default=lambda: None)

    def token(self) -> str | None:
        """Have the site know a token, and set it; return it where it has to be given instead."""
        self.accepts()
        if not self.variable:
            return TOKEN
        self.patch.setenv(self.variable, TOKEN)
        return None

    @property
    def paths(self) -> list[str]:
        """Where faults are planted: the API, and the address of the file."""
        return list(dict.fromkeys((self.api, self.file)))

    def installed(self) -> list[Path]:
        """Return the files of installed models, and whatever else lies where they should."""
        top = self.manager.settings.models_dir
        found = [path for path in top.rglob("*") if path.is_file()]
        return [path for path in found if not path.relative_to(top).parts[0].startswith(".")]

    def source(self, token: str | None = None) -> Any:
        """Return what the text means."""
        return self.manager.sites.parse(self.text, token=token)


def make_place(
    site: str, environment: Environment, servers: dict[str, SiteServer], patch: pytest.MonkeyPatch
) -> Place:
    """Put the model on a site.

    Args:
        site: Which one.
        environment: Its settings lead there.
        servers: By name of the site.
        patch: Leads to the sites that no setting leads to.
    """
    server, manager = servers[site], environment.manager()
    if isinstance(server, HubServer):
        hub = server
        repo = hub.add(REPO, {FILE: LORA})
        return Place(
            site, server, REPO, f"/api/models/{REPO}", f"/{REPO}/resolve/{COMMIT}/",
            lambda name: repo.more.update(siblings=_siblings(repo.said(sizes=True), name)),
            environment, manager, patch, "HF_TOKEN",
            lambda: hub.accounts.update({TOKEN: Account()}),
        )  # fmt: skip
    if isinstance(server, ModelScopeServer):
        scope = server
        patch.setattr("modelkeep.sources.modelscope.ModelScope.endpoint", server.endpoint)
        listed = scope.add(REPO, {FILE: LORA})
        return Place(
            site, server, f"ms:{REPO}", "/api/v1/models/", f"/models/{REPO}/resolve/",
            lambda name: listed.files.update({name: LORA}),
            environment, manager, patch, "MODELSCOPE_API_TOKEN", lambda: scope.tokens.add(TOKEN),
        )  # fmt: skip
    if isinstance(server, CivitaiServer):
        civitai = server
        [file] = civitai.add(lora_model()).versions[0].files
        return Place(
            site, server, "civitai:11@21", "/api/v1/", "/api/download/models/",
            lambda name: setattr(file, "name", name),
            environment, manager, patch, "CIVITAI_API_TOKEN", lambda: civitai.tokens.add(TOKEN),
        )  # fmt: skip
    assert isinstance(server, LinkServer)
    link, path = server, f"/files/{FILE}"

    def call(name: str) -> None:
        link.told = name

    url = server.server.url(path)
    return Place(site, server, url, path, path, call, environment, manager, patch)


def _siblings(said: dict[str, Any], name: str) -> list[dict[str, Any]]:
    first = said["siblings"][0]
    return [first, {**first, "rfilename": name}]


Door = Callable[[Place, str | None], Any]


def look_up(place: Place, token: str | None = None) -> Any:
    """Ask the site for everything but the bytes."""
    return place.manager.sites.look_up(place.source(token))


def identify(place: Place, token: str | None = None) -> Any:
    """Tell what the model is from its header."""
    sites = place.manager.sites
    return identify_remote_model(sites.look_up(place.source(token)), sites.context.client)


def plan(place: Place, token: str | None = None) -> Any:
    """Say what an install would do."""
    library = place.manager.installer.library
    planned = plan_remote(library, place.manager.sites, place.source(token), {})
    if planned.error is not None:
        raise planned.error
    return planned


def install(place: Place, token: str | None = None) -> Any:
    """Install the model, and look at what there is afterwards."""
    installer = place.manager.installer
    job = installer.import_model(place.source(token))
    installer.wait_for_installs(PATIENCE)
    assert job.is_settled, f"it never ended: {job.status}"
    if job.exception is not None:
        assert job.errored
        assert place.installed() == []
        installer.prune_jobs()
        staging = place.manager.settings.staging_dir
        assert not staging.exists() or list(staging.iterdir()) == [], "nothing stays for nobody"
        raise job.exception
    assert job.config_out is not None
    assert [path.read_bytes() for path in place.installed()] == [LORA]
    place.manager.installer.unconditionally_delete(job.config_out.key)
    return job


def search(place: Place, token: str | None = None) -> Any:
    """Look for the model."""
    del token
    return place.manager.sites.search("paper", place.site)
