/*
 * The devices that a plan is for, from a file:
 *
 *     # two laptops
 *     latency 300ns            a hand-off between cores of a node
 *     bandwidth 8G             its bytes a second, in addition
 *     wake 50us                a core whose thread has waited and sleeps
 *     network-latency 50us     the first two between nodes
 *     network-bandwidth 1G
 *     node 2                   two cores of speed 1
 *     node 4 speed 0.5 cap 2G  four that take twice the time, with 2 GiB each
 */
#ifndef BENCH_PLAN_MACHINE_FILE_H
#define BENCH_PLAN_MACHINE_FILE_H

#include <stdio.h>

#include <sluice/plan.h>
#include <sluice/status.h>

struct machine {
    int n_devices;
    sluice_plan_device devices[SLUICE_MAX_DEVICES];
    int n_nodes;
    int64_t latency_ns;
    uint64_t bandwidth; /* bytes a second; 0: takes no time */
    int64_t wake_ns;    /* what a thread that sleeps takes to wake */
    int64_t network_ns;
    uint64_t network_bandwidth;
};

/*
 * Read a file.
 *
 * Returns  SLUICE_OK; SLUICE_IO; SLUICE_FORMAT with file and line.
 */
sluice_status machine_read(const char *path, struct machine *machine,
                           sluice_diag *why);

/* The same from an open file, with the line alone. */
sluice_status machine_parse(FILE *in, struct machine *machine,
                            sluice_diag *why);

#endif
