"""Registries: pull, push, login, search, and what a registry has under a name.

    remote.py ─▸ endpoints.py ─▸ session.py ─▸ repository.py ─▸ pull.py, push.py, inspect.py
      what          whom            as whom       what one           what one wants
      is asked      to ask          (401)         can ask

In reading order: remote.py (all that the engine asks for), settings.py, endpoints.py with
hosts_toml.py and certificates.py; credentials.py, challenges.py, authorization.py, http.py with
pace.py, session.py; repository.py; pull.py with downloads.py and download.py; push.py with
outgoing.py and upload.py; inspect.py, lists.py, search.py; archives.py (of import, at any URL);
failures.py (what goes wrong, in Docker's words), tasks.py (threads).

Everything here blocks, and runs in threads that do not keep the daemon from ending.
"""
