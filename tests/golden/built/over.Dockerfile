FROM seacan-test-base:1
RUN mkdir /d && ln -s /d /l && ln -s /nowhere /dangling && echo x > /old
COPY a.txt /l/
COPY dir /l
COPY a.txt /old
RUN mkdir /d/sub/deeper
COPY dir /d
COPY b.txt /etc/passwd
