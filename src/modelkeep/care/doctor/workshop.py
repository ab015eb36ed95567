"""``Workshop``: what repairs work with: the library opened for changes, once one needs it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Self

from modelkeep.library.library import Library
from modelkeep.records.service import ModelRecordServiceBase
from modelkeep.settings import Settings

if TYPE_CHECKING:
    from modelkeep.app.install_service import ModelInstallService


@dataclass
class Workshop:
    """A library that is being repaired.

    Attributes:
        settings: Of the root.
    """

    settings: Settings
    _opened: list[ModelRecordServiceBase] = field(default_factory=list)

    @cached_property
    def service(self) -> ModelInstallService:
        """The install service, not started.

        Raises:
            ModelKeepError: the catalogue or the state file cannot be used.
        """
        from modelkeep.app.install_service import ModelInstallService  # noqa: PLC0415 - heavy

        records = ModelRecordServiceBase.open(self.settings)
        self._opened.append(records)
        return ModelInstallService(self.settings, records)

    @property
    def library(self) -> Library:
        """What changes work on.

        Raises:
            ModelKeepError: the catalogue or the state file cannot be used.
        """
        return self.service.library

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if "service" in self.__dict__:
            self.__dict__.pop("service").close()
        for records in self._opened:
            records.close()
        self._opened.clear()
