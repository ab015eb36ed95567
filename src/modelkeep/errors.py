"""Every error of modelkeep, in one tree.

::

    ModelKeepError                      the root: message + hint (what to do next)
    ├── UsageError                      the request itself makes no sense
    │   └── UnknownRootError            no root has the name
    ├── SettingsError                   a setting or the settings file is wrong
    │   └── InvalidSettingsError        a value of a setting cannot be used
    ├── SourceError                     a source cannot be used
    │   ├── SourceNotFoundError         no such file or folder
    │   ├── UnreadableSourceError       it is there but cannot be read
    │   ├── UnsupportedSourceError      no source of this kind is known
    │   └── DownloadError               a server did not send it, or sent something else
    │       ├── HttpStatusError         the server refused: status and reason
    │       ├── ConnectionFailedError   no connection, or all attempts failed
    │       ├── ProtocolError           the answer contradicts itself or the request
    │       ├── AddressRefusedError     the address is in a private network
    │       │   └── RedirectRefusedError a redirect leads to a forbidden place or never ends
    │       ├── SecretNeededError       a stored download lacks its token or its whole link
    │       ├── NotAModelAnswerError    a web page or message in place of the file
    │       └── HashMismatchError       the bytes are not those that the source promised
    ├── InvalidModelException           the file is not a model that can be used
    │   ├── UnknownModelError           no rule fits; the nearest ones are named
    │   ├── AmbiguousModelError         several rules match with equal precedence
    │   ├── UnsafeModelError            reading it would run code
    │   │   ├── UnlistedClassError      reading it needs a class that is on no list
    │   │   └── RemoteCodeError         a folder asks for code of its own
    │   ├── MissingPartError            no part of this name, or none was named
    │   ├── ChangedModelError           the files are not the ones that were recorded
    │   └── CorruptModelError           truncated, lying or over a limit
    │       └── IncompleteModelError    a folder without parts that its index lists
    ├── RecordError                     the catalogue refuses
    │   ├── UnknownModelException       no record under this key
    │   │   └── UnknownMetadataException
    │   ├── DuplicateModelException     the key or the path is taken
    │   ├── InvalidModelConfigException a config does not validate (also a pydantic ValidationError)
    │   ├── StaleRecordError            it was changed since it was read
    │   ├── ConfigFileVersionMismatchException
    │   └── DatabaseError               the database itself
    │       ├── WrongDatabaseError      not ours, or of another type (also an AssertionError)
    │       │   └── NewerDatabaseError  written by a newer modelkeep
    │       ├── CorruptDatabaseError    damaged
    │       │   └── UnreadableRecordError   one record (also an UnknownModelException)
    │       └── DatabaseLockedError     another process holds it
    ├── StorageError                    the disk refuses
    │   ├── NoSpaceError                not enough room
    │   ├── NotWritableError            read-only or no permission
    │   ├── TargetTakenError            other bytes have the name (also a FileExistsError)
    │   ├── OfflineRootError            a root is not mounted, or not registered any more
    │   ├── UnsafePathError             a name that would leave its folder
    │   └── SourceChangedError          a file changed while it was being read
    ├── JobError                        a job cannot be done or controlled
    │   ├── UnknownJobIDException
    │   │   └── UnknownInstallJobException
    │   ├── ServiceInactiveException    the service was not started, or was stopped
    │   ├── JobStateError               it has ended, or never failed (also a UsageError)
    │   ├── TooManyJobsError            no more jobs are taken until some have ended
    │   ├── JobCancelledError
    │   │   └── DownloadJobCancelledException
    │   ├── JobPausedError              a job stopped, to go on later
    │   │   └── DownloadPausedError
    │   └── InterruptedInstallError     an earlier run was interrupted
    ├── LoadError                       it cannot be loaded here
    │   ├── MissingExtraError           a library is not installed (also an ImportError)
    │   ├── DeviceError                 the device is not there
    │   ├── MissingAssetError           a tokenizer is not here and cannot be fetched
    │   └── LoadMemoryError             it does not fit in memory (also a MemoryError)
    ├── ServerStartError                the server cannot begin to answer
    ├── LoadCancelledError              whoever asked for a model gave up
    ├── LoadTimeoutError                a model took longer than allowed (also a TimeoutError)
    ├── ModelNotFoundException          the record is there, its file is not
    ├── TokenNameTakenError             another token of the server has the name
    └── UnknownServerTokenError         no token of the server has the name
"""

from __future__ import annotations

import errno
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Self

from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError, ValidationError

