FROM scratch AS empty
ADD rootfs.tar /
ENV A=1
CMD ["/bin/true"]
FROM scratch
COPY --from=empty / /
