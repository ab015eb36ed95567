"""Identifying a source, and how close each rule came."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelkeep.app.explanation import explanation
from modelkeep.app.outcomes import error_json
from modelkeep.app.text import not_stated, source_text
from modelkeep.core.hashing import Progress, hash_file
from modelkeep.core.hearsay import Hearsay
from modelkeep.core.identity import NOT_PRINTED, Identification
from modelkeep.core.names import full_path, size_text
from modelkeep.core.reading import printable
from modelkeep.core.taxonomy import ModelType
from modelkeep.errors import AmbiguousModelError, ModelKeepError, UnknownModelError
from modelkeep.identification.engine import assess, identify_view, open_view
from modelkeep.identification.known_families import kind_label, load_rules
from modelkeep.identification.known_hashes import may_be_published
from modelkeep.sources.local import LocalModelSource
from modelkeep.sources.string_like import StringLikeSource

if TYPE_CHECKING:
    from modelkeep.app.manager import ModelManager
    from modelkeep.identification.rule_set import RuleSet
    from modelkeep.identification.rules import Assessment
    from modelkeep.identification.view import ModelView
    from modelkeep.settings import Settings

_NO_FIELDS: dict[str, Any] = {"missing": [], "trigger_phrases": [], "evidence": []}


@dataclass(frozen=True, slots=True)
class IdentifyResult:
    """What a source is.

    Attributes:
        found: What it is; None with ``error``.
        error: Why that is not known.
        rules: How near each rule came, the nearest first; empty where nothing could be read.
    """

    source: str
    found: Identification | None = None
    error: ModelKeepError | None = None
    rules: tuple[Assessment, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        source = {"source": source_text(self.source)}
        if self.found is not None:
            return {**self.found.to_json(), **source}
        names = [n for n in Identification.__dataclass_fields__ if n not in NOT_PRINTED]
        kind = "unknown" if isinstance(self.error, UnknownModelError) else None
        error: dict[str, Any] | None = error_json(self.error) if self.error else None
        if error is not None and isinstance(self.error, AmbiguousModelError):
            kind = self.error.looks_like or None
            error["candidates"] = list(self.error.candidates)
        return {**dict.fromkeys(names), **source, "type": kind, **_NO_FIELDS, "error": error}

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def reasons(self, *, is_whole: bool = False) -> Iterator[str]:
        """Yield why it is that: evidence, rules that fit and the nearest that do not, or all."""
        return explanation(self.found, self.rules, is_whole=is_whole)

    def _lines(self) -> Iterator[str]:
        found = self.found
        if found is None:
            yield f"{printable(self.source)}: {self.error}"
            return
        what = kind_label(found.type, found.base, found.variant or "")
        yield f"{printable(self.source)}: {what}, {found.format}, {size_text(found.size)}"
        facts = {
            "predicts": found.prediction_type or self._usual(found),
            "lineage": found.lineage,
            "quantised": found.quantization,
            "weights": found.repo_variant,
            "missing": ", ".join(found.missing),
            "triggers": ", ".join(found.trigger_phrases),
            **dict(found.training.lines() if found.training is not None else ()),
        }
        for name, value in facts.items():
            if value:
                yield f"  {name:<9} {value}"

    @staticmethod
    def _usual(found: Identification) -> str:
        is_main = found.type in {ModelType.Main, ModelType.ONNX}
        return not_stated(found.base, str(found.variant)) if is_main else ""


def identify(source: str | Path, *, settings: Settings | None = None) -> Identification:
    """Say what a model is, from headers and configs alone; nothing is changed or run.

    Of a model on the network only the headers are fetched, by ranges.

    Args:
        source: Path of a model file or folder, or whatever names a model of a site.
        settings: Of a root; those of the file and the environment when None.

    Raises:
        UnknownModelError: no rule fits; says what it looks like.
        AmbiguousModelError: several rules fit.
        UnsafeModelError: loading it would run code.
        CorruptModelError: it is truncated, lying or over a limit.
        SourceError: it does not exist or cannot be read, or its site does not give it.
    """
    from modelkeep.app.manager import ModelManager

    rules = load_rules()
    with ModelManager(settings, takes_over=False) as manager:
        return _judged(manager, _open(manager, source, rules), rules)


def answer(
    manager: ModelManager,
    source: str | Path | StringLikeSource,
    *,
    explain: bool = False,
    hash_with: Progress | None = None,
) -> IdentifyResult:
    """Say what a source is, from headers and configs alone; they are read once.

    Args:
        manager: Of the library; says what ``source`` means.
        source: A path, whatever names a model of a site, or a source.
        explain: Also how near each rule came.
        hash_with: Read a file of this disk whole, which may show that it is a published one. It
            is told of every piece, and may raise to stop. The file is not read when None.
    """
    rules, seen = load_rules(), None
    try:
        seen = _open(manager, source, rules)
        if hash_with is not None:
            seen = _hashed(seen, hash_with)
        found = _judged(manager, seen, rules)
        error = None
    except ModelKeepError as refused:
        found, error = None, refused
    assessed = assess(seen.view, rules) if explain and seen is not None else ()
    return IdentifyResult(str(source), found, error, assessed)


@dataclass(frozen=True, slots=True)
class _Subject:
    """What is known of a source before the rules are asked.

    Attributes:
        size: Bytes of all its files.
        name: What messages call it.
        told: What others say of it.
        file: Where it lies; None for a folder and for a model on the network.
    """

    view: ModelView
    size: int
    name: str
    told: Hearsay
    file: Path | None = None

    def identify(self, rules: RuleSet, told: Hearsay) -> Identification:
        return identify_view(self.view, rules=rules, source=self.name, size=self.size, told=told)


def _open(manager: ModelManager, source: str | Path | StringLikeSource, rules: RuleSet) -> _Subject:
    strict = manager.settings.verify != "off"
    found = source if isinstance(source, StringLikeSource) else manager.parse(source)
    if isinstance(found, LocalModelSource):
        from modelkeep.library.told import told_beside

        path = Path(found.path)
        view, size = open_view(path, names=rules.names, strict=strict)
        told = told_beside(full_path(path))
        return _Subject(view, size, printable(path), told, None if view.is_folder else path)
    from modelkeep.install.identify_remote import open_remote_view
    from modelkeep.sources.told import told_by_site

    sites = manager.sites
    remote = sites.look_up(found)
    with sites.explaining(remote):
        view, size = open_remote_view(
            remote, sites.context.client, names=rules.names, strict=strict
        )
    return _Subject(view, size, str(remote.source), told_by_site(remote))


def _hashed(seen: _Subject, progress: Progress) -> _Subject:
    """Return what is known of a source, with the hash of its file."""
    if seen.file is None:
        return seen
    sha256 = hash_file(seen.file, ("sha256",), progress).sha256 or ""
    return replace(seen, told=replace(seen.told, sha256=sha256, sha256_by=""))


def _judged(manager: ModelManager, seen: _Subject, rules: RuleSet) -> Identification:
    """Identify a source; the catalogue is opened only where a hash in it may tell more."""
    try:
        found = seen.identify(rules, seen.told)
    except (UnknownModelError, AmbiguousModelError):
        told = _recorded(manager, seen)
        if told == seen.told:
            raise
        return seen.identify(rules, told)
    if not may_be_published(found.type, found.base):
        return found
    told = _recorded(manager, seen)
    return found if told == seen.told else seen.identify(rules, told)


def _recorded(manager: ModelManager, seen: _Subject) -> Hearsay:
    """Return what others say of a file, with the hash that the catalogue has of these bytes."""
    from modelkeep.library.told import with_recorded_hash
    from modelkeep.records.locations import catalogue_file

    is_computed = seen.told.sha256 and not seen.told.sha256_by
    if seen.file is None or is_computed or not catalogue_file(manager.settings).is_file():
        return seen.told
    rows = manager.records.find_files(size=seen.size)
    return with_recorded_hash(seen.told, (row for _, row in rows), seen.file)
