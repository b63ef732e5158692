"""The commands: `table` lists them with their spellings; each other file is one command.

A command's module has FLAGS, a tuple of cli.flags.Flag, and
`run(session: Session, values: Values, arguments: list[str]) -> int`, the exit code. What it raises,
main prints: a SeacanError with exit code 1, an Exit with its own.
"""
