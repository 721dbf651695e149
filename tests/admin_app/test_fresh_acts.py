"""Which acts ask who one is (ASVS 7.5.3), at every way that leads to them: forms, rows, keys, acts without a record."""

from __future__ import annotations

from admin_app.security import fresh
from models import catalogue
from models.kernel.gate.fresh import fresh_fields
from models.organisation import User
from tests.fixtures.confirming import forget, waiting

PASSWORD = "four good words here"


class TestDeclared:
    def test_what_is_declared(self, built_app):
        assert {f"{name}.{field}" for name, cls in catalogue.items() for field in fresh_fields(cls)} == {
            "user.roles",
            "webhook.secret",
        }
        posts = {rule.endpoint for rule in built_app.url_map.iter_rules() if "POST" in (rule.methods or ())}
        assert set(fresh.ACTS) <= posts

    def test_roles_by_form_row_and_key(self, company, browser_as, program):
        it, id = browser_as("it"), company.users["clerk_sal"]
        forget(it)
        form = it.form(f"/admin/user/edit/?id={id}", "/edit/")
        answer = it.send(form, roles=[""], name="新名字")
        assert answer.status_code == 403
        assert "clerk" in User.objects.get(id=id).roles
        path, pairs = waiting(answer)
        assert pairs["name"] == ["新名字"]
        done = it.post(path, {**pairs, "confirm.password": PASSWORD})
        assert done.status_code == 302, done.text[:2000]
        here = User.objects.get(id=id)
        assert (here.name, "clerk" in here.roles) == ("新名字", False)
        forget(it)
        form = it.form(f"/admin/user/edit/?id={id}", "/edit/")
        assert it.send(form, name="再改").status_code == 302  # a name alone asks for nothing
        key, version = program("it"), User.objects.get(id=id).version
        sent = key.ask("PATCH", f"user/{id}", {"roles": ["clerk"]}, If_Match=f'"{version}"')
        assert sent.status_code in (403, 422)
        other = company.users["clerk_sal2"]
        version = User.objects.get(id=other).version
        sent = key.ask("PATCH", f"user/{other}", {"roles": []}, If_Match=f'"{version}"')
        assert sent.status_code == 403, sent.text
        assert User.objects.get(id=other).roles

    def test_acts_that_are_no_records(self, company, browser_as):
        it, id = browser_as("it"), str(company.users["clerk_sal"])
        forget(it)
        for path in ("/admin/user/reset/", "/admin/user/reset/second-step/", "/admin/user/reset/company-login/"):
            answer = it.post(path, {"id": id})
            assert answer.status_code == 403, path
            assert waiting(answer)[1]["id"] == [id]
        assert it.post("/admin/user/reset/sessions/", {"id": id}).status_code == 302  # which opens nothing
        assert it.post("/admin/user/reset/second-step/", {"id": id, "confirm.password": PASSWORD}).status_code == 302
