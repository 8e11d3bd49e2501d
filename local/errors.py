"""Failures that a person running the local cloud can do something about."""

from __future__ import annotations


class LocalError(Exception):
    """A failure to show as a message, without a stack trace.

    Args:
        message: what went wrong, in a sentence.
        hint: what to do about it; may span lines.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint
