"""The language of Dockerfiles. A parser reads bytes and knows nothing of contexts or images.

parse.py          a whole file → its stages
lines.py          bytes → logical lines: directives, continuation, comments
words.py          the keyword, the options and the words of a line
heredocs.py       <<EOF
written.py        a line with its words told apart
commands.py       one of those → its instruction; copies.py, health.py, options.py, names.py
instructions.py   the records of instructions
mounts.py         RUN --mount
expansion.py      $name, ${name:-word} and quotes; substitution.py has the patterns
errors.py         what is wrong, and where
"""
