"""Identifying a source, and how close each rule came."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelkeep.app.explanation import explanation
from modelkeep.app.outcomes import error_json
from modelkeep.app.text import not_stated, source_text
from modelkeep.core.identity import NOT_PRINTED, Identification
from modelkeep.core.names import size_text
from modelkeep.core.reading import printable
from modelkeep.core.taxonomy import ModelType
from modelkeep.errors import ModelKeepError, UnknownModelError
from modelkeep.identification.engine import assess, identify_view, open_view
from modelkeep.identification.known_families import kind_label, load_rules
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
        error = error_json(self.error) if self.error else None
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
        view, size, name = _open(manager, source, rules)
        return identify_view(view, rules=rules, source=name, size=size)


def answer(
    manager: ModelManager, source: str | Path | StringLikeSource, *, explain: bool = False
) -> IdentifyResult:
    """Say what a source is, from headers and configs alone; they are read once.

    Args:
        manager: Of the library; says what ``source`` means.
        source: A path, whatever names a model of a site, or a source.
        explain: Also how near each rule came.
    """
    rules, view = load_rules(), None
    try:
        view, size, name = _open(manager, source, rules)
        found = identify_view(view, rules=rules, source=name, size=size)
        error = None
    except ModelKeepError as refused:
        found, error = None, refused
    assessed = assess(view, rules) if explain and view is not None else ()
    return IdentifyResult(str(source), found, error, assessed)


def _open(
    manager: ModelManager, source: str | Path | StringLikeSource, rules: RuleSet
) -> tuple[ModelView, int, str]:
    """Read what rules look at; return it with the bytes of all files and the source as text."""
    strict = manager.settings.verify != "off"
    found = source if isinstance(source, StringLikeSource) else manager.parse(source)
    if isinstance(found, LocalModelSource):
        path = Path(found.path)
        return *open_view(path, names=rules.names, strict=strict), printable(path)
    from modelkeep.install.identify_remote import open_remote_view

    sites = manager.sites
    remote = sites.look_up(found)
    with sites.explaining(remote):
        view, size = open_remote_view(
            remote, sites.context.client, names=rules.names, strict=strict
        )
    return view, size, str(remote.source)