#: What is wrong with a value, by pydantic's name of it; ``{...}`` is in pydantic's context.
_COMPLAINTS = {
    **dict.fromkeys(("bool_parsing", "bool_type"), "must be true or false"),
    **dict.fromkeys(("dict_type", "model_attributes_type", "model_type"), "must be a map"),
    **dict.fromkeys(("float_parsing", "float_type"), "must be a number"),
    **dict.fromkeys(("int_from_float", "int_parsing", "int_type"), "must be a whole number"),
    "extra_forbidden": "is not a known field",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "list_type": "must be a list",
    "literal_error": "must be {expected}",
    "missing": "is missing",
    "path_type": "must be a path",
    "string_type": "must be text",
}


class ModelKeepError(Exception):
    """Root of all errors that modelkeep raises on purpose.

    Args:
        message: What happened, naming the model or source, the file and the cause.
        hint: What to do next, as one sentence; may be empty.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class UsageError(ModelKeepError):
    """Raised when a request is invalid."""


class UnknownRootError(UsageError):
    """Raised when no root has this name."""


class SettingsError(ModelKeepError):
    """Raised when a setting, or the settings file, cannot be used."""


class InvalidSettingsError(ValidationError, SettingsError):
    """Raised when a value of a setting cannot be used; also a pydantic ``ValidationError``."""

    hint: str = ""
    message: str = ""

    def __str__(self) -> str:
        return self.message

    @classmethod
    def of(cls, message: str, error: ValidationError, *, hint: str) -> Self:
        """Build one about the same values as a pydantic error."""
        mine = cls.from_exception_data(error.title, _details_of(error))
        mine.message, mine.hint = message, hint
        return mine

    def __reduce__(self) -> tuple[Any, ...]:
        """Let it be copied and pickled with what pydantic knows nothing of."""
        reduced: Any = super().__reduce__()
        return (*reduced[:2], vars(self))


class SourceError(ModelKeepError):
    """Raised when a source cannot be used."""


class SourceNotFoundError(SourceError):
    """Raised when a local source does not exist."""


class UnreadableSourceError(SourceError):
    """Raised when a local source exists but cannot be read, or is not a file or folder."""


class UnsupportedSourceError(SourceError):
    """Raised when no known kind of source has this form."""


class DownloadError(SourceError):
    """Raised when a server does not send a file, or sends something else."""


class HttpStatusError(DownloadError):
    """Raised when a server refuses.

    Args:
        message: Names the address and what the server said.
        status: The HTTP status, 400 or more.
        reason: The reason phrase, such as ``NOT FOUND``.
        hint: What to do next.
        retry_after: Seconds after which the server wants to be asked again, where it says so.
        headers: Of the answer.
        body: The begin of the answer's body.
        url: What was requested, without secrets.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int,
        reason: str,
        hint: str = "",
        retry_after: float | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        url: str = "",
    ) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.reason = reason
        self.retry_after = retry_after
        self.headers: Mapping[str, str] = {} if headers is None else headers
        self.body = body
        self.url = url

    def __reduce__(self) -> tuple[Any, ...]:
        """Let it be copied and pickled with its keyword arguments."""
        made = partial(type(self), status=self.status, reason=self.reason)
        return made, self.args, vars(self)


