"""`seacan build`: what is sent, and what is shown.

sources.py    PATH, URL or - → where context and Dockerfile are
directory.py  a directory → the files of a context, without what .dockerignore leaves out
archive.py    those files → a tar, piece by piece
options.py    the flags, and the query that they become
progress.py   what the daemon tells → lines, or a picture of what runs
check.py      what --check found → text
output.py     --output: the image's files, or the image, to somewhere
"""
