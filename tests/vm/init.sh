#!/bin/sh
# The guest's first process. In the initramfs it makes the root file system: the host's, read-only
# over virtiofs, under an overlay of memory. Started again in that root, it mounts what a Linux
# system has, runs the command, reports its status and switches the machine off. With vm.init=systemd
# the host's systemd becomes the first process, which starts it a third time, as its one service.
#
# /dev/vportNp1 is the command's output, /dev/vportNp2 its status.

busybox=/bin/busybox

word() { # the value of NAME=VALUE on the kernel's command line
    $busybox sed -n "s/.*$1=\([^ ]*\).*/\1/p" /proc/cmdline
}

make_root() {
    $busybox mount -t proc proc /proc
    $busybox mount -t sysfs sys /sys
    $busybox mount -t devtmpfs dev /dev
    for module in /modules/*.ko; do $busybox insmod "$module" || exit 1; done
    $busybox mount -t virtiofs -o ro host /host || exit 1
    $busybox mount -t tmpfs -o size=75% memory /memory
    $busybox mkdir /memory/upper /memory/work
    $busybox mount -t overlay -o lowerdir=/host,upperdir=/memory/upper,workdir=/memory/work \
        overlay /root || exit 1
    $busybox mkdir -p /root/init.d
    $busybox cp /init /root/init.d/vm
    $busybox umount /proc /sys /dev
    exec $busybox switch_root /root /init.d/vm run
}

start_systemd() {
    # Nothing that the host has configured: one service, without what services usually depend on.
    $busybox rm -rf /lib/systemd/system-generators /lib/systemd/system-environment-generators
    $busybox rm -rf /etc/systemd/system
    $busybox mkdir -p /etc/systemd/system
    $busybox cat > /etc/systemd/system/vm.service << END
[Unit]
DefaultDependencies=no
[Service]
ExecStart=/init.d/vm serve
StandardOutput=null
END
    $busybox rm -f /.dockerenv # or it takes itself for one in a container
    $busybox umount /proc
    exec $busybox env -i /lib/systemd/systemd --unit=vm.service
}

mount_system() {
    $busybox mount -t sysfs -o nosuid,nodev,noexec sysfs /sys
    $busybox mount -t devtmpfs -o nosuid devtmpfs /dev
    $busybox mkdir -p /dev/pts /dev/shm
    $busybox mount -t devpts -o nosuid,noexec,mode=620,ptmxmode=666,gid=5 devpts /dev/pts
    $busybox mount -t tmpfs -o nosuid,nodev tmpfs /dev/shm
    $busybox mount -t tmpfs -o nosuid,nodev,mode=755 tmpfs /run
    $busybox mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 /sys/fs/cgroup
}

run_command() {
    $busybox mkdir -m 1777 /run/tmp
    $busybox mount -t tmpfs -o mode=1777 tmpfs /run/tmp # not an overlay, so that overlays can lie on it
    $busybox mkdir -p /lib/modules
    $busybox mount --bind "$(word vm.modules)" /lib/modules
    $busybox ln -sf $busybox /init.d/modprobe
    echo /init.d/modprobe > /proc/sys/kernel/modprobe
    $busybox ifconfig lo up
    $busybox hostname seacan-vm
    $busybox setsid $busybox sh "$(word vm.command)" < /dev/null > "$(echo /dev/vport*p1)" 2>&1
    echo $? > "$(echo /dev/vport*p2)"
    $busybox poweroff -f
}

if [ -z "$1" ]; then make_root; fi
if [ "$1" = run ]; then
    $busybox mount -t proc -o nosuid,nodev,noexec proc /proc
    if [ "$(word vm.init)" = systemd ]; then start_systemd; fi
    mount_system
fi
run_command
