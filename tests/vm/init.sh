#!/bin/sh
# The guest's first process. In the initramfs it makes the root file system: the host's, read-only
# over virtiofs, under an overlay of memory. Started again in that root, it mounts what a Linux
# system has, runs the command, reports its status and switches the machine off.
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

mount_system() {
    $busybox mount -t proc -o nosuid,nodev,noexec proc /proc
    $busybox mount -t sysfs -o nosuid,nodev,noexec sysfs /sys
    $busybox mount -t devtmpfs -o nosuid devtmpfs /dev
    $busybox mkdir -p /dev/pts /dev/shm
    $busybox mount -t devpts -o nosuid,noexec,mode=620,ptmxmode=666,gid=5 devpts /dev/pts
    $busybox mount -t tmpfs -o nosuid,nodev tmpfs /dev/shm
    $busybox mount -t tmpfs -o nosuid,nodev,mode=755 tmpfs /run
    $busybox mkdir -m 1777 /run/tmp # not an overlay, so that overlays can lie on it
    $busybox mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 /sys/fs/cgroup
    $busybox mkdir -p /lib/modules
    $busybox mount --bind "$(word vm.modules)" /lib/modules
    $busybox ln -sf $busybox /init.d/modprobe
    echo /init.d/modprobe > /proc/sys/kernel/modprobe
    $busybox ifconfig lo up
    $busybox hostname seacan-vm
}

if [ "$1" != run ]; then make_root; fi

mount_system
$busybox setsid $busybox sh "$(word vm.command)" < /dev/null > "$(echo /dev/vport*p1)" 2>&1
echo $? > "$(echo /dev/vport*p2)"
$busybox poweroff -f
