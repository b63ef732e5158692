FROM seacan-test-base:1
RUN mkdir -p /x/in && echo old > /x/in/file && chmod 700 /x/in && ln -s /nowhere /x/way-out && mkdir /q
ADD nested.tar /x
ADD nested.tar.gz a.txt /q/
ADD --chown=daemon dir /d
ADD dir a.txt /many/
WORKDIR /rel
ADD nested.tar .
ADD nested.tar.gz sub/
ADD run.sh run
ADD to-file ./
