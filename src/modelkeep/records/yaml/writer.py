"""Values as the lines of YAML that a person would write for them.

Only a small part of YAML is written: block maps and lists, and scalars on one line that are
plain where no reader of YAML could take them for anything but text, else in double quotes.
"""

from __future__ import annotations

import json
import re
from typing import Any

from modelkeep.errors import InvalidModelConfigException

#: A key without quotes.
PLAIN_KEY = r"[^\W\d](?:[\w./()+-]|\ +(?=\w))*"
#: A text without quotes: begins with a letter or a slash, and nothing in it means anything.
PLAIN = re.compile(
    r"""[^\W\d] (?: [\w/.,()+@=%!?&*'\[\]{}<>~^|"$;-] | [\#] | : (?=\S) | \ +(?=[^\s\#]) )*
      | / (?: [\w/.,()+@=%!?&*'\[\]{}<>~^|"$;-] | [\#] | : (?=\S) | \ +(?=[^\s\#]) )*""",
    re.VERBOSE,
)
_HEX_KEY = re.compile(r"(?=\d*[acdf])[0-9a-f]{32}")
_KEY = re.compile(PLAIN_KEY, re.VERBOSE)
#: Characters that JSON leaves alone and YAML wants escaped, or takes for the end of a line.
_ESCAPED = re.compile("[\x7f-\xa0\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
#: What older or other readers take for a truth value, a number or nothing.
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"})
#: YAML's own limit for a key that stands before a colon.
_KEY_CHARACTERS = 1_000

_INT = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NAMED = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}
#: Longer digits are text; Python reads no number of more than 4,300.
_DIGITS = 400


def plain_value(text: str) -> Any:
    """Return what a scalar without quotes means: the core schema of YAML 1.2."""
    if text in _NAMED:
        return _NAMED[text]
    if len(text) < _DIGITS:
        if _INT.fullmatch(text):
            return int(text)
        if _FLOAT.fullmatch(text):
            return float(text)
    return text


def scalar(value: Any) -> str:
    """Return one value on one line.

    Args:
        value: Text, a number, a truth value or None.
    """
    if isinstance(value, str):
        is_plain = PLAIN.fullmatch(value) and value.casefold() not in _WORDS
        return value if is_plain and not _ESCAPED.search(value) else _quoted(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _number(value)
    return str(value)


def key_text(key: str) -> str:
    """Return the key of a map as it stands before the colon.

    Raises:
        InvalidModelConfigException: it is too long for YAML.
    """
    if _HEX_KEY.fullmatch(key):
        return key
    if _KEY.fullmatch(key) and key.casefold() not in _WORDS and not _ESCAPED.search(key):
        text = key
    else:
        text = _quoted(key)
    if len(text) > _KEY_CHARACTERS:
        raise InvalidModelConfigException.of(
            "YAML",
            "key",
            f"has more than the {_KEY_CHARACTERS} characters that YAML allows: {key[:40]!r}...",
            hint="Use a shorter key, or keep the catalogue in SQLite (model_config_db: auto).",
        )
    return text


def map_lines(values: dict[str, Any], indent: int) -> list[str]:
    """Return a map that is not empty as lines, each indented by at least ``indent``."""
    lines: list[str] = []
    margin = " " * indent
    for key, value in values.items():
        if isinstance(value, dict | list) and value:
            lines.append(f"{margin}{key_text(key)}:")
            lines += _lines_of(value, indent + 2)
        else:
            lines.append(f"{margin}{key_text(key)}: {_leaf(value)}")
    return lines


def _lines_of(value: dict[str, Any] | list[Any], indent: int) -> list[str]:
    return map_lines(value, indent) if isinstance(value, dict) else _list_lines(value, indent)


def _list_lines(values: list[Any], indent: int) -> list[str]:
    lines: list[str] = []
    margin = " " * indent
    for value in values:
        if isinstance(value, dict | list) and value:
            first, *rest = _lines_of(value, indent + 2)
            lines.append(f"{margin}- {first[indent + 2 :]}")
            lines += rest
        else:
            lines.append(f"{margin}- {_leaf(value)}")
    return lines


def _leaf(value: Any) -> str:
    if isinstance(value, dict):
        return "{}"
    return "[]" if isinstance(value, list) else scalar(value)


def _quoted(text: str) -> str:
    quoted = json.dumps(text, ensure_ascii=False)
    return _ESCAPED.sub(lambda found: f"\\u{ord(found.group()):04x}", quoted)


def _number(value: float) -> str:
    if value != value:  # noqa: PLR0124 - the one number that is not itself
        return ".nan"
    if value in {float("inf"), float("-inf")}:
        return ".inf" if value > 0 else "-.inf"
    return repr(value)
