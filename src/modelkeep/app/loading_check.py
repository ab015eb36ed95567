"""The doctor's check of what loading models needs: libraries, a GPU, tokenizers."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator

from modelkeep.care.doctor.check import Check
from modelkeep.care.doctor.finding import Finding, Severity
from modelkeep.care.doctor.library_state import LibraryState
from modelkeep.core.names import path_to_text, shown
from modelkeep.errors import DeviceError, MissingExtraError
from modelkeep.load.assets import ASSETS
from modelkeep.load.host import has_gpu
from modelkeep.load.start import LOAD_COMMAND, open_runtime

#: What loading needs, with the oldest versions that it works with.
_NEEDED = {"torch": (2, 10), "diffusers": (0, 42), "transformers": (5, 6), "accelerate": (1, 10)}


def missing_libraries() -> list[str]:
    """Return the libraries that loading needs and that are not installed."""
    return [name for name in _NEEDED if _version(name) is None]


def _find(library: LibraryState) -> Iterator[Finding]:
    versions = {name: _version(name) for name in _NEEDED}
    missing = missing_libraries()
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        yield Finding(
            "load_extra",
            missing[0],
            f"Models cannot be loaded: {', '.join(missing)} {verb} not installed",
            f"To load models, run: {LOAD_COMMAND}. Everything else works without them.",
            Severity.NOTE,
        )
        return
    for name, version in versions.items():
        if version is not None and _numbers(version) < _NEEDED[name]:
            oldest = ".".join(map(str, _NEEDED[name]))
            yield Finding(
                "load_extra",
                name,
                f"{name} {version} is too old to load models: {oldest} or newer is needed",
                f"Run: {LOAD_COMMAND}",
            )
    yield from _find_device(library, versions["torch"] or "")
    yield from _find_assets(library)


def _find_assets(library: LibraryState) -> Iterator[Finding]:
    for asset in ASSETS.values():
        place = library.settings.root / "assets" / asset.name
        if place.is_dir() and not asset.is_in(place):
            yield Finding(
                "asset",
                path_to_text(place),
                f"{asset.label} in {shown(place)} is incomplete: it needs {', '.join(asset.files)}",
                f"Remove the folder; it is fetched again from {asset.repo} when it is needed.",
            )


def _find_device(library: LibraryState, torch: str) -> Iterator[Finding]:
    wanted = library.settings.device
    if has_gpu() and "+cpu" in torch:
        yield Finding(
            "device",
            torch,
            f"This machine has a GPU, but torch {torch} is built for processors only",
            "Install a torch for your GPU: https://pytorch.org/get-started/locally/",
            Severity.NOTE,
        )
    if wanted in {"auto", "cpu"}:
        return
    try:
        open_runtime(library.settings).device(wanted)
    except (DeviceError, MissingExtraError) as error:
        yield Finding(
            "device", wanted, f"The setting device is {wanted}: {error}", error.hint, Severity.ERROR
        )


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(word) for word in version.partition("+")[0].split(".")[:2] if word.isdecimal())


LOADING = Check("loading", _find)
