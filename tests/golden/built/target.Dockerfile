ARG TAG=1
FROM seacan-test-base:$TAG AS a
ENV IN=a
FROM a AS b
ENV IN=b
RUN echo $IN > /in
FROM b
RUN false
