"""The builder: a Dockerfile and a context become an image.

dockerfile/     the language: lines, words, variables, instructions
arguments.py    what a build is asked for, and the arguments that are there from the start
origins.py      where files come from: stages, images, contexts
plan.py         which stages the target needs, what each is based on, and what it takes from where
values.py       instructions with values for their variables
config.py       what instructions make of an image's config; ports.py and words.py are for it
evaluation.py   a stage, once its base is known: its steps, each with the config after it
changes.py      the instructions of `commit --change` and `import -c`
lint/           what --check says of a Dockerfile

builder.py      a build, from what is asked for to an image; progress.py is what is told meanwhile
solver.py       its stages, side by side; state.py is what each has come to; groups.py, locks.py
steps.py        its steps: found in the cache, or done
copies.py       COPY, ADD, WORKDIR: sources.py (what is taken), selection.py (of a tree),
                context_tree.py (a context), archives.py, downloads.py, git/ (repositories)
context_index.py and contents.py are a context's paths and files; known_contexts.py remembers them
inventory.py    a context of which only what has changed is sent; kept_contexts.py has the rest
runs.py         RUN; run_mounts.py with cache_mounts.py, and running.py, which the engine meets
agents.py       ssh agents of the client, for RUN and git
workbench.py    what works on files for a step, in a process of its own: worker.py with
                worker_words.py, root_tree.py, copying.py, modes.py, layer_writer.py; listing.py and
                fresh_copy.py for files of a context
"""
