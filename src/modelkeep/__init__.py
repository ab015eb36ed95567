"""modelkeep: a model manager for image and video generation.

Every public name is here and is imported when it is first used, so that ``import modelkeep``
stays light.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

#: Where each public name lives.
_HOMES: dict[str, tuple[str, ...]] = {
    "core.choice": ("filter_files",),
    "core.configs": (
        "AnyModelConfig",
        "CLIPVisionDiffusersConfig",
        "ControlNetCheckpointConfig",
        "ControlNetDiffusersConfig",
        "IPAdapterConfig",
        "LoRAConfig",
        "MainCheckpointConfig",
        "MainDiffusersConfig",
        "ModelConfigBase",
        "ModelConfigFactory",
        "ONNXConfig",
        "ONNXSD1Config",
        "ONNXSD2Config",
        "PartConfig",
        "T2IConfig",
        "TextualInversionConfig",
        "UnknownConfig",
        "VaeCheckpointConfig",
        "VaeDiffusersConfig",
    ),
    "core.events": ("EventBus", "LocalEventBus"),
    "core.files": ("ModelFile",),
    "core.identity": ("Evidence", "Identification"),
    "core.metadata": (
        "AnyModelRepoMetadata",
        "BaseMetadata",
        "CivitaiMetadata",
        "HuggingFaceMetadata",
        "LicenseRestrictions",
        "ModelMetadataBase",
        "ModelMetadataWithFiles",
        "RemoteModelFile",
    ),
    "core.summary": ("ModelSummary",),
    "core.taxonomy": (
        "BaseModelType",
        "CommercialUsage",
        "ModelFormat",
        "ModelRecordOrderBy",
        "ModelRepoVariant",
        "ModelType",
        "ModelVariantType",
        "SchedulerPredictionType",
        "SubModelType",
    ),
    "download.queue_base": ("DownloadQueueServiceBase",),
    "download.job": (
        "DownloadEventHandler",
        "DownloadJob",
        "DownloadJobBase",
        "DownloadJobPath",
        "DownloadJobRemoteSource",
        "DownloadJobStatus",
        "DownloadJobURL",
    ),
    "http.options": ("TransferOptions",),
    "download.progress": ("TqdmProgress",),
    "download.queue": ("DownloadQueueService",),
    "errors": (
        "AddressRefusedError",
        "AmbiguousModelError",
        "ChangedModelError",
        "ConfigFileVersionMismatchException",
        "ConnectionFailedError",
        "CorruptDatabaseError",
        "CorruptModelError",
        "DatabaseError",
        "DatabaseLockedError",
        "DeviceError",
        "DownloadError",
        "DownloadJobCancelledException",
        "DownloadPausedError",
        "DuplicateModelException",
        "HashMismatchError",
        "HttpStatusError",
        "IncompleteModelError",
        "InterruptedInstallError",
        "InvalidModelConfigException",
        "InvalidModelException",
        "InvalidSettingsError",
        "JobCancelledError",
        "JobError",
        "JobPausedError",
        "JobStateError",
        "LoadCancelledError",
        "LoadError",
        "LoadMemoryError",
        "LoadTimeoutError",
        "MissingAssetError",
        "MissingExtraError",
        "MissingPartError",
        "ModelKeepError",
        "ModelNotFoundException",
        "NewerDatabaseError",
        "NoSpaceError",
        "NotAModelAnswerError",
        "NotWritableError",
        "OfflineRootError",
        "ProtocolError",
        "RecordError",
        "RedirectRefusedError",
        "RemoteCodeError",
        "SecretNeededError",
        "ServerStartError",
        "ServiceInactiveException",
        "SettingsError",
        "SourceChangedError",
        "SourceError",
        "SourceNotFoundError",
        "StaleRecordError",
        "StorageError",
        "TargetTakenError",
        "TokenNameTakenError",
        "TooManyJobsError",
        "UnknownInstallJobException",
        "UnknownJobIDException",
        "UnknownMetadataException",
        "UnknownModelError",
        "UnknownModelException",
        "UnknownRootError",
        "UnknownServerTokenError",
        "UnlistedClassError",
        "UnreadableRecordError",
        "UnreadableSourceError",
        "UnsafeModelError",
        "UnsafePathError",
        "UnsupportedSourceError",
        "UsageError",
        "WrongDatabaseError",
    ),
    "identification.probe": ("VaeFolderProbe",),
    "app.install_base": ("ModelInstallServiceBase",),
    "install.job": ("InstallStatus", "JobList", "ModelInstallJob"),
    "library.destination": ("LinkMode",),
    "install.plan": ("Plan",),
    "app.install_service": ("ModelInstallService",),
    "app.identify": ("identify",),
    "app.manager": ("ModelManager",),
    "records.listing": ("RecordFilter",),
    "load.forecast": ("LoadForecast", "LoadStats", "LoadedModel"),
    "load.info": ("ModelInfo",),
    "load.model_cache": ("ModelCache",),
    "load.prefetch": ("Prefetch",),
    "load.service": ("ModelLoadService",),
    "records.service": ("ModelRecordServiceBase", "PaginatedResults"),
    "records.dialects.sqlite": ("SqliteDatabase",),
    "records.yaml.service": ("ModelRecordServiceFile",),
    "records.sql.metadata": ("ModelMetadataStore",),
    "records.sql.service": ("ModelRecordServiceSQL",),
    "settings": ("Settings",),
    "sources.string_like": ("StringLikeSource",),
    "sources.metadata_fetch": ("ModelMetadataFetchBase",),
    "sources.civitai.metadata_fetch": ("CivitaiMetadataFetch",),
    "sources.huggingface.metadata_fetch": ("HuggingFaceMetadataFetch",),
    "sources.civitai.source": ("CivitaiModelSource",),
    "sources.huggingface.source": ("HFModelSource",),
    "sources.link": ("URLModelSource",),
    "sources.model_source": ("ModelSource",),
    "sources.local": ("LocalModelSource",),
}

_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [*sorted(("__version__", *_HOME_OF))]  # noqa: PLE0604 - strings, computed


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module 'modelkeep' has no attribute {name!r}")
    value = getattr(import_module(f"modelkeep.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
