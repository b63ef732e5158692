ARG TAG=1.0
ARG FULL=${TAG}-slim
FROM debian:$FULL AS one
ARG TAG
ARG FULL=own
RUN echo $TAG $FULL
FROM one AS two
RUN echo $TAG
FROM debian:$FULL
RUN echo "[$TAG]"
ARG GIVEN=default OTHER
ENV GIVEN=${GIVEN}-env
RUN echo $GIVEN
COPY --from=two /a /a
