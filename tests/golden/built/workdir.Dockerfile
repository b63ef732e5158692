FROM seacan-test-base:1
WORKDIR /w/a
WORKDIR b
RUN pwd > p
WORKDIR /tmp
WORKDIR /
USER 1000
WORKDIR /own
