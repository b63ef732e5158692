FROM seacan-test-base:1
RUN mkdir -p /a/b /c /keep && echo 1 > /a/b/f && echo 2 > /c/f && ln -s a /l && ln /c/f /c/hard && echo 3 > /file
RUN rm -r /a && echo now-a-file > /a
RUN rm /file && mkdir /file && echo in > /file/in
RUN rm /l && mkdir /l && touch /l/x
RUN mv /c /moved
RUN rm -r /keep && mkdir /keep && chmod 1777 /keep
RUN rm /moved/hard && cp /moved/f /moved/hard
RUN chown -R 5:6 /moved && chmod 2750 /moved
RUN mkdir /opq && touch /opq/one /opq/two
RUN rm -r /opq && mkdir /opq && touch /opq/three
RUN touch /gone && rm /gone
RUN chmod 600 /bin/busybox && chmod 755 /bin/busybox
RUN rm /etc/group && ln -s passwd /etc/group
