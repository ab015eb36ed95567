"""``TransferOptions``: the time limits, connections and checks of a transfer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self

from modelkeep.errors import UnsupportedSourceError
from modelkeep.http.urls import Origin, origin_of

if TYPE_CHECKING:
    from modelkeep.settings import Settings

MIB = 1 << 20

#: What a wrong hash does: end the download, log a warning, or nothing (no hash is computed).
Verify = Literal["strict", "warn", "off"]


@dataclass(frozen=True, slots=True)
class TransferOptions:
    """Limits of one transfer; all times are seconds.

    Attributes:
        segments: Connections that may fetch parts of one file at once.
        tries: How often one range is requested before the download fails.
        connect_timeout: For a connection to be accepted.
        first_byte_timeout: From a request to the head of its answer.
        idle_timeout: Between two pieces of a body.
        min_speed: Bytes each second below which a connection counts as stuck.
        min_speed_time: How long it may stay below.
        retry_after_cap: The longest wait that a server may ask for.
        backoff_base: The longest wait before the second try; it doubles with each further one.
        backoff_cap: The longest wait that it doubles to.
        max_redirects: Hops that one request may take.
        min_segment: Bytes below which no piece is split before it is known how fast it comes.
        verify: What a wrong hash does.
        preserve_partial: Keep the downloaded bytes when a download is cancelled.
        allow_private_hosts: Hosts of a private network that a redirect may lead to, and that
            requests over HTTP may reach on any port.
        endpoints: Addresses of sites that the settings name: requests over HTTP reach them too.
    """

    segments: int = 8
    tries: int = 5
    connect_timeout: float = 10.0
    first_byte_timeout: float = 30.0
    idle_timeout: float = 60.0
    min_speed: float = 1024.0
    min_speed_time: float = 60.0
    retry_after_cap: float = 600.0
    backoff_base: float = 0.5
    backoff_cap: float = 30.0
    max_redirects: int = 10
    min_segment: int = MIB
    verify: Verify = "strict"
    preserve_partial: bool = True
    allow_private_hosts: tuple[str, ...] = ()
    endpoints: frozenset[Origin] = frozenset()

    @classmethod
    def of_settings(cls, settings: Settings) -> Self:
        """Return the limits that the settings of a root ask for."""
        return cls(
            segments=settings.segments,
            verify=settings.verify,
            allow_private_hosts=tuple(settings.allow_private_hosts),
            endpoints=frozenset(_origins(settings)),
        )


def _origins(settings: Settings) -> Iterator[Origin]:
    named = (settings.hf_endpoint, settings.civitai_endpoint, *settings.endpoints.values())
    for address in named:
        # What is no address is said where the site is asked.
        with suppress(UnsupportedSourceError):
            yield origin_of(address)
