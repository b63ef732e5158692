FROM busybox
ARG REVISION
LABEL org.opencontainers.image.title="An app" \
      org.opencontainers.image.revision=$REVISION \
      multi="line\
 text" empty= quoted='it''s'
LABEL version="1.0" version="2.0"
