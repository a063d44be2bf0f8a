"""The FIT readers for Python on the same files: speed, memory, files read, counts, and whether values agree."""
