"""Founds a small company in the database that the settings name: for tests with servers of their own."""

from admin_app.opening import database
from admin_app.security.accounts import open_demo_accounts
from admin_app.settings import load_settings
from models import catalogue
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.services.database import ensure_indexes

if __name__ == "__main__":
    with database(load_settings()):
        ensure_indexes(catalogue)
        sales = changes.create(catalogue["department"], {"code": "SAL", "name": "銷售部"}, actor=SYSTEM).id
        user = {"login": "clerk_sal", "name": "林曉梅", "department": sales, "roles": ["clerk"], "active": True}
        changes.create(catalogue["user"], user, actor=SYSTEM)
        open_demo_accounts("four good words here")
