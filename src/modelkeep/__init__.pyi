from modelkeep.app.identify import (
    identify as identify,
)
from modelkeep.app.install_base import (
    ModelInstallServiceBase as ModelInstallServiceBase,
)
from modelkeep.app.install_service import (
    ModelInstallService as ModelInstallService,
)
from modelkeep.app.manager import (
    ModelManager as ModelManager,
)
from modelkeep.core.choice import (
    filter_files as filter_files,
)
from modelkeep.core.configs import (
    AnyModelConfig as AnyModelConfig,
)
from modelkeep.core.configs import (
    CLIPVisionDiffusersConfig as CLIPVisionDiffusersConfig,
)
from modelkeep.core.configs import (
    ControlNetCheckpointConfig as ControlNetCheckpointConfig,
)
from modelkeep.core.configs import (
    ControlNetDiffusersConfig as ControlNetDiffusersConfig,
)
from modelkeep.core.configs import (
    IPAdapterConfig as IPAdapterConfig,
)
from modelkeep.core.configs import (
    LoRAConfig as LoRAConfig,
)
from modelkeep.core.configs import (
    MainCheckpointConfig as MainCheckpointConfig,
)
from modelkeep.core.configs import (
    MainDiffusersConfig as MainDiffusersConfig,
)
from modelkeep.core.configs import (
    ModelConfigBase as ModelConfigBase,
)
from modelkeep.core.configs import (
    ModelConfigFactory as ModelConfigFactory,
)
from modelkeep.core.configs import (
    ONNXConfig as ONNXConfig,
)
from modelkeep.core.configs import (
    ONNXSD1Config as ONNXSD1Config,
)
from modelkeep.core.configs import (
    ONNXSD2Config as ONNXSD2Config,
)
from modelkeep.core.configs import (
    PartConfig as PartConfig,
)
from modelkeep.core.configs import (
    T2IConfig as T2IConfig,
)
from modelkeep.core.configs import (
    TextualInversionConfig as TextualInversionConfig,
)
from modelkeep.core.configs import (
    UnknownConfig as UnknownConfig,
)
from modelkeep.core.configs import (
    VaeCheckpointConfig as VaeCheckpointConfig,
)
from modelkeep.core.configs import (
    VaeDiffusersConfig as VaeDiffusersConfig,
)
from modelkeep.core.events import (
    EventBus as EventBus,
)
from modelkeep.core.events import (
    LocalEventBus as LocalEventBus,
)
from modelkeep.core.files import (
    ModelFile as ModelFile,
)
from modelkeep.core.identity import (
    Evidence as Evidence,
)
from modelkeep.core.identity import (
    Identification as Identification,
)
from modelkeep.core.metadata import (
    AnyModelRepoMetadata as AnyModelRepoMetadata,
)
from modelkeep.core.metadata import (
    BaseMetadata as BaseMetadata,
)
from modelkeep.core.metadata import (
    CivitaiMetadata as CivitaiMetadata,
)
from modelkeep.core.metadata import (
    HuggingFaceMetadata as HuggingFaceMetadata,
)
from modelkeep.core.metadata import (
    LicenseRestrictions as LicenseRestrictions,
)
from modelkeep.core.metadata import (
    ModelMetadataBase as ModelMetadataBase,
)
from modelkeep.core.metadata import (
    ModelMetadataWithFiles as ModelMetadataWithFiles,
)
from modelkeep.core.metadata import (
    RemoteModelFile as RemoteModelFile,
)
from modelkeep.core.summary import (
    ModelSummary as ModelSummary,
)
from modelkeep.core.taxonomy import (
    BaseModelType as BaseModelType,
)
from modelkeep.core.taxonomy import (
    CommercialUsage as CommercialUsage,
)
from modelkeep.core.taxonomy import (
    ModelFormat as ModelFormat,
)
from modelkeep.core.taxonomy import (
    ModelRecordOrderBy as ModelRecordOrderBy,
)
from modelkeep.core.taxonomy import (
    ModelRepoVariant as ModelRepoVariant,
)
from modelkeep.core.taxonomy import (
    ModelType as ModelType,
)
from modelkeep.core.taxonomy import (
    ModelVariantType as ModelVariantType,
)
from modelkeep.core.taxonomy import (
    SchedulerPredictionType as SchedulerPredictionType,
)
from modelkeep.core.taxonomy import (
    SubModelType as SubModelType,
)
from modelkeep.download.job import (
    DownloadEventHandler as DownloadEventHandler,
)
from modelkeep.download.job import (
    DownloadJob as DownloadJob,
)
from modelkeep.download.job import (
    DownloadJobBase as DownloadJobBase,
)
from modelkeep.download.job import (
    DownloadJobPath as DownloadJobPath,
)
from modelkeep.download.job import (
    DownloadJobRemoteSource as DownloadJobRemoteSource,
)
from modelkeep.download.job import (
    DownloadJobStatus as DownloadJobStatus,
)
from modelkeep.download.job import (
    DownloadJobURL as DownloadJobURL,
)
from modelkeep.download.progress import (
    TqdmProgress as TqdmProgress,
)
from modelkeep.download.queue import (
    DownloadQueueService as DownloadQueueService,
)
from modelkeep.download.queue_base import (
    DownloadQueueServiceBase as DownloadQueueServiceBase,
)
from modelkeep.errors import (
    AddressRefusedError as AddressRefusedError,
)
from modelkeep.errors import (
    AmbiguousModelError as AmbiguousModelError,
)
from modelkeep.errors import (
    ChangedModelError as ChangedModelError,
)
from modelkeep.errors import (
    ConfigFileVersionMismatchException as ConfigFileVersionMismatchException,
)
from modelkeep.errors import (
    ConnectionFailedError as ConnectionFailedError,
)
from modelkeep.errors import (
    CorruptDatabaseError as CorruptDatabaseError,
)
from modelkeep.errors import (
    CorruptModelError as CorruptModelError,
)
from modelkeep.errors import (
    DatabaseError as DatabaseError,
)
from modelkeep.errors import (
    DatabaseLockedError as DatabaseLockedError,
)
from modelkeep.errors import (
    DeviceError as DeviceError,
)
from modelkeep.errors import (
    DownloadError as DownloadError,
)
from modelkeep.errors import (
    DownloadJobCancelledException as DownloadJobCancelledException,
)
from modelkeep.errors import (
    DownloadPausedError as DownloadPausedError,
)
from modelkeep.errors import (
    DuplicateModelException as DuplicateModelException,
)
from modelkeep.errors import (
    HashMismatchError as HashMismatchError,
)
from modelkeep.errors import (
    HttpStatusError as HttpStatusError,
)
from modelkeep.errors import (
    IncompleteModelError as IncompleteModelError,
)
from modelkeep.errors import (
    InterruptedInstallError as InterruptedInstallError,
)
from modelkeep.errors import (
    InvalidModelConfigException as InvalidModelConfigException,
)
from modelkeep.errors import (
    InvalidModelException as InvalidModelException,
)
from modelkeep.errors import (
    InvalidSettingsError as InvalidSettingsError,
)
from modelkeep.errors import (
    JobCancelledError as JobCancelledError,
)
from modelkeep.errors import (
    JobError as JobError,
)
from modelkeep.errors import (
    JobPausedError as JobPausedError,
)
from modelkeep.errors import (
    JobStateError as JobStateError,
)
from modelkeep.errors import (
    LoadCancelledError as LoadCancelledError,
)
from modelkeep.errors import (
    LoadError as LoadError,
)
from modelkeep.errors import (
    LoadMemoryError as LoadMemoryError,
)
from modelkeep.errors import (
    LoadTimeoutError as LoadTimeoutError,
)
from modelkeep.errors import (
    MissingAssetError as MissingAssetError,
)
from modelkeep.errors import (
    MissingExtraError as MissingExtraError,
)
from modelkeep.errors import (
    MissingPartError as MissingPartError,
)
from modelkeep.errors import (
    ModelKeepError as ModelKeepError,
)
from modelkeep.errors import (
    ModelNotFoundException as ModelNotFoundException,
)
from modelkeep.errors import (
    NewerDatabaseError as NewerDatabaseError,
)
from modelkeep.errors import (
    NoSpaceError as NoSpaceError,
)
from modelkeep.errors import (
    NotAModelAnswerError as NotAModelAnswerError,
)
from modelkeep.errors import (
    NotWritableError as NotWritableError,
)
from modelkeep.errors import (
    OfflineRootError as OfflineRootError,
)
from modelkeep.errors import (
    ProtocolError as ProtocolError,
)
from modelkeep.errors import (
    RecordError as RecordError,
)
from modelkeep.errors import (
    RedirectRefusedError as RedirectRefusedError,
)
from modelkeep.errors import (
    RemoteCodeError as RemoteCodeError,
)
from modelkeep.errors import (
    SecretNeededError as SecretNeededError,
)
from modelkeep.errors import (
    ServerStartError as ServerStartError,
)
from modelkeep.errors import (
    ServiceInactiveException as ServiceInactiveException,
)
from modelkeep.errors import (
    SettingsError as SettingsError,
)
from modelkeep.errors import (
    SourceChangedError as SourceChangedError,
)
from modelkeep.errors import (
    SourceError as SourceError,
)
from modelkeep.errors import (
    SourceNotFoundError as SourceNotFoundError,
)
from modelkeep.errors import (
    StaleRecordError as StaleRecordError,
)
from modelkeep.errors import (
    StorageError as StorageError,
)
from modelkeep.errors import (
    TargetTakenError as TargetTakenError,
)
from modelkeep.errors import (
    TokenNameTakenError as TokenNameTakenError,
)
from modelkeep.errors import (
    TooManyJobsError as TooManyJobsError,
)
from modelkeep.errors import (
    UnknownInstallJobException as UnknownInstallJobException,
)
from modelkeep.errors import (
    UnknownJobIDException as UnknownJobIDException,
)
from modelkeep.errors import (
    UnknownMetadataException as UnknownMetadataException,
)
from modelkeep.errors import (
    UnknownModelError as UnknownModelError,
)
from modelkeep.errors import (
    UnknownModelException as UnknownModelException,
)
from modelkeep.errors import (
    UnknownRootError as UnknownRootError,
)
from modelkeep.errors import (
    UnknownServerTokenError as UnknownServerTokenError,
)
from modelkeep.errors import (
    UnlistedClassError as UnlistedClassError,
)
from modelkeep.errors import (
    UnreadableRecordError as UnreadableRecordError,
)
from modelkeep.errors import (
    UnreadableSourceError as UnreadableSourceError,
)
from modelkeep.errors import (
    UnsafeModelError as UnsafeModelError,
)
from modelkeep.errors import (
    UnsafePathError as UnsafePathError,
)
from modelkeep.errors import (
    UnsupportedSourceError as UnsupportedSourceError,
)
from modelkeep.errors import (
    UsageError as UsageError,
)
from modelkeep.errors import (
    WrongDatabaseError as WrongDatabaseError,
)
from modelkeep.http.options import (
    TransferOptions as TransferOptions,
)
from modelkeep.identification.probe import (
    VaeFolderProbe as VaeFolderProbe,
)
from modelkeep.install.job import (
    InstallStatus as InstallStatus,
)
from modelkeep.install.job import (
    JobList as JobList,
)
from modelkeep.install.job import (
    ModelInstallJob as ModelInstallJob,
)
from modelkeep.install.plan import (
    Plan as Plan,
)
from modelkeep.library.destination import LinkMode as LinkMode
from modelkeep.load.forecast import (
    LoadedModel as LoadedModel,
)
from modelkeep.load.forecast import (
    LoadForecast as LoadForecast,
)
from modelkeep.load.forecast import (
    LoadStats as LoadStats,
)
from modelkeep.load.info import ModelInfo as ModelInfo
from modelkeep.load.model_cache import ModelCache as ModelCache
from modelkeep.load.prefetch import Prefetch as Prefetch
from modelkeep.load.service import ModelLoadService as ModelLoadService
from modelkeep.records.dialects.sqlite import (
    SqliteDatabase as SqliteDatabase,
)
from modelkeep.records.listing import (
    RecordFilter as RecordFilter,
)
from modelkeep.records.service import (
    ModelRecordServiceBase as ModelRecordServiceBase,
)
from modelkeep.records.service import (
    PaginatedResults as PaginatedResults,
)
from modelkeep.records.sql.metadata import (
    ModelMetadataStore as ModelMetadataStore,
)
from modelkeep.records.sql.service import (
    ModelRecordServiceSQL as ModelRecordServiceSQL,
)
from modelkeep.records.yaml.service import (
    ModelRecordServiceFile as ModelRecordServiceFile,
)
from modelkeep.settings import (
    Settings as Settings,
)
from modelkeep.sources.civitai.metadata_fetch import (
    CivitaiMetadataFetch as CivitaiMetadataFetch,
)
from modelkeep.sources.civitai.source import (
    CivitaiModelSource as CivitaiModelSource,
)
from modelkeep.sources.huggingface.metadata_fetch import (
    HuggingFaceMetadataFetch as HuggingFaceMetadataFetch,
)
from modelkeep.sources.huggingface.source import (
    HFModelSource as HFModelSource,
)
from modelkeep.sources.link import (
    URLModelSource as URLModelSource,
)
from modelkeep.sources.local import (
    LocalModelSource as LocalModelSource,
)
from modelkeep.sources.metadata_fetch import (
    ModelMetadataFetchBase as ModelMetadataFetchBase,
)
from modelkeep.sources.model_source import (
    ModelSource as ModelSource,
)
from modelkeep.sources.string_like import (
    StringLikeSource as StringLikeSource,
)

