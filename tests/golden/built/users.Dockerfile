FROM seacan-test-base:1
USER sailor
RUN id > /tmp/id && touch /tmp/own && echo $HOME > /tmp/home
WORKDIR /home/sailor/made/deep
RUN pwd > /tmp/pwd
COPY a.txt .
COPY --chown=sailor:cargo b.txt ./b
COPY --chown=1000 dir ./c
USER 1234:5678
RUN id > /tmp/id2
USER daemon:cargo
RUN id > /tmp/id3
WORKDIR /
USER root
RUN stat -c '%u %g %a' /home/sailor/made /home/sailor/made/deep > /stat
WORKDIR /home/sailor/made
