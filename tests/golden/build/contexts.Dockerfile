FROM base AS build
COPY --from=assets / /assets
RUN --mount=from=tools,target=/tools --mount=type=bind,from=busybox,source=/bin,target=/bb make
FROM alpine:3 AS vendored
RUN never
FROM build
COPY --from=vendored /x /x
