"""``CompiledTemplates``: templates stay compiled from one start to the next.

Compiling those of one page takes longer than all else that its first sight does.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

from jinja2 import FileSystemBytecodeCache
from jinja2.bccache import Bucket

_FOLDER = Path(__file__).with_name("templates") / "__pycache__"


class CompiledTemplates(FileSystemBytecodeCache):
    """Keeps them beside the templates, as Python does with modules, and where it would.

    A folder that cannot be used, or a full disk, only means that they are compiled again.

    Args:
        folder: Where they are.
    """

    def __init__(self, folder: Path = _FOLDER) -> None:
        super().__init__(str(folder), "%s.jinja")
        self._folder = folder

    def load_bytecode(self, bucket: Bucket) -> None:
        """Find one."""
        with suppress(OSError):
            super().load_bytecode(bucket)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep one."""
        if sys.dont_write_bytecode:
            return
        with suppress(OSError):
            self._folder.mkdir(exist_ok=True)
            super().dump_bytecode(bucket)
