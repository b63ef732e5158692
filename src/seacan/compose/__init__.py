"""Compose: several containers as one application, described in YAML files; a client of the API.

From text to a project: model/. From a project to containers, in reading order:

    plan.py           project and what there is → actions; pure
    request.py        a service → the request that makes a container; pure (mounts.py, resources.py)
    convergence.py    what is as it should be passed, the rest done, in order
    actions.py        one service's actions done; making.py makes one container, replacing.py one
                      that follows another; sharing.py: ids that services have of others
    rolling.py        containers replaced by and by, as update_config.py reads it
    starting.py       services started, each after its dependencies; one_off.py is for `run`
    images.py (pulling.py), networks.py, file_contents.py, hooks.py, waiting.py    what that needs
    watch_rules.py, watch_files.py, watching.py    which files, what has changed, what is then done
    stopping.py, removal.py, restarting.py    the way down, and up again
    standing.py       what is up and what is not, told after a failure
    names.py, config_hash.py, containers.py, actual.py    labels, and a project read from them
    publishing.py     files to layers of an artifact (artifacts.py, renaming.py)
    bake_file.py      the project's images as a file of buildx bake
    unsupported.py    what is warned of, by name
    dry_run.py        a client that changes nothing
    worksite.py       client, progress and notices that all of them are handed
"""
