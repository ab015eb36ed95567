"""``identify_remote_model``: what a model of a site is, before it is downloaded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from modelkeep.core import limits
from modelkeep.core.base_names import BaseNames
from modelkeep.core.hearsay import NO_HEARSAY, Hearsay
from modelkeep.core.identity import Identification
from modelkeep.core.names import counted, safe_name
from modelkeep.core.reading import LocalFile, ReadAt
from modelkeep.core.walk import FolderFile
from modelkeep.core.weight_names import is_generic
from modelkeep.errors import CorruptModelError
from modelkeep.http.client import Client
from modelkeep.http.remote_bytes import FIRST_BYTES, RemoteBytes
from modelkeep.identification.engine import identify_view
from modelkeep.identification.known_families import load_rules
from modelkeep.identification.readers.detect import read_header
from modelkeep.identification.readers.folder import FolderHeader, is_config
from modelkeep.identification.readers.safetensors import LENGTH_BYTES
from modelkeep.identification.readers.weights import is_weight
from modelkeep.identification.view import ModelView
from modelkeep.sources.site import RemoteFile, RemoteModel

#: A header up to this size is fetched in one request; of a larger one slices.
_HEADER_BYTES = 8 << 20
#: Configs that are fetched at the same time.
_AT_ONCE = 8


def identify_remote_model(
    remote: RemoteModel, client: Client, *, strict: bool = True, told: Hearsay = NO_HEARSAY
) -> Identification:
    """Tell what a model of a site is, from its headers and configs alone.

    Of a single file its header is read by ranges; of a folder its JSON configs, and the header of
    the one weight file that tells what the folder is, where one does. The answer is that which
    the same files would get on the disk. What another program's cache has is read there.

    Args:
        remote: What the site said.
        client: Asks the servers that have the files.
        strict: Refuse folders whose weight files are empty.
        told: What others say of it.

    Raises:
        UnknownModelError: no rule fits; the nearest are named.
        AmbiguousModelError: several rules match with equal precedence.
        CorruptModelError: it is truncated, empty or contradicts itself.
        UnsafeModelError: loading it would run code.
        UnsupportedSourceError: the server gives no parts of files, or does not say their length.
        DownloadError: the server does not give it.
    """
    rules = load_rules()
    view, size = open_remote_view(remote, client, names=rules.names, strict=strict)
    return identify_view(view, rules=rules, source=str(remote.source), size=size, told=told)


def open_remote_view(
    remote: RemoteModel, client: Client, *, names: BaseNames, strict: bool = True
) -> tuple[ModelView, int]:
    """Fetch what rules look at, and return it with the size of all files in bytes.

    Of an archive only the members that are needed are held against their headers: each would be
    a request. The whole check is made once the file is on the disk.

    Raises:
        CorruptModelError: as ``identify_remote_model``, and so on for the others.
    """
    if remote.is_folder:
        name = safe_name(remote.name)
        folder = FolderHeader(
            Path(name), strict=strict, tree=_RemoteTree(remote, client), thorough=False
        )
        return ModelView(name, (name,), folder=folder, names=names), folder.size
    name = PurePosixPath(file_name(remote)).stem
    hints = tuple(dict.fromkeys((name, remote.name)))
    with _opened(remote, remote.files[0], client) as file:
        header = read_header(file, thorough=False)
        return ModelView(name, hints, header=header, names=names), file.size


def file_name(remote: RemoteModel) -> str:
    """Return the name under which a model of one file will lie in its folder.

    A name that says nothing, such as ``model.safetensors``, gives way to that of the model.
    """
    path = PurePosixPath(remote.files[0].path)
    stem = remote.name if is_generic(path.stem) else path.stem
    return safe_name(stem + path.suffix)


@contextmanager
def _opened(remote: RemoteModel, file: RemoteFile, client: Client) -> Iterator[ReadAt]:
    """Open a weight file where it is nearest: in a cache on this disk, else on its server."""
    if file.cached is not None:
        with LocalFile(file.cached) as local:
            yield local
        return
    if file.size == 0:  # a server has no part of nothing to give
        yield _Held(file.path, b"")
        return
    opened = RemoteBytes(client, remote.request_for(file))
    if file.size is not None and opened.size != file.size:
        raise CorruptModelError(
            f"{opened.name} has {counted(opened.size, 'byte')}; its site lists {file.size:,}",
            hint="Try again. The file may just have been replaced.",
        )
    _fetch_header(opened)
    yield opened


def _fetch_header(file: RemoteBytes) -> None:
    """Fetch the rest of a safetensors header at once that the first request cut off."""
    head = file.read_at(0, min(file.size, LENGTH_BYTES + 1))
    end = LENGTH_BYTES + int.from_bytes(head[:LENGTH_BYTES], "little")
    if head[LENGTH_BYTES:] == b"{" and FIRST_BYTES < end <= min(file.size, _HEADER_BYTES):
        file.read_at(FIRST_BYTES, end - FIRST_BYTES)


@dataclass(frozen=True)
class _Held:
    """A small file that was fetched as a whole; see ``ReadAt``."""

    name: str
    content: bytes

    @property
    def size(self) -> int:
        return len(self.content)

    def read_at(self, offset: int, count: int) -> bytes:
        if offset < 0 or offset + count > self.size:
            raise CorruptModelError(
                f"{self.name} ends at byte {self.size:,}",
                hint="The file on the server is truncated. Look for another source.",
            )
        return self.content[offset : offset + count]


class _RemoteTree:
    """The folder of a remote model: its configs are fetched once, its weights opened when asked."""

    def __init__(self, remote: RemoteModel, client: Client) -> None:
        self._remote, self._client = remote, client
        self._files = {file.path: file for file in remote.files}
        self._configs = self._fetch_configs()
        self.files = tuple(
            FolderFile(path, self._size_of(file)) for path, file in sorted(self._files.items())
        )

    @contextmanager
    def reading(self, path: str) -> Iterator[ReadAt]:
        """Open one of the files; see ``Tree``."""
        content = self._configs.get(path)
        if content is not None:
            yield _Held(path, content)
            return
        with _opened(self._remote, self._files[path], self._client) as file:
            yield file

    def _size_of(self, file: RemoteFile) -> int:
        if file.size is not None:
            return file.size
        if file.path in self._configs:
            return len(self._configs[file.path])
        if not is_weight(file.path):
            return 0
        with _opened(self._remote, file, self._client) as opened:
            return opened.size

    def _fetch_configs(self) -> Mapping[str, bytes]:
        wanted = [
            file
            for file in self._remote.files
            if is_config(file.path) and (file.size or 0) <= limits.FOLDER_JSON_BYTES
        ]
        if len(wanted) > limits.FOLDER_JSON_FILES:  # whoever reads them says that it is too much
            return {}
        # Sessions of others need not stand several threads.
        threads = _AT_ONCE if self._client.transport.is_ours and len(wanted) > 1 else 1
        with ThreadPoolExecutor(threads, "modelkeep-configs") as pool:
            contents = pool.map(self._fetch, wanted)
            return {file.path: content for file, content in zip(wanted, contents, strict=True)}

    def _fetch(self, file: RemoteFile) -> bytes:
        if file.cached is not None:
            with LocalFile(file.cached) as local:
                return local.read_at(0, min(local.size, limits.FOLDER_JSON_BYTES))
        reply = self._client.get(self._remote.request_for(file), limit=limits.FOLDER_JSON_BYTES)
        return reply.raise_for_status().body
