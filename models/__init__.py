"""The record types, a room per chapter of the standard. Every module of them is found by itself: there is no list."""

import importlib
import pkgutil

from .departments import Code
from .kernel.language.catalogue import Catalogue
from .kernel.language.declare import registered

_NO_TYPES = (f"{__name__}.kernel", f"{__name__}.services")


def _load(path: list[str], package: str) -> None:
    for module in pkgutil.iter_modules(path, f"{package}."):
        if module.name not in _NO_TYPES:
            loaded = importlib.import_module(module.name)
            if module.ispkg:
                _load(list(loaded.__path__), module.name)


_load(list(__path__), __name__)
catalogue = Catalogue(registered(), departments=frozenset(Code))
