"""A process that does jobs again and again until it is killed; `python -m tests.faults.delivering [JOB ...]`."""

import sys
import time

from admin_app.settings import load_settings
from admin_app.start import start
from tests.fixtures.doing import do

if __name__ == "__main__":
    start(load_settings())
    while True:
        for name in sys.argv[1:] or ["notices.deliver"]:
            do(name)
        time.sleep(0.01)
