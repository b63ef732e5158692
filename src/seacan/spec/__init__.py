"""The shapes of the specifications that seacan speaks: data only, no decisions.

runtime.py (OCI runtime-spec), image.py (OCI image-spec, Docker's archives), engine_api.py,
stdcopy.py (several streams on one connection), dockerignore.py (what a context leaves out),
git_urls.py (which URLs are repositories).
"""
