from seacan.compose.renaming import with_other_names

TEXT = """
x-env: &env [a.env, "b.env"]  # kept
services:
  web:
    env_file: *env
    extends: {file: 'base.yaml', service: a}
    labels: !override {file: base.yaml}
  db: {env_file: [{path: a.env, required: false}], extends: web}
  other:
    env_file: a.env
    extends:
      file: far.yaml   # kept
      service: b
---
services: {more: {env_file: ä.env}}
"""
RENAMED = """
x-env: &env [1.env, 2.env]  # kept
services:
  web:
    env_file: *env
    extends: {file: 1.yaml, service: a}
    labels: !override {file: base.yaml}
  db: {env_file: [{path: 1.env, required: false}], extends: web}
  other:
    env_file: 1.env
    extends:
      file: far.yaml   # kept
      service: b
---
services: {more: {env_file: 3.env}}
"""


def test_names_change_and_nothing_else() -> None:
    names = {"a.env": "1.env", "b.env": "2.env", "ä.env": "3.env", "base.yaml": "1.yaml"}
    assert with_other_names(TEXT, names.get, names.get) == RENAMED


def test_what_names_no_file() -> None:
    for text in ("", "services:", "services: [a]", "services: {a: b, c: }", "a: &x {b: 1}"):
        assert with_other_names(text, str.upper, str.upper) == text
