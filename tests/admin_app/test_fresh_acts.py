"""Which acts ask who one is (ASVS 7.5.3), at every way that leads to them: forms, rows, keys, acts without a record."""

from __future__ import annotations

import json

import pytest
from mongoengine.connection import get_db

from admin_app.security import fresh
from models import catalogue
from models.kernel.base.errors import Forbidden
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.kernel.gate.fresh import Confirmed, ConfirmFirst, fresh_fields, known_by
from models.organisation import User
from models.services.imports import imports
from models.services.work import bulk
from tests.fixtures.confirming import forget, waiting
from tests.fixtures.doing import work_off

PASSWORD = "four good words here"


class TestDeclared:
    def test_what_is_declared(self, built_app):
        assert {f"{name}.{field}" for name, cls in catalogue.items() for field in fresh_fields(cls)} == {
            "user.roles",
            "user.active",
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
        acts = ("reset/", "reset/second-step/", "reset/company-login/", "reset/link/", "leaving/close/")
        for path in (f"/admin/user/{act}" for act in acts):
            answer = it.post(path, {"id": id})
            assert answer.status_code == 403, path
            assert waiting(answer)[1]["id"] == [id]
        assert it.post("/admin/user/reset/sessions/", {"id": id}).status_code == 302  # which opens nothing
        assert it.post("/admin/user/reset/second-step/", {"id": id, "confirm.password": PASSWORD}).status_code == 302

    def test_enabling_asks_and_disabling_does_not(self, company, browser_as, program):
        it, id, key = browser_as("it"), company.users["clerk_sal"], program("it")
        forget(it)
        assert it.send(it.form(f"/admin/user/edit/?id={id}", "/edit/"), active="").status_code == 302
        assert not User.objects.get(id=id).active
        answer = it.send(it.form(f"/admin/user/edit/?id={id}", "/edit/"), active="1")
        path, pairs = waiting(answer)
        version = User.objects.get(id=id).version
        by_key = key.ask("PATCH", f"user/{id}", {"active": True}, If_Match=f'"{version}"')
        assert (answer.status_code, by_key.status_code, User.objects.get(id=id).active) == (403, 403, False)
        changes.update(User, id, {"name": "新"}, actor=SYSTEM, version=version)  # while the form waits
        stale = it.post(path, {**pairs, "confirm.password": PASSWORD})
        assert (stale.status_code, User.objects.get(id=id).name) == (409, "新")
        assert it.send(it.form(f"/admin/user/edit/?id={id}", "/edit/"), active="1").status_code == 302
        version = User.objects.get(id=id).version
        by_key = key.ask("PATCH", f"user/{id}", {"active": False}, If_Match=f'"{version}"')
        assert (by_key.status_code, User.objects.get(id=id).active) == (200, False)

    def test_out_of_the_bin(self, company, browser_as, program):
        it, id, key = browser_as("it"), company.users["clerk_sal2"], program("it")
        changes.remove(User, id, actor=SYSTEM, version=User.objects.get(id=id).version)
        forget(it)
        assert key.ask("POST", f"user/{id}/restore").status_code == 403
        path, pairs = waiting(it.post("/admin/user/restore/", {"id": str(id)}))
        assert User.objects.get(id=id).removed_at
        assert it.post(path, {**pairs, "confirm.password": PASSWORD}).status_code == 302
        assert not User.objects.get(id=id).removed_at


class TestManyAtOnce:
    def test_an_import_is_asked_for_when_it_is_ordered_and_when_it_is_taken_back(self, company, browser_as, sheets):
        it, id = browser_as("it"), company.users["clerk_sal"]
        user = changes.update(User, id, {"roles": ["clerk", "supervisor"]}, actor=SYSTEM, version=None)
        item = sheets.checked([["編號", "角色"], [user.number, "業務人員"]], "user", "it")
        for act, state in (("run", imports.RUNNING), ("take_back", imports.TAKING_BACK)):
            before = User.objects.get(id=id).roles
            forget(it)
            answer = it.post(f"/admin/user/import/{act}/", {"id": str(item.id), "turn": str(item.turn)})
            path, pairs = waiting(answer)
            assert (answer.status_code, sheets.now(item).state) == (403, item.state), act
            assert it.post(path, {**pairs, "confirm.password": PASSWORD}).status_code == 302, act
            assert (sheets.now(item).state, User.objects.get(id=id).roles) == (state, before)
            work_off(f"imports.{act}")
            item = sheets.now(item)
            assert User.objects.get(id=id).roles == ["clerk"]  # what gives more back needs a second person, too

    def test_neither_sheet_nor_bulk_edit_sets_what_is_asked_for(self, company, browser_as):
        it, user = browser_as("it"), User.objects.get(id=company.users["clerk_sal"])
        rows = [{"id": str(user.id), "version": user.version, "cells": {"roles": "it"}}]
        sent = {"rows": json.dumps(rows), "sure": "1", "once": "a"}
        assert it.post("/admin/user/sheet/", sent).status_code == 403
        sent = {"field": "roles", "value": "it", "rowid": f"{user.id}:{user.version}", "sure": "1"}
        assert it.post("/admin/user/set/", sent).status_code in (403, 422)
        assert User.objects.get(id=user.id).roles == user.roles

    @pytest.mark.parametrize(("who", "error"), [(Confirmed.NOT_LATELY, ConfirmFirst), (Confirmed.NEVER, Forbidden)])
    def test_no_act_on_many_is_a_way_around(self, who, error, company):
        """Whatever lists offer: setting, taking back, and going on with what broke off, at once or as a job."""
        me, user = company.actor("it"), User.objects.get(id=company.users["clerk_sal"])
        rows, facts = [(user.id, user.version)], {"field": "roles", "value": "it"}
        broken = bulk.begin(me, User, bulk.UPDATE, rows, **facts)
        before = get_db()["bulk_act"].count_documents({})
        with known_by(lambda: who):
            for verb, more in ((bulk.UPDATE, facts), (bulk.BACK, {"undoes": broken.id})):
                for way in (bulk.begin, bulk.order):
                    with pytest.raises(error):
                        way(me, User, verb, rows, **more)
            with pytest.raises(error):
                bulk.go_on(broken, me)
            assert bulk.load(broken.id).run is None
            assert get_db()["bulk_act"].count_documents({}) == before
            bulk.begin(me, User, bulk.UPDATE, rows, field="name", value="x")
