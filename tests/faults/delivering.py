"""A process that delivers notices again and again until it is killed; `python -m tests.faults.delivering`."""

import time

from admin_app.settings import load_settings
from admin_app.start import start
from tests.fixtures.doing import do

if __name__ == "__main__":
    start(load_settings())
    while True:
        do("notices.deliver")
        time.sleep(0.01)
