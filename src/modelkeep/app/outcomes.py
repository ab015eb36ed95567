"""What each error means to a caller: the exit status of a command and the status of HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from modelkeep import errors
from modelkeep.errors import hint_of

EXIT_DONE = 0
EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_SOME_FAILED = 3
EXIT_INTERRUPTED = 130
EXIT_STATUSES = frozenset({EXIT_DONE, EXIT_FAILED, EXIT_USAGE, EXIT_SOME_FAILED, EXIT_INTERRUPTED})


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a request ends.

    Attributes:
        exit: Exit status of a command.
        http: Status of an HTTP response.
    """

    exit: int
    http: int


_FAILED_BY_SOURCE = Outcome(EXIT_FAILED, 424)
_FAILED_BY_SERVER = Outcome(EXIT_FAILED, 502)
_NOT_FOUND = Outcome(EXIT_FAILED, 404)
_CONFLICT = Outcome(EXIT_FAILED, 409)
_NO_MODEL = Outcome(EXIT_FAILED, 415)
_OUR_FAULT = Outcome(EXIT_FAILED, 500)
_NOT_NOW = Outcome(EXIT_FAILED, 503)

_TOKEN_ERRORS = ("HTTPError", "HttpStatusError", "SecretNeededError", "NotAModelAnswerError")

#: The one table from error to outcome. An error that is not in it ends as its nearest parent.
OUTCOMES: Mapping[type[BaseException], Outcome] = MappingProxyType(
    {
        BaseException: _OUR_FAULT,
        KeyboardInterrupt: Outcome(EXIT_INTERRUPTED, 503),
        errors.ModelKeepError: _OUR_FAULT,
        errors.UsageError: Outcome(EXIT_USAGE, 400),
        errors.UnknownRootError: Outcome(EXIT_USAGE, 404),
        errors.SettingsError: _OUR_FAULT,
        errors.InvalidSettingsError: _OUR_FAULT,
        errors.SourceError: _FAILED_BY_SOURCE,
        errors.SourceNotFoundError: _NOT_FOUND,
        errors.UnreadableSourceError: _FAILED_BY_SOURCE,
        errors.UnsupportedSourceError: _NO_MODEL,
        errors.DownloadError: _FAILED_BY_SERVER,
        errors.HttpStatusError: _FAILED_BY_SERVER,
        errors.ConnectionFailedError: _FAILED_BY_SERVER,
        errors.ProtocolError: _FAILED_BY_SERVER,
        errors.AddressRefusedError: Outcome(EXIT_FAILED, 403),
        errors.RedirectRefusedError: _FAILED_BY_SERVER,
        errors.SecretNeededError: _CONFLICT,
        errors.NotAModelAnswerError: _FAILED_BY_SERVER,
        errors.HashMismatchError: _FAILED_BY_SERVER,
        errors.InvalidModelException: _NO_MODEL,
        errors.UnknownModelError: _NO_MODEL,
        errors.AmbiguousModelError: _NO_MODEL,
        errors.UnsafeModelError: _NO_MODEL,
        errors.UnlistedClassError: _NO_MODEL,
        errors.CorruptModelError: _NO_MODEL,
        errors.IncompleteModelError: _NO_MODEL,
        errors.RecordError: _CONFLICT,
        errors.UnknownModelException: _NOT_FOUND,
        errors.UnknownMetadataException: _NOT_FOUND,
        errors.DuplicateModelException: _CONFLICT,
        errors.InvalidModelConfigException: _NO_MODEL,
        errors.StaleRecordError: Outcome(EXIT_FAILED, 412),
        errors.ConfigFileVersionMismatchException: _OUR_FAULT,
        errors.DatabaseError: _OUR_FAULT,
        errors.WrongDatabaseError: _OUR_FAULT,
        errors.NewerDatabaseError: _OUR_FAULT,
        errors.CorruptDatabaseError: _OUR_FAULT,
        errors.UnreadableRecordError: _CONFLICT,
        errors.DatabaseLockedError: _NOT_NOW,
        errors.StorageError: _OUR_FAULT,
        errors.NoSpaceError: Outcome(EXIT_FAILED, 507),
        errors.NotWritableError: Outcome(EXIT_FAILED, 403),
        errors.TargetTakenError: _CONFLICT,
        errors.OfflineRootError: _NOT_NOW,
        errors.UnsafePathError: Outcome(EXIT_FAILED, 400),
        errors.SourceChangedError: _CONFLICT,
        errors.JobError: _CONFLICT,
        errors.UnknownJobIDException: _NOT_FOUND,
        errors.UnknownInstallJobException: _NOT_FOUND,
        errors.JobStateError: Outcome(EXIT_USAGE, 409),
        errors.TooManyJobsError: Outcome(EXIT_FAILED, 429),
        errors.ServiceInactiveException: _NOT_NOW,
        errors.JobCancelledError: _CONFLICT,
        errors.DownloadJobCancelledException: _CONFLICT,
        errors.JobPausedError: _CONFLICT,
        errors.DownloadPausedError: _CONFLICT,
        errors.InterruptedInstallError: _CONFLICT,
        errors.MissingPartError: _NO_MODEL,
        errors.ChangedModelError: _CONFLICT,
        errors.RemoteCodeError: _NO_MODEL,
        errors.LoadError: _FAILED_BY_SOURCE,
        errors.MissingExtraError: _FAILED_BY_SOURCE,
        errors.DeviceError: Outcome(EXIT_FAILED, 400),
        errors.MissingAssetError: _NOT_NOW,
        errors.LoadMemoryError: Outcome(EXIT_FAILED, 507),
        errors.ServerStartError: _OUR_FAULT,
        errors.LoadCancelledError: _NOT_NOW,
        errors.LoadTimeoutError: _NOT_NOW,
        errors.ModelNotFoundException: _NOT_FOUND,
        errors.TokenNameTakenError: _CONFLICT,
        errors.UnknownServerTokenError: _NOT_FOUND,
    }
)


def outcome_of(error: BaseException) -> Outcome:
    """Return how a request ends that raised ``error``."""
    return next(OUTCOMES[kind] for kind in type(error).__mro__ if kind in OUTCOMES)


def exit_status_of(failed: int, total: int) -> int:
    """Return the exit status of a command of which ``failed`` of ``total`` parts failed."""
    if not failed:
        return EXIT_DONE
    return EXIT_SOME_FAILED if failed < total else EXIT_FAILED


def message_of(error: BaseException) -> str:
    """Return an error as one plain paragraph."""
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    return str(error) or type(error).__name__


def wants_a_token(kind: str, hint: str) -> bool:
    """Tell whether an error ends once a site is given a token: its hint says so then.

    Args:
        kind: Name of the error.
        hint: What it advises.
    """
    return kind.startswith(_TOKEN_ERRORS) and "token" in hint.lower()


def takes_a_type(kind: str, hint: str) -> bool:
    """Tell whether an error is of a model whose type somebody may state: its hint says so then.

    Pictures, texts and programs are not recognised either, but no type makes models of them.

    Args:
        kind: Name of the error.
        hint: What it advises.
    """
    return kind in {"UnknownModelError", "AmbiguousModelError"} and "--type" in hint


def error_json(error: BaseException) -> dict[str, str]:
    """Return an error as plain values: its class, what happened and what to do next.

    For programs an unknown model lists the nearest rules, which people are shown by ``--explain``.
    """
    message = message_of(error)
    if isinstance(error, errors.UnknownModelError) and error.nearest:
        message += f" The nearest rules: {' | '.join(error.nearest)}"
    return {"kind": type(error).__name__, "message": message, "hint": hint_of(error)}
