# escape=`
# a comment
FROM seacan-test-base:1
ENV A=one `
    B="two `
three" `
# between
    C=`$A

ENV D=${A}-${B:-none}-${NONE:-default}-${A:+set}-${NONE:+set} E='$A' F="$A 'q'" G=a` b
LABEL l1=$A `
      l2="$B" `
      "l 3"=x
RUN echo a && `
    # in the middle
    echo b > /out && `

    echo c >> /out
WORKDIR /w$A
WORKDIR ${D}
WORKDIR ../up
COPY a.txt $A/$C/
EXPOSE 80 8000-8002/udp $NONE 443
USER 5:6
CMD echo $A `
  more
