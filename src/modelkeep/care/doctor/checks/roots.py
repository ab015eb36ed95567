"""Roots: the folders that hold models are there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from modelkeep.care.doctor.finding import Finding
from modelkeep.care.doctor.patient import Patient
from modelkeep.core.roots import MODELS_ROOT


def check_roots(patient: Patient) -> Iterator[Finding]:
    """Every root that is registered, or that records are in, is there."""
    presence = patient.presence
    if presence is None:
        return
    counts = Counter(config.root for config in (patient.models or {}).values())
    for name in sorted({MODELS_ROOT, *patient.settings.roots, *counts}):
        if why := presence.why_offline(name):
            is_known = presence.folder_of(name) is not None
            yield Finding(
                "root_offline" if is_known else "root_unknown",
                name,
                f"The root {name}, with {counts[name]} model(s), is offline. {why}",
                presence.hint_for(name),
            )
