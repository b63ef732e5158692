"""Repositories of git as a context, and as what ADD takes.

commands.py     the host's git, as a child without hooks, prompts and configuration
repositories.py a ref to its commit, a commit to its files; submodules.py those below

Which URLs are repositories, and what they name, is in seacan.spec.git_urls.

Nothing is ever checked out: git writes an archive of a commit, which is taken in as any archive
that a client sends. So no link, attribute, hook or name in a repository reaches a file of the host.
"""
