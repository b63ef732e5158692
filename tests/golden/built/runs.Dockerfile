FROM seacan-test-base:1
RUN echo hi > /f && chmod 4711 /f && chown 3:4 /f
RUN ["sh", "-c", "echo exec > /e"]
RUN true
RUN rm /f && mkdir -p /new/deep && ln -s deep /new/link
RUN rm -rf /usr && mkdir /usr && touch /usr/x
RUN mkfifo /fifo && mknod /null c 1 3
ENV A=1
ARG B=2
RUN echo $A$B > /ab
USER daemon
RUN touch /tmp/mine
RUN echo 'a\
  b' > /tmp/joined
