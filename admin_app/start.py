"""What every process of Guicheng does first, whatever it is for: logs, keys of encrypted fields, database."""

from typing import Any

from pymongo import MongoClient

from admin_app.database import connect
from admin_app.directories import directories_of, roles_by_group
from admin_app.logs import configure_logs
from admin_app.settings import Settings
from models.kernel.base import clock
from models.kernel.base.secrets import set_digest_key, set_keys
from models.mailing import MailSettings, set_post_office
from models.operations.first_policy import FirstTarget, set_first_target
from models.operations.schedules import offer_jobs
from models.policy import Policy, set_policy
from models.services.directory.source import set_sources
from models.services.files.scanning import set_scanner
from models.services.work.exports import Writer, set_writer
from tasks.backup.crypt import set_keys as set_backup_keys
from tasks.engine.registry import load_jobs


def start(settings: Settings, *, reads_go_on: bool = False) -> MongoClient[dict[str, Any]]:
    """Prepare this process for work on records; opens no socket yet, so call it after the fork."""
    configure_logs(settings.log_level)
    set_keys(settings.field_keys)
    set_digest_key(settings.secret_key)
    set_backup_keys(settings.backup_keys)
    set_rules(settings)
    return connect(settings, reads_go_on=reads_go_on)


def set_rules(settings: Settings) -> None:
    """Tell records what the settings decide, and which jobs the workers know."""
    clock.set_zone(settings.time_zone)
    set_policy(
        Policy(
            clerk_discount_limit=settings.clerk_discount_limit,
            loan_block_days=settings.loan_block_days,
            is_demo=settings.demo,
            inner_hosts=frozenset(settings.webhook_inner_hosts),
        )
    )
    set_post_office(_post_office(settings))
    set_scanner(settings.clamav)
    set_sources(directories_of(settings), roles_by_group(settings.directory_roles))
    set_first_target(FirstTarget(settings.data / "backups", encrypted=bool(settings.backup_keys)))
    set_writer(_writer_of_exports)
    known = load_jobs()
    offered = {name: job.label for name, job in known.items() if not job.hidden}
    offer_jobs({name: job.label for name, job in known.items()}, offered)


def _writer_of_exports() -> Writer:
    """What writes exports belongs to the screens, which a worker loads for the first one only."""
    from views.lists.export_jobs import write  # noqa: PLC0415 - tens of megabytes that most workers never need

    return write


def _post_office(settings: Settings) -> MailSettings:
    return MailSettings(
        host=settings.smtp_host,
        port=settings.smtp_port,
        security=settings.smtp_security,
        user=settings.smtp_user,
        password=settings.smtp_password,
        sender=settings.mail_from,
        public_url=settings.public_url,
        pages_url=settings.public_pages_url,
    )
