from busybox
maintainer Jane Roe <jane@example.com>
env KEY some  words here
label description a text with = and "quotes"
add src /dest
expose 1-3
run true
