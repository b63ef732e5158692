FROM debian:bookworm
RUN rm -f /etc/apt/apt.conf.d/docker-clean
RUN --mount=type=cache,target=/var/cache/apt,sharing=locked \
    --mount=type=cache,target=/var/lib/apt,sharing=locked \
    apt-get update && apt-get install -y gcc
RUN --mount=type=tmpfs,target=/tmp,size=64m --mount=type=bind,target=/src,rw make -C /src
RUN --mount=type=cache,target=cache,uid=1000,gid=1000,mode=0700,from=busybox,source=/etc true
