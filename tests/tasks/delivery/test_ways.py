"""The other ways: chats, encrypted connections, and the messages about loans."""

import dataclasses
import datetime as dt
import ipaddress
import ssl

import pytest
from aiosmtpd.smtp import AuthResult
from bson import ObjectId
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from models import catalogue
from models.kernel.base.errors import Refused
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.mailing import MailSettings, mail_settings, set_post_office
from models.services.notify import preferences
from tasks.messages import chat
from tests.fixtures.doing import do
from tests.fixtures.post import MailServer
from tests.tasks.delivery.doing import HOUR, later, say, states


class TestChat:
    @pytest.fixture
    def sent(self, staff, monkeypatch):
        values = {"mail": [], "in_chat": ["alarm"], "digest": False, "digest_hour": 8}
        preferences.choose(staff.users["it"], values)
        preferences.keep_chat(staff.users["it"], "feishu://abcdefgh-abcd")
        result = []

        class Taken:
            answer = True

            def __init__(self, address):
                self.address = address

            def notify(self, body, title):
                result.append((self.address, title, body))
                return Taken.answer

        stand_in = type(
            "Apprise", (), {"instantiate": staticmethod(lambda address, suppress_exceptions: Taken(address))}
        )
        monkeypatch.setattr(chat, "_apprise", lambda: type("apprise", (), {"Apprise": stand_in}))
        result.append(Taken)
        return result

    def test_once(self, staff, sent, db):
        say(staff.users["it"])
        do("notices.deliver")
        do("notices.deliver")
        [_, (address, title, body)] = sent
        assert address == "feishu://abcdefgh-abcd"
        assert title == "Guicheng: System alerts"
        assert "disk" in body
        raw = db["notice_preference"].find_one()["chat"]
        assert b"feishu" not in raw

    def test_a_few_times_when_it_is_not_taken(self, staff, sent, db):
        sent[0].answer = False
        say(staff.users["it"])
        for hours in range(10):
            with later(hours * HOUR):
                do("notices.deliver")
        assert len(sent) - 1 == 5
        assert states(db) == ["failed"]
        assert db["delivery"].find_one()["problem"]["zh-Hant"] == "聊天服務未接收消息。"

    def test_addresses_that_are_not_allowed(self, db):
        for address in (
            "json://127.0.0.1:8000/", "http://10.0.0.1/", "mailto://a:b@c.d", "file:///etc/passwd", "feishu:x", "x",
            "feishu://a b", "feishu://\r\n", "tgram://" + "x" * 500, "slack://a?cto=900", "FEISHU2://x", "[", "syslog://",
        ):  # fmt: skip
            with pytest.raises(Refused):
                preferences.keep_chat(ObjectId(), address)

    @pytest.mark.filterwarnings("ignore:.imghdr. is deprecated:DeprecationWarning")  # by one of its 170 chats
    @pytest.mark.parametrize("address", [
        "dingtalk://abc12345678901234567/13800000000",
        "wecombot://693a91f6-7aaa-4bc4-97a0-0ec2sifa5aaa",
        "feishu://abcdefgh-abcd",
        "tgram://123456789:abcdefghijklmnopqrstuvwxyzABCDEFGH/12315544/",
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/",
    ])  # fmt: skip
    def test_addresses_that_the_library_knows(self, db, address):
        assert preferences.is_chat(address)
        assert chat._apprise().Apprise.instantiate(address) is not None


