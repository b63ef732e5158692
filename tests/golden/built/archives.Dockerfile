FROM seacan-test-base:1
ADD nested.tar /x/
ADD nested.tar.gz /y
COPY nested.tar /z/
ADD a.txt /q
