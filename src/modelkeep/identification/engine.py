"""Identification: every rule is checked, and exactly one may hold."""

from __future__ import annotations

import stat
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from modelkeep.core.base_names import BaseNames
from modelkeep.core.commands import command
from modelkeep.core.hearsay import NO_HEARSAY, Hearsay
from modelkeep.core.identity import FileForm, Identification, default_description
from modelkeep.core.reading import LocalFile, ReadAt, printable, unreadable
from modelkeep.core.taxonomy import BaseModelType, ModelVariantType, type_label
from modelkeep.core.weight_names import MODEL_SUFFIXES, is_generic, model_suffix
from modelkeep.errors import (
    AmbiguousModelError,
    CorruptModelError,
    InvalidModelException,
    UnknownModelError,
    UnreadableSourceError,
)
from modelkeep.identification import facts
from modelkeep.identification.appearance import appearance
from modelkeep.identification.contenders import fits_of, settle
from modelkeep.identification.header import TensorHeader
from modelkeep.identification.known_families import load_rules
from modelkeep.identification.opinions import (
    Opinion,
    heard,
    opinions_of,
    published,
    said,
)
from modelkeep.identification.readers.detect import container_of, read_header
from modelkeep.identification.readers.folder import FolderHeader
from modelkeep.identification.rule_set import RuleSet
from modelkeep.identification.rules import Assessment, Match
from modelkeep.identification.twins import twin_evidence
from modelkeep.identification.view import DeclaredBase, ModelView, TensorView

_NEAREST = 3
#: More than any config of the original code has.
_CONFIG_BYTES = 1 << 16


def identify(
    source: str | Path, *, rules: RuleSet | None = None, strict: bool = True
) -> Identification:
    """Identify the model file or folder at ``source`` from headers and configs alone.

    Args:
        source: A local path.
        rules: Rules to use; those of all known families when None.
        strict: Refuse folders whose weight files are empty.

    Raises:
        SourceNotFoundError: nothing lies there.
        UnreadableSourceError: it may not be read, or is neither file nor folder.
        CorruptModelError: it is truncated, empty or inconsistent.
        UnsafeModelError: loading it would run code.
        UnknownModelError: no rule matches; says what it looks like.
        AmbiguousModelError: several rules match and none has precedence.
    """
    return identify_path(Path(source), rules=rules or load_rules(), strict=strict)


def identify_path(
    path: Path, *, rules: RuleSet, strict: bool = True, told: Hearsay = NO_HEARSAY
) -> Identification:
    """Identify the file or folder at ``path``; see ``identify`` and ``identify_view``."""
    view, size = open_view(path, names=rules.names, strict=strict)
    return identify_view(view, rules=rules, source=printable(path), size=size, told=told)


def form_of(path: Path) -> FileForm:
    """Return what a file is on the disk that no rule knows; an empty form where nothing tells.

    Raises:
        SourceNotFoundError, UnreadableSourceError: it cannot be read.
    """
    if path.is_dir():
        return FileForm()
    with LocalFile(path) as file:
        container = container_of(file)
        if container in {"safetensors", "pickle", "gguf"}:
            with suppress(InvalidModelException):
                return facts.file_form(TensorView(read_header(file)))
    return FileForm(container, "denoiser" if container == "gguf" else "")


def open_view(path: Path, *, names: BaseNames, strict: bool = True) -> tuple[ModelView, int]:
    """Read what rules look at, and the size of all files in bytes.

    Args:
        path: The file or folder.
        names: What the bases are called in headers.
        strict: Refuse folders whose weight files are empty.

    Raises:
        SourceNotFoundError: as ``identify``, and so on for the others.
    """
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise unreadable(path, error) from error
    full = Path(path.absolute())
    if stat.S_ISDIR(mode):
        name = full.resolve().name if full.name in {"", "..", "."} else full.name
        folder = FolderHeader(path, strict=strict)
        return ModelView(name, _hints(full, name), folder=folder, names=names), folder.size
    if not stat.S_ISREG(mode):
        raise UnreadableSourceError(
            f"{printable(path)} is neither a file nor a folder",
            hint="Pass a model file or a model folder.",
        )
    with LocalFile(path) as file:
        hints, header = _hints(full, full.stem), _header_of(file)
        config = _original_config(path)
        view = ModelView(full.stem, hints, header=header, names=names, original_config=config)
        return view, file.size


