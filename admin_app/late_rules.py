"""Address rules that are made ready when they are used: an application has thousands, a process builds a few."""

from collections.abc import Callable
from typing import Any

from werkzeug.routing import Rule


class LateRule(Rule):
    """A rule that compiles the builder of its addresses with the first address; matching is as in its base."""

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        def build(_: Rule, /, **values: Any) -> tuple[str, str]:
            made = super(LateRule, self)._compile_builder(append_unknown).__get__(self, None)
            setattr(self, "_build_unknown" if append_unknown else "_build", made)
            return made(**values)

        return build
