"""Hands a message to a person's chat through Apprise; only in a worker, and only to the chats that are allowed."""

from __future__ import annotations

import importlib
from functools import lru_cache
from typing import Any

from models.kernel.base.words import L
from models.services.notify.preferences import is_chat

from .mail import RefusedForGood, Unsent

NOT_ALLOWED = L("The address is not that of a chat that is allowed.", "該地址不屬於允許的聊天服務。")
NO_CHAT = L("The address is not that of a chat.", "該地址不是聊天地址。")
NOT_TAKEN = L("The chat did not take the message.", "聊天服務未接收消息。")


@lru_cache(maxsize=1)
def _apprise() -> Any:
    """Loaded with the first message: it takes half a second and memory that the web server does not need."""
    return importlib.import_module("apprise")


def send(address: str, title: str, text: str) -> None:
    """Send a message. Raises Unsent when the chat did not take it, RefusedForGood for an address that is none."""
    if not is_chat(address):
        raise RefusedForGood(NOT_ALLOWED)
    chat = _apprise().Apprise.instantiate(address, suppress_exceptions=True)
    if chat is None:
        raise RefusedForGood(NO_CHAT)
    if not chat.notify(body=text, title=title):
        raise Unsent(NOT_TAKEN)
