FROM busybox
ARG version=v1.2.3-rc1
ARG path=/usr/local/lib/python/site
ENV empty=""
ENV a=${version#v} b=${version%-*} c=${version##*.} d=${path%%/lib*} \
    e=${path//\//:} f=${path/local/LOCAL} g=${unset:-default} h=${empty:-filled} i=${empty-kept} \
    j=${version:+yes} k=${unset+no} l="$version" m='$version' n=\$version o="\$v \"q\"" \
    p=${unset:-${version%%-*}} q=pre${version}post r=$version/x s="two words"
WORKDIR ${path}
LABEL "com.example.$version"="${a} and ${unset}"
EXPOSE ${port:-8080} ${port:-81}/udp
USER ${user:-nobody}
VOLUME $path/data
STOPSIGNAL ${sig:-SIGTERM}
COPY --chown=${user:-1}:2 $version.txt ${path}/
