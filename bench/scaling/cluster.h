/*
 * What collectives of a cluster take, by the formulas of a ring.
 */
#ifndef BENCH_SCALING_CLUSTER_H
#define BENCH_SCALING_CLUSTER_H

#include <stdint.h>

/* A link between two devices. */
struct cluster_link {
    double latency_ns;
    double bytes_per_ns;
};

/* Of a message. */
int64_t cluster_send_ns(struct cluster_link link, double bytes);

/* Bytes that each of `n` devices sends while they add up `bytes`, so that all
 * have the sum: 2 (n - 1) / n of them (Patarasuk and Yuan, 2009). */
double cluster_reduce_bytes(int n, double bytes);

/* How long that takes, in 2 (n - 1) rounds. */
int64_t cluster_reduce_ns(struct cluster_link link, int n, double bytes);

#endif
