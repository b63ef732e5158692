FROM postgres:16 AS shell
ENTRYPOINT exec top -b
FROM postgres:16 AS list
CMD ["before"]
ENTRYPOINT ["/entry"]
FROM postgres:16
CMD []
ENTRYPOINT []
