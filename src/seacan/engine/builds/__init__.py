"""The builder's side of the engine; the language and its plan are seacan.build.

Reading order: builds.py (its images), steps.py with start_traces.py (its commands), cache.py with
cache_rules.py and cache_filters.py, registry_cache.py.
"""
