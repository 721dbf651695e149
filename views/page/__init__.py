"""One record: its page and its form, its course, links, history and files, and the same on paper."""
