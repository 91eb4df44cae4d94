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

/*
 * Bytes of a parameter of 4 bytes with its gradient and `n_states` states of
 * the optimizer, on each of `n` replicas, by ZeRO's formula: stage 1 shares out
 * the states, 2 the gradients, too, 3 everything (Rajbhandari et al., 2020).
 */
double cluster_parameter_bytes(int zero, int n, int n_states);

#endif
