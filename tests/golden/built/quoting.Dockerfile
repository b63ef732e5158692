FROM seacan-test-base:1
ENV A="x y" B='$A' C=$A D=${A:-n} E=${NO:-d} F=${A:+p} G=\$A
RUN echo "$A|$B|$C" > /v
LABEL "a b"="$C" multi="line \
  goes on"
CMD [ "sh", "-c", "echo \"x\"" ]
