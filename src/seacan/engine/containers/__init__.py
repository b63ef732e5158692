"""The containers that there are, and what is done with one as a whole.

Reading order: container.py (the record and its states), containers.py (the verbs), names.py,
belongings.py (what a container has on disk); listing.py with filters.py and sizes.py; rename.py,
update.py, prune.py; files.py (copied, exported, compared), commit.py (an image of them); stats.py,
top.py.
"""
