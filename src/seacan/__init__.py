"""seacan: a container engine in Python that speaks Docker's own protocols.

In reading order, from a command line down to clone(2): cli, client; daemon, api, http, engine,
contents, images, supervisor, runtime, kernel; spec; and the floor: errors, ids, files, log, paths,
records, sqlite, trace, byte_sizes, metrics. Beside the daemon: registry, hood, certificates.
"""
