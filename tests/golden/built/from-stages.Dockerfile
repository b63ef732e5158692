ARG TAG=1
FROM seacan-test-base:${TAG} AS one
RUN mkdir -p /s/sub/empty && echo x > /s/f && chmod 4755 /s/f && ln -s f /s/l && ln -s /s/sub /dirlink && chown -R 7:8 /s/sub && chmod 1770 /s/sub
RUN echo y > "/s/with space" && echo z > /s/z.txt && ln /s/z.txt /s/hard
FROM one AS two
ENV KEPT=yes
USER daemon
WORKDIR /work
RUN ["touch", "/tmp/by-daemon"]
FROM seacan-test-base:1
COPY --from=one /s /copied
COPY --from=0 /s/sub /sub/
COPY --from=one /s/*.txt /s/f /both/
COPY --from=two /dirlink /through
COPY --from=two /s/l /link
COPY --from=one ["/s/with space", "/spaced/"]
COPY --from=1 --chown=daemon:wheel /s/sub /owned
COPY --from=two /tmp/by-daemon /work/
COPY --from=one s/f relative
COPY --from=one /s/sub/. /dot
