"""`seacan build`: what is sent, and what is shown.

sources.py    PATH, URL or - → where context and Dockerfile are
directory.py  a directory → the files of a context, without what .dockerignore leaves out
contexts.py   --build-context
files.py      what of directories is sent; sending.py decides how
archive.py    those files → a tar, piece by piece
inventory.py  or what they are, and the contents that have changed; memory.py: since when
options.py    the flags, and the query that they become
progress.py   what the daemon tells → lines; steps.py, and picture.py of what runs
ssh.py        --ssh: agents that the build may ask
findings.py   what --check found → text
output.py     --output: the image's files, or the image, to somewhere
"""
