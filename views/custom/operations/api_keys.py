"""All keys of the API are a screen of its own because they are no records: IT sees whose they are, and ends them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import current_app, redirect, request
from flask_admin import BaseView, expose

from models.chapters import OPERATIONS
from models.kernel.base.words import At, L
from models.kernel.language.record import Record
from models.kernel.rights import rights
from models.organisation import User
from models.services.personal import api_keys
from models.services.personal.api_keys import VERB_LABELS
from views.session import actor, say
from views.slots import CustomView, MenuItem

TITLE = L("API keys", "API 密鑰")
REVOKED = L("The key “{name}” is revoked.", "密鑰「{name}」已撤銷。")
NO_KEY = L("That key had ended already.", "該密鑰先前已失效。")
SHOWN_MAX = 500


def views(catalogue: Mapping[str, type[Record]]) -> list[BaseView]:
    return [KeysView(name="api_keys", endpoint="api_keys", url="/admin/api-keys")] if "user" in catalogue else []


class KeysView(CustomView):
    """Whose program may do what. Nobody makes a key for somebody else: its owner does."""

    menu_item = MenuItem(OPERATIONS, TITLE, "/admin/api-keys/")

    def is_accessible(self) -> bool:
        return bool(rights.may_operate(actor()))

    @expose("/")
    def index(self) -> Any:
        """The keys that hold, the newest first; those of one person by their login."""
        login = request.args.get("login", "").strip()
        owner = User.collection().find_one({"login": login}, {"_id": 1}) if login else None
        known = api_keys.keys_of(owner["_id"] if owner else None, most=SHOWN_MAX + 1) if owner or not login else []
        keys = known[:SHOWN_MAX]
        people = User.collection().find({"_id": {"$in": [key.user for key in keys]}}, {"name": 1, "login": 1})
        catalogue = current_app.extensions["catalogue"]
        return self.render(
            "custom/api_keys.html",
            keys=keys,
            login=login,
            is_cut=len(known) > SHOWN_MAX,
            most=SHOWN_MAX,
            people={row["_id"]: f"{row['name']} ({row['login']})" for row in people},
            labels={str(verb): label for verb, label in VERB_LABELS.items()},
            type_labels={name: cls.declared.label for name, cls in catalogue.items()},
            when=At,
        )

    @expose("/revoke/", methods=("POST",))
    def revoke(self) -> Any:
        """End a key of anybody."""
        gone = api_keys.revoke(request.form.get("key"))
        if gone:
            current_app.extensions["security"].record_event(
                "key_revoked", user=actor().id, owner=str(gone.user), key=str(gone.id)
            )
        say("good" if gone else "info", REVOKED(name=gone.name) if gone else NO_KEY)
        return redirect("/admin/api-keys/")
