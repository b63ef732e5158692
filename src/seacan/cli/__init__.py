"""`seacan`: Docker's command line.

In reading order: main (argv to exit code), command and table (which commands there are), flags (a
table of flags to values, by pflag's rules), values (what the text of a flag may be), usage (help
texts), global_flags and daemon_choice (which daemon), session (what a command works with); commands
(one file each); container_flags, container_request and creation (what `run` and `create` share);
attachment, terminal, detach_keys, signals (a terminal joined to a container's streams); output
(tables, templates, progress); copying (cp); unknown, plugins, proxies (config.json's aliases and
plugins); completion (for shells); reference (the manual).

A command is a line in table and a module in commands with FLAGS and
`run(session, values, arguments) -> exit code`. It is imported when it is called, and it imports
little: most of the time of a short command is Python's start.
"""