class TestEncrypted:
    """The way to the mail server: STARTTLS with a known certificate, then the login."""

    @pytest.fixture
    def certified(self, tmp_path):
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
        today = dt.datetime.now(dt.UTC)
        made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        made = made.serial_number(7).not_valid_before(today - HOUR).not_valid_after(today + 24 * HOUR)
        here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        made = made.add_extension(here, False).add_extension(x509.BasicConstraints(True, None), True)
        file = tmp_path / "certificate.pem"
        public_bytes = made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)
        file.write_bytes(public_bytes + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return file

    @pytest.fixture
    def server(self, box, certified):
        def check(_server, _session, _envelope, _mechanism, data):
            return AuthResult(success=(data.login, data.password) == (b"guicheng", b"secret"), handled=False)

        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certified)
        made = MailServer(box, tls_context=context, require_starttls=True, authenticator=check, auth_required=True)
        made.start()
        content = {"host": "127.0.0.1", "port": made.port, "sender": "guicheng@example.com", "user": "guicheng"}
        set_post_office(MailSettings(**content, password="secret"))
        yield made
        made.stop()

    def test_sent_after_login(self, staff, server, box, certified, monkeypatch):
        monkeypatch.setenv("SSL_CERT_FILE", str(certified))
        say(staff.users["it"])
        do("notices.deliver")
        assert len(box.kept) == 1

    def test_a_wrong_password_waits_for_it(self, staff, server, box, certified, monkeypatch, db):
        monkeypatch.setenv("SSL_CERT_FILE", str(certified))
        set_post_office(dataclasses.replace(mail_settings(), password="wrong"))
        say(staff.users["it"])
        do("notices.deliver")
        assert states(db) == ["waiting"]
        problem = db["delivery"].find_one()["problem"]["en"]
        assert "535" in problem
        assert "wrong" not in problem
        assert "wrong" not in repr(mail_settings())

    def test_nothing_is_said_to_a_server_that_nobody_vouches_for(self, staff, server, box, db):
        say(staff.users["it"])
        do("notices.deliver")
        assert not box.seen
        assert states(db) == ["waiting"]
        assert "certificate" in db["delivery"].find_one()["problem"]["en"]


class TestLoans:
    """A copy that is kept for somebody is a matter of a kind of its own, which can go by mail and chat."""

    @pytest.fixture
    def kept(self, staff):
        """A loan whose copy was just kept for the clerk."""
        document = staff.walk(staff.make("document", "clerk_sal"), "approved")
        line = type(document)._fields["copies"].field.document_type
        changes.update(
            type(document), document.id, {"copies": [line(number=1, condition="good")]}, actor=SYSTEM, version=None
        )
        values = {"document": document.id, "kind": "paper", "purpose": "核對"}
        made = changes.create(catalogue["loan"], values, actor=staff.actor("clerk_sal"))
        return changes.move(
            catalogue["loan"], made.id, "approve", actor=staff.actor("records"), version=staff.fresh(made).version
        )

    def test_the_borrower_is_mailed_of_the_kept_copy_and_of_the_result(self, staff, box, db, kept):
        do("notices.deliver")
        kinds = db["delivery"].distinct("kind", {"person": staff.users["clerk_sal"], "state": "sent"})
        assert kinds == ["loan"]
        assert any(kept.number in mail["Subject"] for mail in box.kept)

    def test_the_result_of_a_loan_goes_by_mail_to_who_wants_results(self, staff, box, db):
        values = {"mail": ["result", "loan"], "in_chat": [], "digest": False, "digest_hour": 8}
        preferences.choose(staff.users["clerk_sal"], values)
        document = staff.walk(staff.make("document", "clerk_sal"), "approved")
        made = changes.create(
            catalogue["loan"],
            {"document": document.id, "kind": "paper", "purpose": "核對"},
            actor=staff.actor("clerk_sal"),
        )
        do("notices.deliver")
        fresh = staff.fresh(made)
        reason = changes.Context(reason="另有用途")
        changes.move(
            catalogue["loan"], made.id, "refuse", actor=staff.actor("records"), version=fresh.version, context=reason
        )
        do("notices.deliver")
        assert db["delivery"].find_one({"record": made.id, "kind": "result"})["state"] == "sent"

    def test_nobody_is_mailed_of_a_copy_that_was_handed_out_meanwhile(self, staff, box, db, kept):
        with later():
            fresh = staff.fresh(kept)
            changes.move(catalogue["loan"], kept.id, "cancel", actor=staff.actor("clerk_sal"), version=fresh.version)
            do("notices.deliver")
        assert db["delivery"].find_one({"record": kept.id, "kind": "loan"})["state"] == "off"
