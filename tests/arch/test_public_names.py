from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

import modelkeep
from modelkeep import errors

SOURCE = Path(modelkeep.__file__).parent

#: Names of the model manager that modelkeep takes the place of, as far as they exist by now.
SEED = {
    "ModelLoadService",
    "ModelInfo",
    "ModelCache",
    "BaseModelType",
    "ModelType",
    "SubModelType",
    "ModelVariantType",
    "ModelFormat",
    "SchedulerPredictionType",
    "ModelRepoVariant",
    "ModelRecordOrderBy",
    "InstallStatus",
    "CommercialUsage",
    "UnknownModelException",
    "DuplicateModelException",
    "InvalidModelException",
    "InvalidModelConfigException",
    "ModelNotFoundException",
    "UnknownMetadataException",
    "UnknownJobIDException",
    "ServiceInactiveException",
    "DownloadJobCancelledException",
    "UnknownInstallJobException",
    "ConfigFileVersionMismatchException",
    "ModelConfigBase",
    "MainCheckpointConfig",
    "MainDiffusersConfig",
    "ONNXSD1Config",
    "ONNXSD2Config",
    "VaeCheckpointConfig",
    "VaeDiffusersConfig",
    "ControlNetDiffusersConfig",
    "ControlNetCheckpointConfig",
    "LoRAConfig",
    "TextualInversionConfig",
    "IPAdapterConfig",
    "CLIPVisionDiffusersConfig",
    "T2IConfig",
    "AnyModelConfig",
    "ModelConfigFactory",
    "ModelRecordServiceBase",
    "ModelRecordServiceSQL",
    "ModelRecordServiceFile",
    "SqliteDatabase",
    "PaginatedResults",
    "ModelSummary",
    "ModelInstallServiceBase",
    "ModelInstallService",
    "ModelInstallJob",
    "LocalModelSource",
    "URLModelSource",
    "HFModelSource",
    "CivitaiModelSource",
    "ModelSource",
    "ModelMetadataFetchBase",
    "HuggingFaceMetadataFetch",
    "CivitaiMetadataFetch",
    "filter_files",
    "StringLikeSource",
    "ModelMetadataBase",
    "BaseMetadata",
    "ModelMetadataWithFiles",
    "RemoteModelFile",
    "HuggingFaceMetadata",
    "CivitaiMetadata",
    "LicenseRestrictions",
    "ModelMetadataStore",
    "AnyModelRepoMetadata",
}
OURS = {"ModelManager", "Settings", "identify", "Identification", "ModelKeepError", "__version__"}


def error_classes() -> list[type]:
    found = inspect.getmembers(errors, inspect.isclass)
    return [kind for _, kind in found if kind.__module__ == errors.__name__]


def test_all_is_sorted_complete_and_true() -> None:
    assert modelkeep.__all__ == sorted(set(modelkeep.__all__))
    assert set(modelkeep.__all__) >= SEED | OURS
    assert {kind.__name__ for kind in error_classes()} <= set(modelkeep.__all__)
    for name in modelkeep.__all__:
        assert getattr(modelkeep, name) is not None
    assert set(dir(modelkeep)) == set(modelkeep.__all__)


def test_the_stub_says_the_same() -> None:
    tree = ast.parse((SOURCE / "__init__.pyi").read_text())
    bound: set[str] = set()
    listed: list[str] = []
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            bound |= {alias.asname or alias.name for alias in node.names}
            for alias in node.names:
                home = __import__(str(node.module), fromlist=[alias.name])
                assert getattr(modelkeep, alias.name) is getattr(home, alias.name)
        elif isinstance(node, ast.AnnAssign):
            bound.add(ast.unparse(node.target))
        elif isinstance(node, ast.Assign):
            listed = ast.literal_eval(node.value)
    assert listed == modelkeep.__all__
    assert bound == set(modelkeep.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    assert not hasattr(modelkeep, "Sofa")


def test_every_error_is_under_one_root_and_says_when() -> None:
    for kind in error_classes():
        assert issubclass(kind, errors.ModelKeepError)
        assert kind.__doc__
    raised_elsewhere = [
        f"{path.name}: {node.name}"
        for path in SOURCE.rglob("*.py")
        if path.name != "errors.py"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef)
        and any(ast.unparse(base) == "Exception" for base in node.bases)
    ]
    # These are caught where they are raised, or one call above, and reach nobody.
    assert sorted(raised_elsewhere) == [
        "flaw.py: Flaw",
        "install.py: _RefusedError",
        "install.py: _TooLateError",
        "pickle_values.py: PickleDanger",
        "pickle_values.py: PickleFlaw",
        "pickle_zip.py: ZipFlaw",
        "reader.py: YamlFlaw",
        "state.py: RangesRefusedError",
        "state.py: TryAgainError",
        "streams.py: OutputError",
        "tls.py: _PassphraseError",
        "transfer.py: _ExistsError",
    ]


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    drawn: dict[str, str | None] = {}
    path: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        found = re.match(r"    ([\u2502\u251c\u2514\u2500 ]*)(\w+)", line)
        if found:
            depth = len(found[1]) // 4
            path = [*path[:depth], found[2]]
            drawn[found[2]] = path[-2] if depth else None
    classes = {kind.__name__: kind for kind in error_classes()}
    assert set(drawn) == set(classes)
    for name, parent in drawn.items():
        if parent is not None:
            assert classes[parent] in classes[name].__bases__
