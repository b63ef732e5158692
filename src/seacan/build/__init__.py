"""The builder: a Dockerfile and a context become an image.

dockerfile/     the language: lines, words, variables, instructions
plan.py         which stages the target needs, what each is based on, and what it takes from where
evaluation.py   a stage, once its base is known: steps, with values for variables, and the config
                of the image after each
lint.py         what `--check` says of a Dockerfile
"""
