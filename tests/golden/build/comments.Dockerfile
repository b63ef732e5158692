
# a comment that is no directive
# syntax=too-late
FROM busybox  
RUN echo a \
    # within

    && echo b
  # indented comment
	RUN echo "# not a comment"
# doc of x
ARG x
