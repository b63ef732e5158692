"""One module for each command of compose: FLAGS, and `run` from its words to an exit code."""
