FROM busybox
SHELL ["/bin/ash", "-c"]
RUN ["echo", "a b", "$HOME"]
RUN [ "echo" , "\u00e9\t" ]
RUN ['single', 'quotes']
RUN [ -f /etc/passwd ] && echo there
CMD ["sh", "-c",