__version__: str
__all__ = [
    "AddressRefusedError",
    "AmbiguousModelError",
    "AnyModelConfig",
    "AnyModelRepoMetadata",
    "BaseMetadata",
    "BaseModelType",
    "CLIPVisionDiffusersConfig",
    "ChangedModelError",
    "CivitaiMetadata",
    "CivitaiMetadataFetch",
    "CivitaiModelSource",
    "CommercialUsage",
    "ConfigFileVersionMismatchException",
    "ConnectionFailedError",
    "ControlNetCheckpointConfig",
    "ControlNetDiffusersConfig",
    "CorruptDatabaseError",
    "CorruptModelError",
    "DatabaseError",
    "DatabaseLockedError",
    "DeviceError",
    "DownloadError",
    "DownloadEventHandler",
    "DownloadJob",
    "DownloadJobBase",
    "DownloadJobCancelledException",
    "DownloadJobPath",
    "DownloadJobRemoteSource",
    "DownloadJobStatus",
    "DownloadJobURL",
    "DownloadPausedError",
    "DownloadQueueService",
    "DownloadQueueServiceBase",
    "DuplicateModelException",
    "EventBus",
    "Evidence",
    "HFModelSource",
    "HashMismatchError",
    "HttpStatusError",
    "HuggingFaceMetadata",
    "HuggingFaceMetadataFetch",
    "IPAdapterConfig",
    "Identification",
    "IncompleteModelError",
    "InstallStatus",
    "InterruptedInstallError",
    "InvalidModelConfigException",
    "InvalidModelException",
    "InvalidSettingsError",
    "JobCancelledError",
    "JobError",
    "JobList",
    "JobPausedError",
    "JobStateError",
    "LicenseRestrictions",
    "LinkMode",
    "LoRAConfig",
    "LoadCancelledError",
    "LoadError",
    "LoadForecast",
    "LoadMemoryError",
    "LoadStats",
    "LoadTimeoutError",
    "LoadedModel",
    "LocalEventBus",
    "LocalModelSource",
    "MainCheckpointConfig",
    "MainDiffusersConfig",
    "MissingAssetError",
    "MissingExtraError",
    "MissingPartError",
    "ModelCache",
    "ModelConfigBase",
    "ModelConfigFactory",
    "ModelFile",
    "ModelFormat",
    "ModelInfo",
    "ModelInstallJob",
    "ModelInstallService",
    "ModelInstallServiceBase",
    "ModelKeepError",
    "ModelLoadService",
    "ModelManager",
    "ModelMetadataBase",
    "ModelMetadataFetchBase",
    "ModelMetadataStore",
    "ModelMetadataWithFiles",
    "ModelNotFoundException",
    "ModelRecordOrderBy",
    "ModelRecordServiceBase",
    "ModelRecordServiceFile",
    "ModelRecordServiceSQL",
    "ModelRepoVariant",
    "ModelSource",
    "ModelSummary",
    "ModelType",
    "ModelVariantType",
    "NewerDatabaseError",
    "NoSpaceError",
    "NotAModelAnswerError",
    "NotWritableError",
    "ONNXConfig",
    "ONNXSD1Config",
    "ONNXSD2Config",
    "OfflineRootError",
    "PaginatedResults",
    "PartConfig",
    "Plan",
    "Prefetch",
    "ProtocolError",
    "RecordError",
    "RecordFilter",
    "RedirectRefusedError",
    "RemoteCodeError",
    "RemoteModelFile",
    "SchedulerPredictionType",
    "SecretNeededError",
    "ServerStartError",
    "ServiceInactiveException",
    "Settings",
    "SettingsError",
    "SourceChangedError",
    "SourceError",
    "SourceNotFoundError",
    "SqliteDatabase",
    "StaleRecordError",
    "StorageError",
    "StringLikeSource",
    "SubModelType",
    "T2IConfig",
    "TargetTakenError",
    "TextualInversionConfig",
    "TokenNameTakenError",
    "TooManyJobsError",
    "TqdmProgress",
    "TransferOptions",
    "URLModelSource",
    "UnknownConfig",
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
    "VaeCheckpointConfig",
    "VaeDiffusersConfig",
    "VaeFolderProbe",
    "WrongDatabaseError",
    "__version__",
    "filter_files",
    "identify",
]
