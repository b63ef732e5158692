"""Go's text/template, as far as `--format` has use for it.

In reading order: lexer (text to tokens), nodes and parser (tokens to a tree), execution (a tree
and data to text), functions (Go's and Docker's), values (Go's values, as Python has them),
verbs (printf), shapes and structs (what Go's structs are to JSON), render (what commands call).
Imported when a format asks for more than fields.
Source: Go 1.24, packages text/template, text/template/parse and fmt; docker/cli, templates.
"""
