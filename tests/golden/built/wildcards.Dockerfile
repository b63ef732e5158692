FROM seacan-test-base:1
COPY ?.txt /one/
COPY [ab].txt /set/
COPY [^a].txt /not/
COPY d*/one /into/
COPY d*r /whole/
COPY *r/s*/t* /deep/
COPY ./a.txt ./dir/../b.txt /dots/
COPY /a.txt /absolute
COPY dir/link /followed
COPY dir/. /contents
COPY to-*  /links/
COPY *.sh run.sh /twice/
COPY nested.tar* /archives/
