"""A process that archives until it is killed; test_archive_killed.py starts it with settings in its environment."""

from admin_app.settings import load_settings
from admin_app.start import start
from models.kernel import jobs
from tasks import registry, run

if __name__ == "__main__":
    start(load_settings())
    print("begun", flush=True)
    order = jobs.enqueue(jobs.Order(task="archive.run"))
    claimed = jobs.claim("archiver", order)
    assert claimed
    registry.jobs()["archive.run"].body(run.Run(claimed, "archiver"))
    print("done", flush=True)
