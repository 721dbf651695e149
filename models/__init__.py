"""The record types, a module per chapter of the standard. Every module here is found by itself: there is no list."""

import importlib
import pkgutil

from .kernel.language.catalogue import Catalogue
from .kernel.language.declare import registered

for _module in pkgutil.iter_modules(__path__):
    if not _module.ispkg:
        importlib.import_module(f"{__name__}.{_module.name}")

catalogue = Catalogue(registered())
