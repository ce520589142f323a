#!/bin/sh
# First process of the user-mode kernel; uml.py boots it with KERNEL_WORK in its environment.
# The host's files are the root, mounted read-only: nothing of the system can be changed. Only
# KERNEL_WORK, a temporary directory of the host, can be written, beside the tmpfs mounts below.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export HOME=/run LC_ALL=C.UTF-8 TMPDIR=/run/tmp
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /var/log
mkdir -p /run/tmp /run/lock /dev/shm /dev/pts
mount -t tmpfs tmpfs /dev/shm
mount -t devpts devpts /dev/pts
mount -t hostfs none "$KERNEL_WORK" -o "$KERNEL_WORK"
echo director > /proc/sys/kernel/hostname
ip link set lo up

# The kernel cannot load modules by itself here, its modules do not lie below /lib/modules: whatever
# a test may use is loaded now. A module that a kernel build lacks must not stop the others.
mkdir -p /run/modules/lib/modules
ln -s "/usr/lib/uml/modules/$(uname -r)" /run/modules/lib/modules/
modprobe -d /run/modules -a ip_vs ip_vs_rr ip_vs_wrr ip_vs_lc ip_vs_wlc ip_vs_sh ip_vs_dh ip_vs_mh \
    ip_vs_sed ip_vs_nq ip_vs_fo ip_vs_ovf ip_vs_lblc ip_vs_lblcr ip_vs_ftp ip_vs_pe_sip \
    veth bridge dummy nlmon ipip ip6_tunnel sch_netem \
    iptable_filter iptable_mangle ip6table_filter ip6table_mangle xt_mark xt_tcpudp ipt_REJECT

sh "$KERNEL_WORK/command" < /dev/null > "$KERNEL_WORK/output" 2>&1
echo $? > "$KERNEL_WORK/status"
sync
echo o > /proc/sysrq-trigger
sleep 60
