FROM busybox AS base
RUN base
FROM base AS debug
RUN debug
FROM base AS release
RUN release
FROM scratch AS export
COPY --from=release /out /
