"""The builder: a Dockerfile and a context become an image.

dockerfile/     the language: lines, words, variables, instructions
arguments.py    what a build is asked for, and the arguments that are there from the start
origins.py      where files come from: stages, images, contexts
plan.py         which stages the target needs, what each is based on, and what it takes from where
values.py       instructions with values for their variables
config.py       what instructions make of an image's config; ports.py and words.py are for it
evaluation.py   a stage, once its base is known: its steps, each with the config after it
lint/           what --check says of a Dockerfile
"""
