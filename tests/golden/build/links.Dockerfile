FROM busybox
ARG OWNER=root:7 MODE
COPY --link --chown=$OWNER a b /x/
COPY --link=false --chown=daemon a /x/
COPY --link --chmod=$MODE a /x/
COPY --link --chown=daemon --chmod=755 a /x/
ADD --link --chown=7 a.tar /x/
