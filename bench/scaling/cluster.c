/* Formulas of a cluster.  Any thread. */
#include "bench/scaling/cluster.h"

#include <math.h>

int64_t cluster_send_ns(struct cluster_link link, double bytes)
{
    return llround(link.latency_ns + bytes / link.bytes_per_ns);
}

double cluster_reduce_bytes(int n, double bytes)
{
    return 2.0 * (n - 1) / n * bytes;
}

int64_t cluster_reduce_ns(struct cluster_link link, int n, double bytes)
{
    return llround(2.0 * (n - 1) * link.latency_ns +
                   cluster_reduce_bytes(n, bytes) / link.bytes_per_ns);
}
