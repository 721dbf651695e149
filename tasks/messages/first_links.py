"""Sends the one-time link with which a user chooses a password, to the user's own mail address and nobody else."""

from __future__ import annotations

from bson import ObjectId

from models import one_time_links
from models.kernel.base.errors import Refused
from models.kernel.base.words import HANT, L, speaking
from models.mailing import mail_settings
from models.organisation import User

from ..engine.registry import job
from ..engine.run import Run
from .mail import Mailer, MailMessage

SUBJECT = L("Your password for Guicheng", "您的規程登錄密碼")
TEXT = L(
    "Please choose your password with this link within three days; it works once:\n\n{link}\n\nIf you did not expect "
    "this mail, tell the supervision group.",
    "請於三天內通過以下鏈接設定密碼（僅可使用一次）：\n\n{link}\n\n如非您本人所需，請告知監督小組。",
)
NOT_THERE = L("The user is not active any more.", "該用戶已停用。")


@job(
    one_time_links.SEND,
    L("Send a one-time link", "發送一次性鏈接"),
    L("Sends a user the link to choose a password; nobody else sees it.", "向用戶本人發送設定密碼的鏈接，他人不可見。"),
    hidden=True,
)
def send(run: Run, user: str) -> None:
    """Make the link at the last moment and hand it to the mail server; tried again, it is a new one."""
    person = User.objects(id=ObjectId(user), active=True, removed_at=None).first()
    if person is None or not person.mail:
        raise Refused(NOT_THERE)
    link = mail_settings().link(one_time_links.make(person.id))
    with speaking(person.locale or HANT):
        subject, text = str(SUBJECT), str(TEXT(link=link))
    key = f"link.{run.id}.{run.attempts}"
    letter = MailMessage(to=person.mail, name=person.name, subject=subject, text=text, key=key)
    with Mailer(mail_settings()) as postman:
        postman.send(letter, before=lambda: None)
    run.count(sent=1)
