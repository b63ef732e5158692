FROM busybox AS base
ONBUILD ARG version=1
ONBUILD COPY . /app
ONBUILD RUN echo $version > /version
CMD ["sh"]

FROM base AS app
RUN make

FROM base
ARG version
LABEL version=$version
