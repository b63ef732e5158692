FROM debian:bookworm-slim
RUN <<EOT
set -e
apt-get update
apt-get install -y curl
EOT
RUN <<-"EOT" bash -x
	echo "$HOME" stays
	EOT
RUN python3 <<PY > /out && cat /out
print("x")
PY
