"""What every process of Guicheng does first, whatever it is for: logs, keys of encrypted fields, database."""

from typing import Any

from pymongo import MongoClient

from admin_app.database import connect
from admin_app.logs import configure_logs
from admin_app.settings import Settings
from models.kernel.secrets import set_keys


def start(settings: Settings) -> MongoClient[dict[str, Any]]:
    """Prepare this process for work on records; opens no socket yet, so call it after the fork."""
    configure_logs(settings.log_level)
    set_keys(settings.field_keys)
    return connect(settings)
