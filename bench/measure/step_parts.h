/* The parts of a step, read off its trace, on either clock. */
#ifndef BENCH_MEASURE_STEP_PARTS_H
#define BENCH_MEASURE_STEP_PARTS_H

#include <stddef.h>

#include <sluice/pipeline.h>
#include <sluice/trace.h>

enum part {
    PART_FORWARD,
    PART_BACKWARD, /* B, I, W */
    PART_RECOMPUTE,
    PART_COMMUNICATION, /* replicas add up their gradients */
    PART_UPDATE,
    PART_IDLE, /* the rest of the step, waiting for other replicas included */
    N_PARTS
};

/* "forward_ns", ... */
extern const char *const part_names[N_PARTS];

/* Mean over the devices, in ns: their sum is the step's time. */
void parts_of(const sluice_trace *trace, double parts[N_PARTS]);

/* Room for traces on the virtual clock; zero at first. */
struct virtual_clock {
    sluice_trace_event *storage;
    size_t n;
    const sluice_trace_event *events[SLUICE_MAX_DEVICES];
};

/*
 * The trace on the virtual clock, valid until the next call.
 *
 * Returns  SLUICE_OK, SLUICE_NO_MEMORY.
 */
sluice_status virtual_clock_read(struct virtual_clock *clock,
                                 const sluice_trace *trace, sluice_trace *out,
                                 sluice_diag *why);

void virtual_clock_fini(struct virtual_clock *clock);

#endif
