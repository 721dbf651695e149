"""What a clock does rather than a person: sweeps over records, in bounded batches, each safe to run twice.

They write only through the gate, one short transaction for each record, so that a sweep that is killed at any line has
done some records wholly and the others not at all; the next run finds those again.
"""
