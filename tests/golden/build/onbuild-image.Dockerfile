FROM busybox AS tools
RUN touch /tool
FROM example.com/runtime:2
CMD ["start"]
