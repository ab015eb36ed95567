"""Conditions: the checks that rules are made of.

Each is a frozen value: ``check`` returns the evidence when it holds, ``missing`` returns in
a few words why it does not.
"""

from collections.abc import Iterator

from modelkeep.identification.conditions.combine import (
    AllOf,
    AnyOf,
    Not,
    NotKin,
)
from modelkeep.identification.conditions.condition import Condition
from modelkeep.identification.conditions.folders import (
    ComponentClass,
    ConfigValue,
    HasFile,
    PipelineClass,
)
from modelkeep.identification.conditions.hints import (
    Declares,
    NameHint,
    Stated,
    Undeclared,
)
from modelkeep.identification.conditions.modules import (
    AdapterOnly,
    AllBlocks,
    BlocksBelow,
    DeepAttention,
    Factored,
    Fits,
    FitsPartly,
    Gives,
    Module,
    NoModule,
    Projected,
    TextContext,
    Unmeasured,
)
from modelkeep.identification.conditions.tensors import (
    Begins,
    Dim,
    EmbeddingFor,
    Has,
    Holds,
    Lacks,
    NoName,
    WithoutParts,
)


def tensor_names(condition: Condition) -> Iterator[str]:
    """Yield the full names of tensors that a condition asks for; patterns are left out."""
    if isinstance(condition, Has):
        yield from (name for name in condition.names if "*" not in name and "#" not in name)
    elif isinstance(condition, Dim):
        yield condition.name
    elif isinstance(condition, AnyOf | AllOf):
        for inner in condition.conditions:
            yield from tensor_names(inner)


__all__ = [
    "AdapterOnly",
    "AllBlocks",
    "AllOf",
    "AnyOf",
    "Begins",
    "BlocksBelow",
    "ComponentClass",
    "Condition",
    "ConfigValue",
    "Declares",
    "DeepAttention",
    "Dim",
    "EmbeddingFor",
    "Factored",
    "Fits",
    "FitsPartly",
    "Gives",
    "Has",
    "HasFile",
    "Holds",
    "Lacks",
    "Module",
    "NameHint",
    "NoModule",
    "NoName",
    "Not",
    "NotKin",
    "PipelineClass",
    "Projected",
    "Stated",
    "TextContext",
    "Undeclared",
    "Unmeasured",
    "WithoutParts",
    "tensor_names",
]
