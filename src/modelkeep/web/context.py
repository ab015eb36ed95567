"""``WebContext``: what the routes of one server share."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field
from typing import Annotated

from anyio import CapacityLimiter
from fastapi import Depends, Request

from modelkeep.app.background_loads import BackgroundLoads
from modelkeep.app.foreign_jobs import ForeignJobs
from modelkeep.app.manager import ModelManager
from modelkeep.install.job import ModelInstallJob
from modelkeep.settings import Settings
from modelkeep.web.events.hub import EventHub
from modelkeep.web.notices import Notices
from modelkeep.web.pauses import Moment
from modelkeep.web.ready import ReadyAnswers
from modelkeep.web.selections import Selections
from modelkeep.web.settling import Settling
from modelkeep.web.site_pictures import SitePictures
from modelkeep.web.traffic import Traffic

_DRAWN_AT_A_TIME = 2
_LOADED_AT_A_TIME = 4


@dataclass(frozen=True, slots=True, eq=False)
class WebContext:
    """What the routes of one server share.

    Attributes:
        manager: The services of the root; its event bus is ``hub``.
        hub: Gathers the events.
        background_loads: Those that pages have begun.
        is_ready: Set once recovery is done.
        answers: What was answered about models in the present state of the catalogue.
        drawing: Lets few pictures be decoded at a time: one may take 300 MB.
        states: The present state of the catalogue.
        traffic: Counts requests.
        fetching: Repositories that are being installed because somebody asked the mirror for them.
        fetched_alone: Lets one request at a time have something of a repository installed.
        notices: What pages are about to tell.
        selections: Models that are selected on pages.
        pictures: Those of sites that pages may show.
        settling: Brings pieces of uploads to the disk.
        loading: Lets few models be loaded at a time, so that threads are left for other requests.
    """

    manager: ModelManager
    hub: EventHub
    background_loads: BackgroundLoads
    is_ready: threading.Event = field(default_factory=threading.Event)
    answers: ReadyAnswers = field(default_factory=ReadyAnswers)
    states: Moment[None, int] = field(default_factory=Moment)
    drawing: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(_DRAWN_AT_A_TIME))
    traffic: Traffic = field(default_factory=Traffic)
    fetching: dict[str, asyncio.Task[ModelInstallJob]] = field(default_factory=dict)
    fetched_alone: dict[str, asyncio.Lock] = field(default_factory=dict)
    notices: Notices = field(default_factory=Notices)
    selections: Selections = field(default_factory=Selections)
    pictures: SitePictures = field(default_factory=SitePictures)
    settling: Settling = field(default_factory=Settling)
    loading: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(_LOADED_AT_A_TIME))

    @classmethod
    def open(cls, settings: Settings) -> WebContext:
        """Return one for a root; its services are made when they are first used.

        None of them settles what earlier runs left: ``recover`` does that in the background, so
        that no request waits for it.
        """
        hub = EventHub()
        takes_over = not settings.read_only
        manager = ModelManager(settings, event_bus=hub, takes_over=takes_over, recovers=False)
        others = ForeignJobs(manager)
        hub.on_listening(others.begin, others.end)
        return cls(manager, hub, BackgroundLoads(manager))

    @property
    def settings(self) -> Settings:
        """Those of the root."""
        return self.manager.settings


def shared_by(request: Request) -> WebContext:
    """Return what the routes of this server share."""
    found: WebContext = request.app.state.context
    return found


async def context_of(request: Request) -> WebContext:
    """Return the same, for FastAPI, which gives each that is not ``async`` a thread."""
    return shared_by(request)


#: Of a route: ``def route(context: Context)``.
Context = Annotated[WebContext, Depends(context_of)]
