"""Hands a message to a person's chat through Apprise; only in a worker, and only to the chats that are allowed."""

from __future__ import annotations

import importlib
from functools import lru_cache
from typing import Any

from models.kernel.preferences import is_chat

from .mail import RefusedForGood, Unsent


@lru_cache(maxsize=1)
def _apprise() -> Any:
    """Loaded with the first message: it takes half a second and memory that the web server does not need."""
    return importlib.import_module("apprise")


def send(address: str, title: str, text: str) -> None:
    """Send a message. Raises Unsent when the chat did not take it, RefusedForGood for an address that is none."""
    if not is_chat(address):
        raise RefusedForGood("not an allowed chat")
    chat = _apprise().Apprise.instantiate(address, suppress_exceptions=True)
    if chat is None:
        raise RefusedForGood("not the address of a chat")
    if not chat.notify(body=text, title=title):
        raise Unsent("the chat did not take it")
