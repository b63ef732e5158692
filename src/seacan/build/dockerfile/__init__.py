"""The language of Dockerfiles. A parser reads bytes and knows nothing of contexts or images.

lines.py         bytes → logical lines: directives, continuation, comments, here-documents
words.py         words and options of a line
expansion.py     $name, ${name:-word} and quotes
instructions.py  the records of instructions
parse.py         a whole file → its stages; the sentences of errors
commands.py      one line → its instruction
mounts.py        RUN --mount
"""
