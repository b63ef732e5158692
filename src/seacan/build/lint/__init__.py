"""What `--check` says of a Dockerfile: Docker's build checks, under their names.

check.py     a Dockerfile → its findings
rules.py     the rules: what each is about, and what to do
options.py   # check=skip=…;error=true
findings.py  what was found, and what of it is to be told
layout.py    what shows in the text alone
stages.py    what shows once variables have values
"""
