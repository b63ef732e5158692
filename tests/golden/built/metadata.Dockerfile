FROM seacan-test-base:1
ARG X=1
ARG Y
ENV A=b C="d e"
ENV F g  h
LABEL x=y "q r"='s t'
MAINTAINER me <me@x>
EXPOSE 80 90/udp
VOLUME /data /d2
VOLUME ["/d3"]
USER daemon
CMD ["echo","hi"]
ENTRYPOINT echo $A
HEALTHCHECK --interval=5s --retries=2 CMD true
STOPSIGNAL SIGUSR1
SHELL ["/bin/sh","-ec"]
CMD echo shell
ONBUILD RUN echo ob
