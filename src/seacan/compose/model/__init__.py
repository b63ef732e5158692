"""From text to a project, the model that all commands work on.

In reading order:

    discovery.py      which files, which environment, what name
    documents.py      files → their documents; those of last time are in kept_documents.py
    remote_files.py   files that are elsewhere, and git_files.py; artifacts.py is beside this folder
    yaml_reader.py    YAML 1.2 text → values, with the line of each
    scalars.py        what a word of YAML means, and how Go prints numbers
    interpolation.py  ${VARIABLES} in values
    variables.py      ${VARIABLES} in a text; .env files are dotenv.py
    loading.py        all files, with what they extend and include → one model
    merge.py          one file over another
    canonical.py      short syntax → long syntax (short_syntax.py), relative paths → absolute ones
                      (path_table.py)
    schema.py         the specification's schema, compose-spec.json
    checks.py         what the schema cannot say
    normalize.py      default network, names, dependencies that are implied
    shapes.py         sections of the model: keys in order, and types (shape.py, kinds.py,
                      shell_words.py)
    project.py        `Project`; order.py: its services, each after what it depends on
    output.py         the model as YAML and JSON
    notices.py        what is said of it; switches.py: variables that change what is read; sha256.py
"""
