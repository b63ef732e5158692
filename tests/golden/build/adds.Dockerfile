FROM busybox
ADD rootfs.tar.gz /
ADD --checksum=sha256:24454f830cdb571e2c4ad15481119c43b3cafd48dd869a9b2945d1036d1dc68d https://example.com/a.tar /a.tar
ADD --keep-git-dir=true https://github.com/example/x.git#v1 /src
ADD --unpack=true --chown=1:1 https://example.com/b.tgz /b/
ADD --unpack=false local.tar /
