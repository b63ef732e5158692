FROM busybox
ARG name=world
ENV greeting="hello"
COPY <<EOF /etc/greeting
$greeting ${name} "quoted" \$literal
EOF
COPY <<'raw' <<-second file.txt /etc/conf/
$greeting stays
raw
	without tab
second
ADD --chmod=755 <<run.sh /usr/local/bin/run.sh
#!/bin/sh
exec "$@"
run.sh
