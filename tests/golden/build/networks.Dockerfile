FROM busybox
RUN --network=none ./test
RUN --network=host --security=sandbox ./fetch
RUN --security=insecure mount
