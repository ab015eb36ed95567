"""``Enricher``: looks models of a library up on sites by the hashes of their files.

It runs only on request, and a site receives no hash before the user has allowed it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from modelkeep.core.hashing import Progress, no_progress
from modelkeep.enrich.filling import Filler
from modelkeep.enrich.reading import BackgroundReader
from modelkeep.enrich.report import Enriched, EnrichStatus, Question
from modelkeep.enrich.targets import EnrichTarget, targets
from modelkeep.errors import JobCancelledError, ModelKeepError, SourceError, UnsupportedSourceError
from modelkeep.http.client import offline
from modelkeep.jobs.hash_lookups import HashLookups
from modelkeep.library.library import Library
from modelkeep.sources.site import RemoteModel, Site
from modelkeep.sources.sites import Sites

#: Seconds for which the answer of a site is reused.
REMEMBERED = 30 * 24 * 3600.0

#: Gets what a site would be asked; returns whether it may be. Called once for each site.
Allow = Callable[[Question], bool]


@dataclass(frozen=True)
class EnrichPlan:
    """What sites would be asked; making a plan sends nothing and reads no file.

    Attributes:
        settled: Models that no site is asked about, and why.
        known: Models whose hash is known.
        unread: Models that have to be read first.
    """

    settled: tuple[Enriched, ...]
    known: tuple[EnrichTarget, ...]
    unread: tuple[EnrichTarget, ...]
    questions: tuple[Question, ...]
    is_again: bool = False

    @property
    def unread_bytes(self) -> int:
        """Bytes that have to be read first."""
        return sum(target.size for target in self.unread)

    def to_json(self) -> dict[str, Any]:
        """Return what ``enrich --dry-run --json`` prints."""
        return {
            "sites": [question.to_json() for question in self.questions],
            "known": len(self.known),
            "unread": len(self.unread),
            "unread_bytes": self.unread_bytes,
            "settled": [one.to_json() for one in self.settled],
        }


class Enricher:
    """Asks sites about models that are here already.

    Args:
        library: Where they are recorded.
        sites: Those that can be asked; the ones that know no hashes are passed over.
    """

    def __init__(self, library: Library, sites: Sites) -> None:
        self._library = library
        self._context = sites.context
        self._sites = [site for site in sites.sites if site.hashes_at_once > 0]
        self._lookups = HashLookups(library.state)

    def plan(
        self,
        keys: Iterable[str] | None = None,
        *,
        without: Iterable[str] = (),
        again: bool = False,
    ) -> EnrichPlan:
        """Say which models sites would be asked about.

        Args:
            keys: The records; all of them when None.
            without: Names of roots that are left out, beside those whose setting ``enrich`` is
                off.
            again: Ask also about what sites were asked in the last 30 days.

        Raises:
            UnsupportedSourceError: no site knows files by hash.
            UsageError: a name in ``without`` is no root's.
            UnknownModelException: there is no record with one of the keys.
        """
        if not self._sites:
            raise UnsupportedSourceError(
                "No known site can look up models by hash",
                hint="Install a plug-in for such a site, or name the source of a model.",
            )
        memory = _Memory(self._lookups, self._sites, again=again)
        settled: list[Enriched] = []
        chosen: list[EnrichTarget] = []
        for one in targets(self._library, keys, without):
            answer = memory.answer(one) if isinstance(one, EnrichTarget) else one
            if answer is not None:
                settled.append(answer)
            elif isinstance(one, EnrichTarget):
                chosen.append(one)
        known = tuple(one for one in chosen if one.sha256 is not None)
        unread = tuple(one for one in chosen if one.sha256 is None)
        questions = (self._question(site, known, len(unread), memory) for site in self._sites)
        return EnrichPlan(
            tuple(settled),
            known,
            unread,
            tuple(q for q in questions if q.hashes or q.unread),
            is_again=again,
        )

    def run(
        self,
        plan: EnrichPlan,
        allow: Allow,
        progress: Progress = no_progress,
    ) -> Generator[Enriched, None, None]:
        """Ask the sites and fill in their data; yield each model when it is done.

        Stopping early keeps what was done: computed hashes, data of sites, and what they lack.

        Args:
            plan: What is asked.
            allow: Asked once for each site that was never allowed to get hashes.
            progress: Called with the bytes read, in another thread; may raise to stop.

        Raises:
            DownloadError: the settings forbid to use the network.
        """
        yield from plan.settled
        if not plan.known and not plan.unread:
            return
        sites = self._allowed(plan, allow)
        if not sites:
            for one in (*plan.known, *plan.unread):
                yield _ended(one, EnrichStatus.SKIPPED, detail="no site is allowed to be asked")
            return
        memory = _Memory(self._lookups, sites, again=plan.is_again)
        filler = Filler(self._library, self._lookups, self._context.client)
        round_ = _Round(sites, self._context, self._lookups, memory, filler)
        with BackgroundReader(self._library, plan.unread, progress) as reading:
            yield from round_.ask(plan.known)
            came = reading.results()
            while batch := list(islice(came, max(site.hashes_at_once for site in sites))):
                yield from (one for one in batch if isinstance(one, Enriched))
                read = [one for one in batch if isinstance(one, EnrichTarget)]
                answers = [memory.answer(one) for one in read]
                yield from (one for one in answers if one is not None)
                yield from round_.ask(
                    [one for one, answer in zip(read, answers, strict=True) if answer is None]
                )

    def _question(
        self, site: Site, known: Sequence[EnrichTarget], unread: int, memory: _Memory
    ) -> Question:
        hashes = {one.sha256 for one in known if one.sha256 not in memory.absent[site.name]}
        address = self._context.endpoints.get(site.name) or next(iter(sorted(site.hosts)), "")
        is_allowed = self._lookups.may_ask(site.name)
        return Question(site.name, site.label, address, len(hashes), unread, is_allowed)

    def _allowed(self, plan: EnrichPlan, allow: Allow) -> list[Site]:
        names = {q.site for q in plan.questions}
        if self._context.client.is_offline and plan.questions:
            raise offline(plan.questions[0].address)
        allowed = {q.site for q in plan.questions if q.is_allowed or allow(q)}
        return [site for site in self._sites if site.name in names & allowed]

    def remember(self, site: str) -> None:
        """Store that a site may receive hashes, now and later."""
        self._lookups.allow(site)


class _Memory:
    """Recent answers of sites."""

    def __init__(self, lookups: HashLookups, sites: Sequence[Site], *, again: bool) -> None:
        since = time.time() - REMEMBERED
        names = [site.name for site in sites]
        self.absent = {name: {} if again else lookups.absent(name, since) for name in names}
        self._answers = (
            {} if again else {k: t for k, t in lookups.answers().items() if t.at > since}
        )

    def answer(self, one: EnrichTarget) -> Enriched | None:
        """Return what is remembered of a model; None where a site has to be asked."""
        earlier = self._answers.get(one.key)
        if earlier is not None and earlier.sha256 == one.sha256:
            text = f"asked on {_day(earlier.at)}; use --again to ask now"
            return _ended(one, EnrichStatus.UNCHANGED, site=earlier.site, detail=text)
        times = [absent.get(one.sha256 or "") for absent in self.absent.values()]
        if any(at is None for at in times):
            return None
        oldest = min(at for at in times if at is not None)
        return _ended(
            one, EnrichStatus.NOT_THERE, detail=f"asked on {_day(oldest)}; use --again to ask now"
        )


class _Round:
    """Asks the sites in turn, each about the hashes that none before it knew."""

    def __init__(
        self,
        sites: Sequence[Site],
        context: Any,
        lookups: HashLookups,
        memory: _Memory,
        filler: Filler,
    ) -> None:
        self._sites = sites
        self._context = context
        self._lookups = lookups
        self._memory = memory
        self._filler = filler
        self._failed: dict[str, SourceError] = {}

    def ask(self, batch: Sequence[EnrichTarget]) -> Iterator[Enriched]:
        """Yield the result for each model of a batch."""
        left: dict[str, list[EnrichTarget]] = {}
        for one in batch:
            left.setdefault(one.sha256 or "", []).append(one)
        for site in self._sites:
            absent = self._memory.absent[site.name]
            wanted = iter([sha256 for sha256 in left if sha256 not in absent])
            while hashes := list(islice(wanted, site.hashes_at_once)):
                for sha256, remote in self._answers(site, hashes).items():
                    for one in left.pop(sha256, ()):
                        yield self._filled(one, site, remote)
        for one in (one for same in left.values() for one in same):
            yield self._not_found(one)

    def _answers(self, site: Site, hashes: list[str]) -> dict[str, RemoteModel]:
        """Ask one site once; one that has failed is not asked again."""
        if site.name in self._failed:
            return {}
        try:
            answers = site.by_hashes(hashes, self._context)
        except SourceError as error:
            self._failed[site.name] = error
            return {}
        found = {sha256.lower(): remote for sha256, remote in answers.items()}
        found = {sha256: found[sha256] for sha256 in hashes if sha256 in found}
        gone = [each for each in hashes if each not in found]
        self._lookups.note_absent(site.name, gone)
        self._memory.absent[site.name] |= dict.fromkeys(gone, time.time())
        return found

    def _filled(self, one: EnrichTarget, site: Site, remote: RemoteModel) -> Enriched:
        try:
            changed = self._filler.fill(one.key, one.sha256 or "", site, remote)
        except JobCancelledError:
            raise
        except ModelKeepError as error:
            return _ended(one, EnrichStatus.FAILED, site=site.name).failed(error)
        status = EnrichStatus.FOUND if changed else EnrichStatus.UNCHANGED
        done = _ended(one, status, site=site.name)
        return replace(done, source=str(remote.source), changed=changed)

    def _not_found(self, one: EnrichTarget) -> Enriched:
        for name, error in self._failed.items():
            if one.sha256 in self._memory.absent[name]:
                continue
            return _ended(one, EnrichStatus.FAILED, site=name).failed(error)
        return _ended(one, EnrichStatus.NOT_THERE)


def _ended(
    one: EnrichTarget, status: EnrichStatus, *, site: str | None = None, detail: str = ""
) -> Enriched:
    return Enriched(one.key, one.name, status, site, detail=detail)


def _day(seconds: float) -> str:
    return time.strftime("%Y-%m-%d", time.localtime(seconds))
