"""Short tokens for where pages of a list ended: cursors are long, and people type tokens.

Losing the table costs that a list has to be begun again.
"""

from __future__ import annotations

import base64
import hashlib
import time

from modelkeep.jobs.state import StateDatabase

#: Bytes of a token before it is written in letters: two cursors hardly ever share one.
_BYTES = 5
TOKEN_LENGTH = 8
#: Tokens that are kept, the newest of them.
_KEPT = 1000


def token_for(state: StateDatabase, cursor: str) -> str:
    """Return the token of a cursor, which is kept: the same one for the same cursor."""
    digest = hashlib.blake2b(cursor.encode(), digest_size=_BYTES).digest()
    token = base64.b32encode(digest).decode().lower()
    with state.transaction() as connection:
        connection.execute(
            "INSERT OR REPLACE INTO page_end VALUES (?, ?, ?)", (token, cursor, time.time())
        )
        connection.execute(
            "DELETE FROM page_end WHERE token NOT IN"
            " (SELECT token FROM page_end ORDER BY used_at DESC LIMIT ?)",
            (_KEPT,),
        )
    return token


def cursor_of(state: StateDatabase, token: str) -> str | None:
    """Return the cursor of a token; None where there is none."""
    rows = state.select("SELECT cursor FROM page_end WHERE token = ?", token.lower())
    return str(rows[0]["cursor"]) if rows else None
