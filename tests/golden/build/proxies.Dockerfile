FROM busybox
RUN wget http://example.com
ARG HTTP_PROXY
RUN wget http://example.com