def identify_view(
    view: ModelView, *, rules: RuleSet, source: str, size: int, told: Hearsay = NO_HEARSAY
) -> Identification:
    """Identify the model that a view shows.

    Args:
        view: The model.
        rules: Of all families.
        source: What messages call it.
        size: Bytes of all its files.
        told: What others say of it. It tells what tensors and header leave open.

    Raises:
        UnknownModelError: no rule matches; the nearest are named.
        AmbiguousModelError: several rules match and none has precedence.
    """
    opinions = opinions_of(told, rules.names)
    match = decide(view, rules, source, opinions)
    return _describe(view, match, rules, source=source, size=size, opinions=opinions)


def assess(view: ModelView, rules: RuleSet) -> tuple[Assessment, ...]:
    """Return every rule for this kind of source with its reasons, the nearest first."""
    assessed = [r.assess(view) for r in rules if r.is_for_folders == view.is_folder]
    return tuple(
        sorted(assessed, key=lambda a: (not a.holds, -a.nearness, len(a.missing), a.rule.name))
    )


def _header_of(file: ReadAt) -> TensorHeader:
    if file.size == 0:
        raise CorruptModelError(
            f"{file.name} is empty", hint="Download the file again from its source."
        )
    return read_header(file)


def _original_config(path: Path) -> str:
    """Return the text of the ``.yaml`` beside a file, as A1111 looks for it; empty without one."""
    config = path.with_suffix(".yaml")
    try:
        if config == path or not config.is_file() or config.stat().st_size > _CONFIG_BYTES:
            return ""
        return config.read_text(encoding="utf-8", errors="replace")
    except OSError:  # nothing that the model needs
        return ""


def _hints(path: Path, name: str) -> list[str]:
    return [name, path.parent.name] if is_generic(name) else [name]


def decide(view: ModelView, rules: RuleSet, source: str, opinions: Sequence[Opinion] = ()) -> Match:
    """Return the one match that no other takes precedence over.

    Where the header names no base, what others say of the model counts as if it did, once the
    tensors alone do not tell. What no rule fits may be known by its hash.

    Raises:
        UnknownModelError: no rule matches; the nearest are named.
        AmbiguousModelError: several rules match and none has precedence.
    """
    left = _left(view, rules)
    if len(left) == 1:
        return left[0]
    if (match := _as_told(view, rules, opinions)) is not None:
        return match
    if left:
        raise _ambiguous(left, rules, source, opinions)
    error = _unknown(view, rules, source, opinions)
    match = published(opinions, error.base_like)
    if match is None:
        raise error
    return match


def _as_told(view: ModelView, rules: RuleSet, opinions: Sequence[Opinion]) -> Match | None:
    """Return what a model is as if its header named the base that others name."""
    for one in opinions:
        if one.base is not None and not view.declared:
            declared = DeclaredBase(one.who, one.words, one.base)
            left = _left(view.declaring(declared), rules)
            if (match := one.chosen_of(left)) is not None:
                return match
    return None


def _left(view: ModelView, rules: RuleSet) -> Sequence[Match]:
    """Return the matches of which none takes precedence; one where it is clear."""
    if not view.is_folder and _is_never_one(view.tensors.header):
        return ()
    fitting = rules.of_folders if view.is_folder else rules.of_files
    found = [match for rule in fitting if (match := rule.match(view)) is not None]
    names = {match.rule.name for match in found}
    beaten = frozenset[str]().union(*(rules.beats[name] for name in names))
    unbeaten = [match for match in found if match.rule.name not in beaten]
    return settle(view, unbeaten, rules.with_tables)


def _ambiguous(
    left: Sequence[Match], rules: RuleSet, source: str, opinions: Sequence[Opinion]
) -> AmbiguousModelError:
    """Return the error for a model that several rules fit equally well."""
    bases = list(dict.fromkeys(match.rule.base for match in left))
    types = list(dict.fromkeys(match.rule.type for match in left))
    more = " ".join(heard(opinions))
    if len(types) > 1 or len(bases) == 1:
        both = " and ".join(f"{match.rule.name!r}" for match in left)
        message = f"{source} matches several rules with equal precedence: {both}. {more}".rstrip(
            ". "
        )
        return AmbiguousModelError(message, hint="Set --type and --base.", candidates=bases)
    *first, last = (rules.names.label(base) for base in bases)
    what = type_label(types[0])
    message = (
        f"{source} is a {what}, but its tensors fit {', '.join(first)} and {last} alike. {more}"
    )
    return AmbiguousModelError(
        message.rstrip(". "),
        hint=f"If you know which, set it: {command('install', '--base', bases[0], source)}",
        candidates=bases,
        looks_like=types[0],
    )


