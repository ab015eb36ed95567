"""What a mistyped command may have meant; what removes something is not suggested for other words.

``rename`` and ``remove`` look alike, and whoever types one must not be sent to the other.
"""

from __future__ import annotations

from collections.abc import Collection

#: Words of other programs, and what does the same here.
_MEANT = {
    "add": "install SOURCE",
    "auth": "token set SITE",
    "check": "doctor",
    "copy": "install FILE",
    "cp": "install FILE",
    "dedupe": "duplicates",
    "del": "remove MODEL",
    "delete": "remove MODEL",
    "describe": "show MODEL",
    "find": "list --search TEXT",
    "dupes": "duplicates",
    "fsck": "doctor",
    "get": "install SOURCE",
    "help": "--help",
    "import": "install SOURCE",
    "info": "show MODEL",
    "inspect": "show MODEL",
    "login": "token set SITE",
    "move": "root move NAME NEWDIR",
    "mv": "root move NAME NEWDIR",
    "ps": "jobs",
    "register": "scan DIR --register",
    "rename": "edit MODEL name=NAME",
    "restore": "trash restore MODEL",
    "set": "config set NAME VALUE",
    "settings": "config show",
    "status": "jobs",
    "stop": "pause ID",
    "tag": "edit MODEL tags+=TAG",
    "undelete": "trash restore MODEL",
    "undo": "trash restore MODEL",
    "uninstall": "remove MODEL",
    "update": "sync",
    "version": "--version",
}
#: Commands that take something away: suggested only for what is nearly the same word.
_TAKING = frozenset({"remove", "rm", "empty", "prune", "cancel"})
_NEAR, _NEARLY_SAME = 0.7, 0.85


def no_such_command(word: str, known: Collection[str], *, is_top: bool) -> str:
    """Return the message about a command that there is not.

    Args:
        word: What was typed.
        known: The commands that could have been typed instead.
        is_top: They are those of the program itself and not of a group.
    """
    if is_top and word.lower() in _MEANT:
        return f"No such command: {word!r}. Use: modelkeep {_MEANT[word.lower()]}"
    near = " or ".join(_near(word.lower(), known))
    if not near and not is_top:
        return f"No such command: {word!r}. There are: {', '.join(known)}"
    return f"No such command: {word!r}." + (f" Did you mean {near}?" if near else "")


def _near(word: str, known: Collection[str]) -> list[str]:
    from difflib import SequenceMatcher

    likeness = {name: SequenceMatcher(None, word, name).ratio() for name in known}
    needed = {name: _NEARLY_SAME if name in _TAKING else _NEAR for name in known}
    found = [name for name in known if likeness[name] >= needed[name]]
    return sorted(found, key=lambda name: -likeness[name])[:3]
