"""The control file of a partial file: its download and the ranges on disk."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from modelkeep.core.reading import open_regular
from modelkeep.disk import open_files
from modelkeep.disk.drafts import drop_drafts
from modelkeep.disk.paths import write_file
from modelkeep.download.segments import Range, merged
from modelkeep.errors import DuplicateModelException
from modelkeep.http.request import HttpRequest
from modelkeep.http.urls import redacted

_FORMAT = "modelkeep-download-1"
_MOST_BYTES = 1 << 20
#: What its name has more than that of the partial file.
SUFFIX = ".json"
#: Hashes that tell two files apart beyond doubt.
STRONG_HASHES = ("sha256", "blake3", "sha1", "md5")


@cache
def boot_id() -> str:
    """Return what tells this start of the machine from others; empty where that is not known."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def digest_of(url: str) -> str:
    """Return what tells an address from others without showing it."""
    return hashlib.sha256(url.encode("utf-8", "surrogateescape")).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class ResumeInfo:
    """What is known of a partial file.

    Attributes:
        url: The URL without secrets.
        validator: The strong ETag, if there was one.
        total: Bytes of the whole file, None when not known.
        hashes: The expected hashes.
        inode: Number of the partial file: no other one is meant.
        written: Ranges that the system has; they outlive the process, not the machine.
        boot: The start of the machine for which ``written`` holds.
    """

    url: str
    url_digest: str
    validator: str | None
    total: int | None
    hashes: Mapping[str, str]
    inode: int
    synced: Sequence[Range] = ()
    written: Sequence[Range] = ()
    boot: str = field(default_factory=boot_id)

    @classmethod
    def of(
        cls,
        request: HttpRequest,
        *,
        validator: str | None,
        total: int | None,
        inode: int,
        synced: Sequence[Range] = (),
        written: Sequence[Range] = (),
    ) -> ResumeInfo:
        """Describe the partial file of a request."""
        return cls(
            redacted(request.url),
            digest_of(request.url),
            validator,
            total,
            {name: value.lower() for name, value in request.hashes.items()},
            inode,
            synced,
            written,
        )

    @property
    def done(self) -> list[Range]:
        """Ranges that can be relied on now."""
        is_same_run = bool(self.boot) and self.boot == boot_id()
        return merged([*self.synced, *(self.written if is_same_run else ())])

    def fits(self, request: HttpRequest) -> bool:
        """Tell whether it belongs to a request: the same bytes, or the same URL."""
        if request.size is not None and self.total not in {None, request.size}:
            return False
        common = [
            self.hashes[name] == request.hashes[name].lower()
            for name in STRONG_HASHES
            if name in self.hashes and name in request.hashes
        ]
        if common:
            return all(common)
        return self.url_digest == digest_of(request.url)


def control_path(part: Path) -> Path:
    """Return where the control file of a partial file is."""
    return part.with_name(f"{part.name}{SUFFIX}")


def save(info: ResumeInfo, part: Path, *, durable: bool = True) -> None:
    """Write the control file of ``part`` atomically; see ``core.paths.write_file``."""
    content = {"format": _FORMAT, **asdict(info)}
    data = json.dumps(content, indent=1).encode()
    path = control_path(part)
    if os.path.lexists(path) or not _save_first(path, data, durable=durable):
        write_file(path, data, 0o600, durable=durable)


def _save_first(path: Path, data: bytes, *, durable: bool) -> bool:
    """Write a new control file so that a crash leaves nothing behind.

    Of a later one the draft may be left: the partial file is there then, and leads to it.
    """
    fd = open_files.open_nameless(path.parent, 0o600)
    if fd is None:
        return False
    try:
        open_files.write_at(fd, memoryview(data), 0, path)
        if durable:
            open_files.sync(fd, path)
        open_files.name_file(fd, path, durable=durable)
    except DuplicateModelException:
        return False
    finally:
        os.close(fd)
    return True


def clear_drafts(part: Path) -> None:
    """Remove control files of ``part`` that another process left unfinished."""
    drop_drafts([control_path(part)], nullcontext)


def load(part: Path) -> ResumeInfo | None:
    """Return what the control file of ``part`` says; None when there is none or it is broken."""
    path = control_path(part)
    if not path.is_file() or path.is_symlink():
        return None
    try:
        content = json.loads(_content(path))
        return _checked(content)
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _content(path: Path) -> bytes:
    with os.fdopen(open_regular(path), "rb") as file:
        content = file.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise ValueError("that is not a control file")
    return content


def _checked(content: Any) -> ResumeInfo | None:
    if not isinstance(content, dict) or content.pop("format", "") != _FORMAT:
        return None
    total = content["total"]
    end = _natural(total) if total is not None else 1 << 62
    hashes = content["hashes"]
    if not isinstance(hashes, dict):
        return None
    texts = [content["url"], content["url_digest"], content["boot"], *hashes.values()]
    validator = content["validator"]
    if not all(isinstance(text, str) for text in texts):
        return None
    if not isinstance(validator, str | None):
        return None
    return ResumeInfo(
        url=content["url"],
        url_digest=content["url_digest"],
        validator=validator,
        total=total,
        hashes=hashes,
        inode=_natural(content["inode"]),
        synced=_ranges(content["synced"], end),
        written=_ranges(content["written"], end),
        boot=content["boot"],
    )


def _natural(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{value!r} is not a number of bytes")
    return value


def _ranges(value: Any, end: int) -> list[Range]:
    found = [(_natural(start), _natural(stop)) for start, stop in value]
    if any(start > stop or stop > end for start, stop in found):
        raise ValueError("a range lies outside the file")
    return found
