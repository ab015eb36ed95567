"""A sample library to look at: forty models with real headers and pictures, next to no disk.

Run it to see what modelkeep shows::

    python demo/sample_library.py [--serve] [DIR]

Without DIR it goes to a new temporary folder, which is yours to delete. With ``--serve`` the server
runs on it, on any free port, until Ctrl-C.
"""

from __future__ import annotations

import shlex
import sys
import tempfile
from pathlib import Path

from modelkeep import ModelKeepError, ModelManager
from modelkeep.app.sample.library import add_samples
from modelkeep.cli.main import main as modelkeep


def main() -> int:
    """Make the library, show it, and say how to look further or serve it."""
    words = [word for word in sys.argv[1:] if word != "--serve"]
    if len(words) > 1:
        sys.exit("usage: python demo/sample_library.py [--serve] [DIR]")
    folder = Path(words[0] if words else tempfile.mkdtemp(prefix="modelkeep-")).absolute()
    root = folder / "library"
    if root.exists():
        sys.exit(f"Error: {folder} has a sample library already\n       Name another folder.")
    try:
        with ModelManager(root=root) as manager:
            add_samples(manager)
    except ModelKeepError as error:
        sys.exit(f"Error: {error}\n       {error.hint}")
    status = modelkeep(["--root", str(root), "list"])
    gone = root if words else folder
    _say_next(f"modelkeep --root {shlex.quote(str(root))}", f"rm -r {shlex.quote(str(gone))}")
    if "--serve" in sys.argv:
        sys.stdout.write("\n")
        return modelkeep(["--root", str(root), "serve", "--port", "0"])
    return status


def _say_next(program: str, removal: str) -> None:
    for command, meaning in (
        (f"{program} show 'Paper Cut'", "all that is known of a model"),
        (f"{program} list --type LoRA", "a part of the list"),
        (f"{program} remove --keep-files 'Soft Focus'", "out of the library"),
        (removal, "delete the sample library"),
    ):
        sys.stdout.write(f"\n# {meaning}\n{command}\n")


if __name__ == "__main__":
    sys.exit(main())
