"""Sheets that become records: read, matched, rehearsed through the gate, carried out, taken back."""
