FROM busybox AS a
FROM busybox
COPY ["file with spaces", "other", "/dest dir/"]
COPY --from=0 --link --chmod=u=rwX,go=rX /etc /etc
COPY --parents --exclude=*.md --exclude=docs ./a/*/b ./c /x/
COPY --from=busybox:1.36 /bin/busybox /bb
COPY --from=a *.txt ?.conf [a-c]*.d/ ./
