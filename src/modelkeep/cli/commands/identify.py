"""``identify``: say what models are, changing nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from modelkeep.cli.session import Session, message_of
from modelkeep.cli.words import Sources, VerifyOption, named, status_of
from modelkeep.core.identity import NOT_PRINTED, Identification
from modelkeep.core.names import size_text
from modelkeep.core.reading import printable
from modelkeep.core.taxonomy import type_label
from modelkeep.errors import ModelKeepError, UnknownModelError, hint_of
from modelkeep.identification.known_families import base_label

_NOTHING: dict[str, Any] = {"trigger_phrases": [], "evidence": []}
#: Rules that nearly fit and are told of.
_NEAREST = 3


def identify(
    ctx: typer.Context,
    sources: Sources,
    explain: Annotated[
        bool, typer.Option("--explain", help="Tell the reasons, also of rules that nearly fit.")
    ] = False,
    verify: VerifyOption = None,
) -> int:
    """Say what models are, from headers and configs alone; nothing is changed or run."""
    from modelkeep.app.manager import identify as identify_source

    session = ctx.ensure_object(Session)
    if verify is not None:
        session.options["verify"] = verify
    settings = session.settings
    failed = 0
    for source in sources:
        try:
            found = identify_source(source, settings=settings)
        except ModelKeepError as error:
            failed += 1
            _print_error(session, source, error)
        else:
            _print_found(session, source, found, explain=explain)
        if explain and not session.json:
            _print_rules(session, source)
    return status_of(failed, len(sources))


def _print_found(session: Session, source: str, found: Identification, *, explain: bool) -> None:
    if session.json:
        session.print_json({**found.to_json(), "source": named(source)})
        return
    variant = f" {found.variant}" if found.variant and found.variant != "normal" else ""
    session.print(
        f"{printable(source)}: {type_label(found.type)} for {base_label(found.base)}{variant}, "
        f"{found.format}, {size_text(found.size)}"
    )
    facts = {
        "predicts": found.prediction_type,
        "lineage": found.lineage,
        "quantised": found.quantization,
        "weights": found.repo_variant,
        "triggers": ", ".join(found.trigger_phrases),
    }
    for name, value in facts.items():
        if value:
            session.print(f"  {name:<10}{value}")
    if explain:
        for reason in found.evidence:
            session.print(f"  because   {reason.detail} ({reason.kind})")


def _print_error(session: Session, source: str, error: ModelKeepError) -> None:
    if session.json:
        session.print_json(_error_line(source, error))
    else:
        session.report(error, named(source))


def _error_line(source: str, error: ModelKeepError) -> dict[str, Any]:
    fields = dict.fromkeys(Identification.__dataclass_fields__)
    for hidden in NOT_PRINTED:
        del fields[hidden]
    what = {"kind": type(error).__name__, "message": message_of(error), "hint": hint_of(error)}
    kind = "unknown" if isinstance(error, UnknownModelError) else None
    return {**fields, "source": named(source), "type": kind, **_NOTHING, "error": what}


def _print_rules(session: Session, source: str) -> None:
    """Tell of every rule that held or nearly held."""
    from modelkeep.identification.engine import explain_path
    from modelkeep.identification.known_families import load_rules

    try:
        assessments = explain_path(Path(source).expanduser(), rules=load_rules())
    except ModelKeepError:
        return  # told already: the file cannot be read
    nearest = [a for a in assessments if a.missing][:_NEAREST]
    for assessment in [a for a in assessments if not a.missing] + nearest:
        mark = "fits" if not assessment.missing else "no"
        session.print(f"  rule {assessment.rule.name}: {mark}")
        for held in assessment.held:
            session.print(f"    + {held.detail}")
        for missing in assessment.missing:
            session.print(f"    - {missing}")
