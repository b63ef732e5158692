ARG GLOBAL=global
ARG UNUSED
FROM seacan-test-base:1
ARG GLOBAL
ARG LOCAL=local-$GLOBAL
ARG ONLY
ENV E=$LOCAL
RUN echo "$GLOBAL $LOCAL $ONLY $E" > /args
ARG LOCAL=again
RUN echo "$LOCAL" > /again
LABEL v=$GLOBAL-$LOCAL
ARG GLOBAL=mine
ARG E=hidden
RUN echo "$GLOBAL $E" > /mine
ARG A B=2 C
RUN echo "$A$B$C" > /several
ENV PATH=/bin:$PATH:/x
RUN true
