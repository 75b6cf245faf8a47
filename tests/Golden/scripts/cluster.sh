#!/bin/bash
# A cluster on one host: "machines" head, m1, m2, ... are namespaces with their own network (10.77.0.0/24, unreachable from outside),
# host name and /local. A MooseFS volume is their only common file system (/mfs); Slurm runs jobs on them. Needs root and, of Debian,
# slurm-wlm munge iproute2 moosefs-master moosefs-chunkserver moosefs-client.
# usage: cluster.sh missing | up [MACHINES=3] | run COMMAND... (on head, with /mfs) | cut MACHINE | heal MACHINE | kill MACHINE | down
set -eu
B=${CLUSTER_HOME:?a folder for the state of the cluster}
export SLURM_CONF=$B/slurm.conf
prefix=$(basename "$B") # clusters of two test runs may exist side by side
machines() { cat "$B/machines"; }
net() { h=$1; shift; nsenter --net="/run/netns/$prefix-$h" "$@"; }
# Network, mounts and host name of a machine. Not `ip netns exec`, which hides /sys/fs/cgroup from slurmd.
on() { h=$1; shift; nsenter -t "$(cat "$B/run/$h.hold")" --net --mount --uts --wd=/ "$@"; }
# Tries until it succeeds, for 20 seconds.
until_true() { for _ in $(seq 200); do "$@" 2> /dev/null && return; sleep 0.1; done; echo "in vain: $*" >&2; return 1; }

# Why there can be no cluster here; nothing where there can be one.
missing() {
    [ "$(id -u)" = 0 ] || { echo "only root can make namespaces"; return; }
    for program in slurmctld slurmd sbatch munged ip mfsmaster mfschunkserver mfsmount nsenter unshare; do
        command -v $program > /dev/null || { echo "no $program"; return; }
    done
    [ -c /dev/fuse ] || { echo "no /dev/fuse"; return; }
    [ -f /var/lib/mfs/metadata.mfs.empty ] || { echo "no /var/lib/mfs/metadata.mfs.empty"; return; }
    unshare --uts --mount --net true 2> /dev/null || { echo "no namespaces"; return; }
    unshare --net sh -c 'ip link add br0 type bridge && ip link add v0 type veth peer name v1' 2> /dev/null || echo "no bridges of virtual networks"
}

networks() {
    for h in head $(machines); do ip netns add "$prefix-$h"; ip -n "$prefix-$h" link set lo up; done
    head=$prefix-head
    ip -n "$head" link add br0 type bridge; ip -n "$head" addr add 10.77.0.1/24 dev br0; ip -n "$head" link set br0 up
    i=11; for h in $(machines); do
        ip -n "$head" link add "v$h" type veth peer name eth0 netns "$prefix-$h"
        ip -n "$head" link set "v$h" master br0 up
        ip -n "$prefix-$h" addr add 10.77.0.$i/24 dev eth0; ip -n "$prefix-$h" link set eth0 up; i=$((i + 1))
    done
}

volume() {
    cp /var/lib/mfs/metadata.mfs.empty "$B/mfs/master/metadata.mfs"
    printf '10.77.0.0/24 / rw,alldirs,maproot=0:0\n10.77.0.0/24 . rw\n' > "$B/mfs/exports.cfg"; echo "$B/mfs/data" > "$B/mfs/hdd.cfg"
    user='WORKING_USER = root\nWORKING_GROUP = root\nAUTH_CODE = ss\n'
    printf "$user"'DATA_PATH = %s\nEXPORTS_FILENAME = %s\n' "$B/mfs/master" "$B/mfs/exports.cfg" > "$B/mfs/master.cfg"
    printf '%s_LISTEN_HOST = 10.77.0.1\n' MATOML MATOCS MATOCL >> "$B/mfs/master.cfg"
    printf "$user"'DATA_PATH = %s\nHDD_CONF_FILENAME = %s\nHDD_LEAVE_SPACE_DEFAULT = 1GiB\n' "$B/mfs/cs" "$B/mfs/hdd.cfg" > "$B/mfs/cs.cfg"
    printf '%s = 10.77.0.1\n' MASTER_HOST BIND_HOST CSSERV_LISTEN_HOST >> "$B/mfs/cs.cfg"
    net head mfsmaster -c "$B/mfs/master.cfg" start > "$B/log/mfsmaster.log" 2>&1
    net head mfschunkserver -c "$B/mfs/cs.cfg" start > "$B/log/mfscs.log" 2>&1
    # One process of each machine keeps its mounts and its host name.
    for h in head $(machines); do
        nsenter --net="/run/netns/$prefix-$h" unshare --uts --mount --propagation private bash -c "hostname $h; mount -t tmpfs local /local; mkdir /local/slurmd
            mfsmount /mfs -H 10.77.0.1 -o mfscachemode=NEVER && echo \$\$ > $B/run/$h.hold && exec sleep infinity" < /dev/null > "$B/log/$h.log" 2>&1 &
    done
    for h in head $(machines); do until_true [ -s "$B/run/$h.hold" ]; done
    # The volume has room once the chunk server has registered. A write before that would wait for minutes.
    until_true on head bash -c '[ "$(stat -f -c %a /mfs)" -gt 0 ]'
}

