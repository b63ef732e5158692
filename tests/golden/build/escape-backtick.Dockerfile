# escape=`
FROM busybox
RUN echo one `
    && echo two\
ENV dir="C:\Users" plain=a` b
COPY a `
     b `
     c:\dest\
