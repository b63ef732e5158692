FROM seacan-test-base:1 AS base
ENTRYPOINT ["/bin/sh", "-c"]
CMD ["echo base"]
HEALTHCHECK CMD ["true", "a b"]
STOPSIGNAL 9
SHELL ["/bin/sh", "-e", "-c"]
ONBUILD ENV TRIGGERED=yes
ONBUILD RUN echo triggered > /t
ONBUILD COPY a.txt /by-trigger
LABEL a=1 b=2
FROM base
RUN echo after > /after
ENTRYPOINT exec sh
HEALTHCHECK --interval=1m30s --timeout=2s --start-period=1s --start-interval=3s CMD echo "a b"
LABEL b=3 c=
ENV EMPTY= TRIGGERED=again
ONBUILD ADD b.txt /
EXPOSE 1
EXPOSE 1/tcp 2
VOLUME ["/v", "/w x"]
MAINTAINER  somebody   else
MAINTAINER last
STOPSIGNAL SIGTERM
