"""seacan: a container engine in Python that speaks Docker's own protocols.

In reading order, from a command line down to clone(2): cli, compose, client; daemon, api, http with
grpc; engine, build, contents, images, volumes, network, relay; supervisor, runtime with elf,
kernel; spec; and the floor: errors, ids, byte_sizes, files, paths, sqlite, log, trace, metrics,
pace, version, and what starts use in place of larger modules: records, lean, json_text. Beside the
daemon: registry, hood, certificates with certificate_chains.
"""
