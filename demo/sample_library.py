"""A sample library to look at: real headers, next to no disk.

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

from modelkeep import LinkMode, ModelKeepError, ModelManager, Settings
from modelkeep.cli.main import main as modelkeep
from sample_models import write_samples


def make_library(folder: Path) -> Path:
    """Write the sample models below ``folder``, install them, and return the library's root.

    They are hard-linked: copying would read gigabytes of nothing to hash them.
    """
    root = folder / "library"
    with ModelManager(Settings.load(root=root)) as manager:
        for path in write_samples(folder / "samples"):
            manager.installer.install_path(path, link=LinkMode.Hardlink)
    return root


def main() -> int:
    """Make the library, show it, and say how to look further or serve it."""
    words = [word for word in sys.argv[1:] if word != "--serve"]
    if len(words) > 1:
        sys.exit("usage: python demo/sample_library.py [--serve] [DIR]")
    folder = Path(words[0] if words else tempfile.mkdtemp(prefix="modelkeep-")).absolute()
    if (folder / "library").exists() or (folder / "samples").exists():
        sys.exit(f"Error: {folder} has a sample library already\n       Name another folder.")
    try:
        root = make_library(folder)
    except ModelKeepError as error:
        sys.exit(f"Error: {error}\n       {error.hint}")
    status = modelkeep(["--root", str(root), "list"])
    gone = [str(folder / "library"), str(folder / "samples")] if words else [str(folder)]
    _say_next(f"modelkeep --root {shlex.quote(str(root))}", f"rm -r {shlex.join(gone)}")
    if "--serve" in sys.argv:
        sys.stdout.write("\n")
        return modelkeep(["--root", str(root), "serve", "--port", "0"])
    return status


def _say_next(program: str, removal: str) -> None:
    for command, meaning in (
        (f"{program} show paper-cut-style", "all that is known of a model"),
        (f"{program} list --type LoRA", "a part of the list"),
        (f"{program} remove soft-focus", "to the trash"),
        (removal, "delete the sample library"),
    ):
        sys.stdout.write(f"\n# {meaning}\n{command}\n")


if __name__ == "__main__":
    sys.exit(main())
