"""Where the formats of the documents stand that screens give as PDF."""

from pathlib import Path

FORMATS = Path(__file__).with_name("templates") / "custom"
