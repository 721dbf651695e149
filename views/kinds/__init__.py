"""How each kind of field appears on pages: one small class for each kind, found along the classes of the field.

A kind is added by a module here and one in `models.kernel.language`; nothing names the modules of either.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from .registry import for_kind, kind_of

__all__ = ["for_kind", "kind_of"]

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")
