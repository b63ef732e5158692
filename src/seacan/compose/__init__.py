"""Compose: several containers as one application, described in YAML files; a client of the API.

Files in reading order, from text to a project:

    discovery.py      which files, which environment, what name
    documents.py      files → their documents; those of last time are in kept_documents.py
    remote_files.py   files that are elsewhere: git_files.py, artifacts.py
    yaml_reader.py    YAML 1.2 text → values, with the line of each
    scalars.py        what a word of YAML means, and how Go prints numbers
    interpolation.py  ${VARIABLES} in values
    variables.py      ${VARIABLES} in a text; .env files are dotenv.py
    loading.py        all files, with what they extend and include → one model
    merge.py          one file over another
    canonical.py      short syntax → long syntax (short_syntax.py), relative paths → absolute ones
    schema.py         the specification's schema
    checks.py         what the schema cannot say
    normalize.py      default network, names, dependencies that are implied
    shapes.py         sections of the model: keys in order, and types (shape.py, kinds.py,
                      shell_words.py)
    project.py        `Project`: what all commands work on
    output.py         the model as YAML and JSON

From a project to containers:

    plan.py           project and what there is → actions; pure
    request.py        a service → the request that makes a container; pure (mounts, resources)
    convergence.py    what is as it should be passed, the rest done, in order.py's order
    actions.py        one service's actions done; making.py makes one container, replacing.py one
                      that follows another; sharing.py: ids that services have of others
    rolling.py        containers replaced by and by, as update_config.py reads it
    starting.py       services started, each after its dependencies; one_off.py is for `run`
    images.py (pulling.py), networks.py, file_contents.py, hooks.py, waiting.py    what that needs
    watch_rules.py, watch_files.py, watching.py    which files, what has changed, what is then done
    stopping.py, removal.py, restarting.py    the way down, and up again
    standing.py       what is up and what is not, told after a failure
    names.py, config_hash.py, containers.py, actual.py    labels, and a project read from them
    publishing.py     files to layers of an artifact (renaming.py)
    dry_run.py        a client that changes nothing
    worksite.py       client, progress and notices that all of them are handed
"""