class ConnectionFailedError(DownloadError):
    """Raised when no connection succeeds or every attempt fails; says what was kept.

    Args:
        message: Names the host, what happened and what was kept.
        hint: What to do next.
        is_lasting: Trying again cannot help, as with a certificate that is not trusted.
    """

    def __init__(self, message: str, *, hint: str = "", is_lasting: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.is_lasting = is_lasting


class ProtocolError(DownloadError):
    """Raised when the response headers contradict themselves or the request.

    Args:
        message: Names the address and the contradiction.
        hint: What to do next.
        is_wrong_part: Another part of the file arrived than was requested, or one that the
            headers do not describe; a request for the whole file may help.
    """

    def __init__(self, message: str, *, hint: str = "", is_wrong_part: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.is_wrong_part = is_wrong_part


class AddressRefusedError(DownloadError):
    """Raised when an address from a site leads into a private network."""


class RedirectRefusedError(AddressRefusedError):
    """Raised when a redirect leads to a forbidden place or never ends; names the chain."""


class SecretNeededError(DownloadError):
    """Raised when a download of an earlier run needs a token or link, which are never stored."""


class NotAModelAnswerError(DownloadError):
    """Raised when a web page or a message arrives with status 200 instead of a file.

    Args:
        message: Names the host, what came and what should have come.
        hint: What to do next.
        is_login: The page asks for a login.
        url: Where it came from, without secrets.
    """

    def __init__(
        self, message: str, *, hint: str = "", is_login: bool = False, url: str = ""
    ) -> None:
        super().__init__(message, hint=hint)
        self.is_login = is_login
        self.url = url


class HashMismatchError(DownloadError):
    """Raised when the bytes are not those that the source promised; names both hashes."""


class InvalidModelException(ModelKeepError):
    """Raised when a file or folder is not a model that can be used."""


class UnknownModelError(InvalidModelException):
    """Raised when no rule fits; the message says what the model looks like.

    Attributes:
        looks_like: Its likely type, as ``--type`` takes it; empty where nothing shows it.
        base_like: Its likely base, as ``--base`` takes it; empty where nothing shows it.
        nearest: The nearest rules and what they missed.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        looks_like: str = "",
        base_like: str = "",
        nearest: Sequence[str] = (),
    ) -> None:
        super().__init__(message, hint=hint)
        self.looks_like = looks_like
        self.base_like = base_like
        self.nearest = tuple(nearest)


class AmbiguousModelError(InvalidModelException):
    """Raised when several rules fit and none is declared to come before the others.

    Attributes:
        candidates: The bases that it may be of.
        looks_like: Its type, as ``--type`` takes it; empty where that is not known either.
    """

    def __init__(
        self, message: str, *, hint: str = "", candidates: Sequence[str] = (), looks_like: str = ""
    ) -> None:
        super().__init__(message, hint=hint)
        self.candidates, self.looks_like = tuple(candidates), looks_like


class UnsafeModelError(InvalidModelException):
    """Raised when loading the file would run code; the message names what it would run."""


class UnlistedClassError(UnsafeModelError):
    """Raised when loading the file needs a class that is on no list: what it does is not known."""


class CorruptModelError(InvalidModelException):
    """Raised when a file is truncated, contradicts itself or exceeds a limit."""


class IncompleteModelError(CorruptModelError):
    """Raised when a folder is to be installed that lacks parts which its index lists."""


class RecordError(ModelKeepError):
    """Raised when the catalogue refuses a request."""


class UnknownModelException(RecordError):
    """Raised when no record has the key that was asked for."""


class UnknownMetadataException(UnknownModelException):
    """Raised when a record has no metadata, or metadata is stored for an unknown record."""


class DuplicateModelException(RecordError):
    """Raised when a key or a path is already recorded, or a name is not unique."""


class ConfigFileVersionMismatchException(RecordError):
    """Raised when a YAML catalogue has a version that cannot be read."""


class InvalidModelConfigException(ValidationError, RecordError):
    """Raised when a config does not validate; also a pydantic ``ValidationError``.

    pydantic builds its errors with ``from_exception_data``, so use ``of`` and ``from_validation``.
    """

    hint: str = ""

    def __str__(self) -> str:
        complaints = (
            f"{'.'.join(map(str, line['loc'])) or 'config'}: {line['msg']}"
            for line in self.errors()
        )
        return "Invalid config: " + "; ".join(complaints)

    @classmethod
    def of(cls, title: str, field: str, message: str, value: Any = None, *, hint: str = "") -> Self:
        """Build one from a single complaint about one field."""
        kind = PydanticCustomError("modelkeep", "{reason}", {"reason": message})
        detail: InitErrorDetails = {"type": kind, "loc": (field,), "input": value}
        error = cls.from_exception_data(title, [detail])
        error.hint = hint
        return error

    @classmethod
    def from_validation(cls, error: ValidationError, *, hint: str = "") -> Self:
        """Build one that says the same as a pydantic error."""
        mine = cls.from_exception_data(error.title, _details_of(error))
        mine.hint = hint
        return mine

    def __reduce__(self) -> tuple[Any, ...]:
        """Let it be copied and pickled with its hint, which pydantic knows nothing of."""
        reduced: Any = super().__reduce__()
        return (*reduced[:2], vars(self))


class StaleRecordError(RecordError):
    """Raised when a record is not any more what the caller has seen of it."""


class DatabaseError(RecordError):
    """Raised when the database cannot be used."""


class WrongDatabaseError(DatabaseError, AssertionError):
    """Raised when a file is not a catalogue of ours; also an ``AssertionError``."""


class NewerDatabaseError(WrongDatabaseError):
    """Raised when a catalogue was written by a newer modelkeep."""


class CorruptDatabaseError(DatabaseError):
    """Raised when a database is damaged."""


class UnreadableRecordError(CorruptDatabaseError, UnknownModelException):
    """Raised when one record cannot be read; the others can."""


class DatabaseLockedError(DatabaseError):
    """Raised when another process holds the database for too long."""


class StorageError(ModelKeepError):
    """Raised when the disk refuses a change."""


class NoSpaceError(StorageError):
    """Raised when there is not enough room."""


class NotWritableError(StorageError):
    """Raised when a folder is read-only or not writable by this user."""


class TargetTakenError(StorageError, FileExistsError):
    """Raised when the target name of a file is taken."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.errno = errno.EEXIST


class OfflineRootError(StorageError):
    """Raised when files are needed from a root that is offline."""


class UnsafePathError(StorageError):
    """Raised when a name would leave the folder that it belongs to."""


class SourceChangedError(StorageError):
    """Raised when a file changed while it was being copied or read."""


class JobError(ModelKeepError):
    """Raised when a job cannot be run or controlled."""


class UnknownJobIDException(JobError, ValueError):
    """Raised when no job has this id; also a ``ValueError``."""


class UnknownInstallJobException(UnknownJobIDException):
    """Raised when no install job has this id or source."""


class TooManyJobsError(JobError):
    """Raised when no more jobs are taken until some have ended."""


class JobStateError(JobError, UsageError):
    """Raised when a job has ended, has not failed or is taken; also a ``UsageError``."""


class ServiceInactiveException(JobError):
    """Raised when a service is used before its start or after its stop."""


class JobCancelledError(JobError):
    """Raised inside a job that was cancelled."""


class DownloadJobCancelledException(JobCancelledError):
    """Raised inside a download that was cancelled."""


class JobPausedError(JobError):
    """Raised inside a job to pause it, as on a request."""


class DownloadPausedError(JobPausedError):
    """Raised inside a download that was paused; the downloaded part is kept."""


class InterruptedInstallError(JobError):
    """The error of a job that an earlier run left unfinished."""


class LoadError(ModelKeepError):
    """Raised when a model that is installed and sound cannot be loaded here."""


class MissingExtraError(LoadError, ImportError):
    """Raised when a library is needed that is not installed; the hint has the command."""


class DeviceError(LoadError):
    """Raised when a device is asked for that is not there."""


class MissingAssetError(LoadError):
    """Raised when a tokenizer or the like is needed that is not here and cannot be fetched.

    Args:
        message: What is missing, and where.
        hint: What to do next.
        asset: Name of what is missing, as ``modelkeep.load.assets`` knows it.
    """

    def __init__(self, message: str, *, hint: str = "", asset: str = "") -> None:
        super().__init__(message, hint=hint)
        self.asset = asset


class LoadMemoryError(LoadError, MemoryError):
    """Raised when a model does not fit in memory, also after everything unused was evicted.

    Args:
        message: What was to be loaded, and where.
        hint: What to do next.
        needed: Bytes that it takes.
        available: Bytes that there were.
    """

    def __init__(
        self, message: str, *, hint: str = "", needed: int = 0, available: int = 0
    ) -> None:
        super().__init__(message, hint=hint)
        self.needed = needed
        self.available = available


class MissingPartError(InvalidModelException):
    """Raised when a model has no part of the name that is asked for, or none was named."""


class ChangedModelError(InvalidModelException):
    """Raised when the files of a model are not the ones that were recorded."""


class RemoteCodeError(UnsafeModelError):
    """Raised when a folder asks for code of its own to be run."""


class ServerStartError(ModelKeepError):
    """Raised when the server cannot listen, or has no certificate that it can use."""


class LoadCancelledError(ModelKeepError):
    """Raised in a caller who gave up waiting for a model."""


class LoadTimeoutError(ModelKeepError, TimeoutError):
    """Raised when a model was not loaded in the time that was allowed."""


class ModelNotFoundException(ModelKeepError):
    """Raised when a record exists but its file does not."""


class TokenNameTakenError(ModelKeepError):
    """Raised when a token of the server is added under a name that another one has."""


class UnknownServerTokenError(ModelKeepError):
    """Raised when no token of the server has the name that was given."""


def _details_of(error: ValidationError) -> list[InitErrorDetails]:
    return [
        {
            "type": PydanticCustomError("modelkeep", "{reason}", {"reason": complaint_of(line)}),
            "loc": line["loc"],
            "input": line["input"],
        }
        for line in error.errors()
    ]


def complaint_of(line: ErrorDetails) -> str:
    """Return what pydantic found wrong with one value, in plain words.

    Args:
        line: One of ``ValidationError.errors()``.
    """
    plain = _COMPLAINTS.get(line["type"])
    if plain is None:
        return line["msg"].removeprefix("Value error, ")
    return plain.format_map(line.get("ctx", {}))


def hint_of(error: BaseException) -> str:
    """Return what to do next after ``error``, or an empty string."""
    return error.hint if isinstance(error, ModelKeepError) else ""
