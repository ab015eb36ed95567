"""``Facts``: what the answers of a server say of one version of a file."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from modelkeep.http.response_head import ResponseHead


@dataclass(frozen=True, slots=True)
class Facts:
    """One version of a file.

    Attributes:
        total: Bytes of it, None when the server does not say.
        validator: Its strong ETag, if it has one.
        content_type: As the server gives it.
        url: Where the redirects ended; may be a secret.
    """

    total: int | None
    validator: str | None
    content_type: str
    url: str = field(repr=False)

    @classmethod
    def of(cls, answer: ResponseHead, url: str) -> Facts:
        """Take them from the first answer."""
        return cls(answer.total, answer.validator, answer.content_type, url)

    def agree(self, answer: ResponseHead) -> bool:
        """Tell whether an answer can be about the same version."""
        if None not in {self.total, answer.total} and self.total != answer.total:
            return False
        if answer.is_partial and answer.validator is None:
            return True
        return self.validator == answer.validator

    def with_address(self, answer: ResponseHead, url: str) -> Facts:
        """Return them with what an earlier run did not keep."""
        if self.url:
            return self
        return replace(self, url=url, content_type=answer.content_type)
