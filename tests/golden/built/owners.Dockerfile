FROM seacan-test-base:1
COPY --chown=daemon dir /a/b
COPY --chown=1234 a.txt /c/
COPY --chown=sailor:cargo a.txt /d
COPY --chown=5:6 dir /tmp
ADD --chown=daemon:daemon a.txt /e
