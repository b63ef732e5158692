FROM seacan-test-base:1
COPY a.txt /
COPY a.txt /renamed
COPY a.txt b.txt /two/
COPY dir /tmp
COPY dir /new/deep
COPY dir/ /slash/
COPY to-dir /through
COPY to-file /file
COPY dir/sub/two /usr
COPY *.txt /stars/
COPY ["a.txt", "/list/"]
WORKDIR /w
COPY a.txt .
COPY b.txt ./
COPY dir sub
COPY run.sh /etc/a/b/c/
