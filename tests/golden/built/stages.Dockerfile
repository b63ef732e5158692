FROM seacan-test-base:1 AS first
RUN mkdir -p /out/sub && echo 1 > /out/one && echo 2 > /out/sub/two
RUN chown -R 7:8 /out && ln -s one /out/link
FROM seacan-test-base:1 AS unused
RUN echo unused > /u
FROM scratch
COPY --from=first /out /out
COPY --from=0 /out/one /one
COPY --from=seacan-test-base:1 /etc/passwd /etc/group /etc/
ENV A=b
