#!/bin/sh
# latency.sh DELAY PROGRAM...: run 2 processes as on two hosts, which are
# network namespaces on either side of a cable with so much delay each way, over
# TCP: without delay if the system has no netem.  Exits with 77 where the machine
# has no such thing as the rest.
delay=$1
shift
skip() {
    echo "skipped: $1"
    exit 77
}
[ "$(id -u)" = 0 ] || skip "network namespaces need root"
for tool in ip tc unshare mpirun; do
    command -v $tool >/dev/null || skip "there is no $tool"
done
near=sluice-near-$$ far=sluice-far-$$
work=$(mktemp -d)
clean() {
    ip netns del $near 2>/dev/null
    ip netns del $far 2>/dev/null
    rm -rf "$work"
}
trap clean EXIT
trap 'exit 1' HUP INT TERM
for space in $near $far; do
    ip netns add "$space" 2>/dev/null ||
        skip "the system refuses network namespaces"
done
ip link add near netns $near type veth peer name far netns $far 2>/dev/null ||
    skip "the system refuses a pair of network devices"

# host NAMESPACE DEVICE ADDRESS
host() {
    ip -n "$1" link set lo up && ip -n "$1" addr add "$3/24" dev "$2" &&
        ip -n "$1" link set "$2" up || exit 1
    ip netns exec "$1" tc qdisc add dev "$2" root netem delay "$delay" \
        2>/dev/null ||
        echo "the system has no netem: without delay"
}
host $near near 10.99.0.1
host $far far 10.99.0.2

# What mpirun starts a daemon by: words HOST COMMAND.
cat >"$work/agent" <<EOF
#!/bin/sh
shift
exec ip netns exec $far unshare --uts sh -c "hostname sluice-far; \$*"
EOF
chmod +x "$work/agent"
ip netns exec $near unshare --uts sh -c 'hostname sluice-near; exec "$@"' sh \
    mpirun --allow-run-as-root --bind-to none --mca pml ob1 \
    --mca btl tcp,self --mca btl_tcp_if_include 10.99.0.0/24 \
    --mca oob_tcp_if_include 10.99.0.0/24 --mca plm_rsh_agent "$work/agent" \
    --host 10.99.0.1,10.99.0.2 -n 2 "$@"