def _is_never_one(header: TensorHeader) -> bool:
    """Tell whether a file is no model that rules are about: a part of one, or a lone ONNX file."""
    return header.parts > 1 or header.container == "onnx"


def _weight_files(folder: FolderHeader) -> int:
    return sum(model_suffix(file.path) in MODEL_SUFFIXES for file in folder.files)


def _unknown(
    view: ModelView, rules: RuleSet, source: str, opinions: Sequence[Opinion]
) -> UnknownModelError:
    """Return the error for a model that no rule fits: what it looks like, what can be done."""
    assessed = assess(view, rules)
    seen = appearance(view, rules, assessed)
    near = (f"{one.rule.name}: {'; '.join(one.missing[:2])}" for one in assessed[:_NEAREST])
    is_named = seen.base is not None and seen.base is not BaseModelType.Any
    if seen.type is not None:
        words = ("--type", seen.type, *(("--base", str(seen.base)) if is_named else ()))
        hint = f"If that is right, install it with: {command('install', *words, source)}"
    elif seen.hint:
        hint = seen.hint
    elif seen.is_part:
        hint = "Download all its parts, and pass the folder that holds them."
    elif view.folder is not None and _weight_files(view.folder) > 1:
        hint = f"If these are several models, look through them with: {command('scan', source)}"
    else:
        hint = (
            f"See how near each rule came: {command('identify', '--explain', source)}. If you know"
            " what it is, install it with --type and --base."
        )
    return UnknownModelError(
        f"{source} is not recognised. {' '.join([seen.words, *heard(opinions)])}",
        hint=hint,
        looks_like=seen.type or "",
        base_like=str(seen.base) if is_named else "",
        nearest=tuple(near),
    )


def _describe(
    view: ModelView,
    match: Match,
    rules: RuleSet,
    *,
    source: str,
    size: int,
    opinions: Sequence[Opinion],
) -> Identification:
    rule, variant = match.rule, match.variant
    known = rules.predictions(rule.base) if rule.type in facts.PREDICTING_TYPES else None
    fitting = [one for one in opinions if one.is_about(rule.type, rule.base)]
    prediction, predicted = facts.find_prediction(view, known, fitting)
    quantization, quantized = facts.find_quantization(view)
    lineage, descended = facts.find_lineage(view, match, rules.lineages(rule.base), fitting)
    incomplete = facts.missing_evidence(view)
    fits = fits_of(view, rule)
    captions = facts.read_captions(view.metadata)
    found = [*predicted, *filter(None, [quantized]), *descended, *filter(None, [incomplete])]
    evidence = [*match.evidence, *facts.declared_evidence(view, match), *found]
    evidence += twin_evidence(view, match, rules)
    evidence += said(opinions, (rule.type, rule.base), rules.names, besides=evidence)
    legacy = variant.legacy if variant is not None and variant.legacy else rule.legacy
    return Identification(
        source=source,
        type=rule.type,
        base=rule.base,
        format=facts.format_of(rule, quantization),
        variant=variant.value if variant else None,
        fits=tuple(map(ModelVariantType, fits)) if fits else None,
        repo_variant=view.folder.repo_variant if view.folder else None,
        prediction_type=prediction,
        lineage=lineage,
        quantization=quantization,
        missing=view.folder.missing if view.folder else (),
        size=size,
        name=view.name,
        description=default_description(rule.base, rule.type, view.name),
        trigger_phrases=facts.trigger_phrases(view.metadata, captions),
        legacy_config=legacy.get(prediction) or legacy.get(None),
        tensor_prefix=facts.find_prefix(view, match),
        upcast_attention=facts.upcast_attention(view, prediction, known),
        form=facts.form_of(view),
        training=facts.training_of(view, captions),
        evidence=tuple(dict.fromkeys(evidence)),
    )
