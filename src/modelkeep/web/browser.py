"""``open_page``: opens a browser without showing other users of the machine a login link."""

from __future__ import annotations

import html
import logging
import threading
import webbrowser
from pathlib import Path

from modelkeep.disk.paths import make_own_folder, set_mode, write_file
from modelkeep.errors import StorageError

_log = logging.getLogger(__name__)


def open_page(address: str, root: Path) -> bool:
    """Open an address in the browser of this user, in the background; tell whether there is one.

    Whoever lists the processes of the machine sees the address that a browser is started with. So
    that is a page that only this user can read, and which leads on.
    """
    try:
        browser = webbrowser.get()
    except webbrowser.Error:
        return False
    threading.Thread(
        target=browser.open, args=(_page(address, root),), name="modelkeep-browser", daemon=True
    ).start()
    return True


def _page(address: str, root: Path) -> str:
    """Return the address of a page that leads to the one given, or where it cannot be written."""
    folder = root / "secrets"
    page = folder / "open.html"
    target = html.escape(address)
    text = (
        '<!doctype html><meta charset="utf-8"><title>modelkeep</title>'
        f'<meta http-equiv="refresh" content="0; url={target}">'
        f'<a href="{target}">Open modelkeep</a>'
    )
    try:
        make_own_folder(folder)
        set_mode(folder, 0o700)
        write_file(page, text.encode(), mode=0o600, durable=False)
    except StorageError as error:
        _log.debug("The browser is started with the address itself: %s", error)
        return address.partition("#")[0]
    return page.as_uri()
