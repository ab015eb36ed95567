"""``LoginCodes``: codes that log a browser in once, within ten minutes."""

from __future__ import annotations

import secrets
import time
from hashlib import sha256
from hmac import compare_digest

import msgspec

from modelkeep.app.server_tokens import FILE_MODE, ServerToken, ServerTokens
from modelkeep.core.names import shown
from modelkeep.disk import paths
from modelkeep.errors import SettingsError

#: Seconds for which a code can be used.
LIFETIME = 600
_BYTES = 32
#: Codes that wait to be used; the oldest go first.
_MOST = 100


class _Code(msgspec.Struct):
    """A code: its hash, the name and hash of the token whose rights it gives, its end."""

    hash: str
    token: str
    token_hash: str
    expires: float


class LoginCodes:
    """The codes of one root, as hashes in a file: any process can make one for a server.

    Args:
        tokens: Those whose rights codes give.
    """

    def __init__(self, tokens: ServerTokens) -> None:
        self._tokens = tokens
        self._path = tokens.folder / "login-codes.json"

    def make(self, token: ServerToken) -> str:
        """Return a new code with the rights of a token.

        Raises:
            SettingsError: others can read the file and that cannot be changed.
            StorageError: it cannot be written.
        """
        code = secrets.token_urlsafe(_BYTES)
        made = _Code(_hash(code), token.name, token.digest.hex(), time.time() + LIFETIME)
        with self._tokens.alone():
            self._write([*self._waiting(), made][-_MOST:])
        return code

    def redeem(self, code: str) -> ServerToken | None:
        """Use a code up and return its token; None where it is not one, or no longer.

        Raises:
            StorageError: it cannot be noted that the code was used.
        """
        digest = _hash(code)
        if not any(compare_digest(one.hash, digest) for one in self._waiting()):
            return None
        with self._tokens.alone():  # another process may have used it meanwhile
            waiting = self._waiting()
            found = [one for one in waiting if compare_digest(one.hash, digest)]
            self._write([one for one in waiting if one not in found])
        for one in found:
            token = self._tokens.by_name(one.token)
            if token is not None and compare_digest(token.digest.hex(), one.token_hash):
                return token
        return None

    def _waiting(self) -> list[_Code]:
        """Return the codes that can still be used; a damaged file has none."""
        try:
            codes = msgspec.json.decode(self._path.read_bytes(), type=list[_Code])
        except (FileNotFoundError, msgspec.MsgspecError):
            return []
        except OSError as error:
            raise SettingsError(
                f"{shown(self._path)} cannot be read: {error.strerror}",
                hint="Make it readable for the user who runs the server.",
            ) from error
        now = time.time()
        return [one for one in codes if now < one.expires <= now + LIFETIME]

    def _write(self, codes: list[_Code]) -> None:
        paths.write_file(self._path, msgspec.json.encode(codes), FILE_MODE)


def _hash(code: str) -> str:
    return sha256(code.encode("utf-8", "surrogatepass")).hexdigest()
