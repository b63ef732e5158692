FROM python:3
RUN <<EOF
#!/usr/bin/env python3
print("hello")
EOF
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
RUN <<-EOF
	#!/bin/sh
	echo tabs
	EOF