# A lost machine is noticed after some seconds. A job that goes back into the queue waits for as long as credentials are valid: 5 s at least,
# and two minutes where Slurm does not like the number.
slurm() {
    cat > "$SLURM_CONF" <<CONF
ClusterName=$prefix
SlurmctldHost=head(10.77.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket=$B/run/munge.socket,cred_expire=5
StateSaveLocation=$B/slurmctld
SlurmdSpoolDir=/local/slurmd
SlurmctldPidFile=$B/run/slurmctld.pid
SlurmdPidFile=$B/run/slurmd.%n.pid
SlurmctldLogFile=$B/log/slurmctld.log
SlurmdLogFile=$B/log/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=1,batch_sched_delay=0,bf_interval=1
ReturnToService=2
SlurmdTimeout=6
MessageTimeout=3
TCPTimeout=1
KillWait=2
MinJobAge=3600
InactiveLimit=0
JobRequeue=1
$(i=11; for h in $(machines); do echo "NodeName=$h NodeAddr=10.77.0.$i CPUs=1 RealMemory=4000 State=UNKNOWN"; i=$((i + 1)); done)
PartitionName=main Nodes=$(machines | paste -sd,) Default=YES MaxTime=INFINITE State=UP
CONF
    head -c 128 /dev/urandom > "$B/run/munge.key"; chmod 400 "$B/run/munge.key"
    munged --force --key-file="$B/run/munge.key" --socket="$B/run/munge.socket" --pid-file="$B/run/munged.pid" \
        --log-file="$B/log/munged.log" --seed-file="$B/run/munge.seed" --num-threads=2
    on head slurmctld -f "$SLURM_CONF" -c
    for h in $(machines); do on "$h" slurmd -f "$SLURM_CONF"; done
    until_true on head bash -c '[ "$(sinfo -h -o %t | sort -u)" = idle ]'
}

up() {
    mkdir -p "$B"/{run,log,slurmctld,mfs/master,mfs/cs,mfs/data} /mfs /local; chmod 755 "$B" "$B/run"
    seq -f m%g "${1:-3}" > "$B/machines"
    networks; volume; slurm
}

# The machine takes jobs once it sees the volume again: the health check that clusters have.
heal() {
    daemon=$(cat "$B/run/slurmd.$1.pid")
    kill -STOP "$daemon"
    ip -n "$prefix-head" link set "v$1" up
    until_true on "$1" timeout 1 stat /mfs/. > /dev/null
    kill -CONT "$daemon"
}

down() {
    for h in $(machines) head; do
        # Twice: what is starting at this moment is not in the first list.
        for _ in 1 2; do ip netns pids "$prefix-$h" 2> /dev/null | xargs -r kill -9 2> /dev/null || true; done
        ip netns del "$prefix-$h" 2> /dev/null || true
    done
    [ ! -s "$B/run/munged.pid" ] || kill "$(cat "$B/run/munged.pid")" 2> /dev/null || true
    rmdir /mfs /local 2> /dev/null || true
    rm -rf "$B"
}

case $1 in
    missing) missing ;;
    up) shift; up "$@" ;;
    run) shift; on head "$@" ;;
    cut) ip -n "$prefix-head" link set "v$2" down ;; # the machine runs on, alone
    heal) heal "$2" ;;
    kill) ip netns pids "$prefix-$2" | xargs -r kill -9 2> /dev/null || true ;; # a power failure
    down) down ;;
esac
