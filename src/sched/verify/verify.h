/*
 * The parts of the verifier: one file per rule, called in this order, each
 * relying on the rules before it.  One thread.
 */
#ifndef SL_SCHED_VERIFY_VERIFY_H
#define SL_SCHED_VERIFY_VERIFY_H

#include <stdint.h>

#include "sched/schedule.h"
#include "sched/verify/findings.h"

/* What micro-batches take, as in sluice_verify_config. */
struct sl_verify_memory {
    const int64_t *input_bytes;
    const int64_t *inner_bytes;
    int64_t limit;
};

/* A cell is a (stage, micro-batch); it has a bit per kind of action. */
struct sl_proof {
    const sluice_schedule *schedule;   /* const */
    int capacity;                      /* of each queue, const */
    bool forward_only;                 /* const */
    const sluice_schedule_edge *edges; /* [n_edges], const; checked */
    int n_edges;
    bool lowered;      /* const */
    bool vocabulary;   /* S and T are listed; as */
    bool asynchronous; /* const once sl_verify_complete() is
                          done */
    sluice_diag *why;
    struct sl_findings *findings; /* NULL: not asked for; filled by
                                     sl_verify_version() */
    size_t n_cells;
    int8_t *home;     /* [n_microbatches] the copy that each goes through; as
                         `listed` */
    uint16_t *listed; /* [n_cells] the kinds that the lists hold; const once
                         sl_verify_complete() has filled it */
    uint16_t *done;   /* [n_cells] the kinds seen so far by sl_verify_order() */
    int32_t *forward; /* [n_cells] micro-batches of each stage in the order of
                         what takes the input, F or RECV_F, -1 behind them;
                         filled by sl_verify_handoff() */
    int32_t *backward; /* [n_cells] the same of B or I, or RECV_B */
    int *versions;     /* [n_stages] kept at once; filled by
                          sl_verify_version(), which asynchronous ones need */
    const struct sl_verify_memory *memory; /* const */
    int64_t *peak_bytes; /* [n_devices]; filled by sl_verify_memory(), NULL if
                            no sizes are known */
    int *staleness;      /* [n_stages] the most; the same */
    int *first_held;     /* [n_stages] the first stage of each stage's device;
                            filled by sl_verify_vocabulary(), if `vocabulary` */
};

enum {
    SL_BIT_F = 1 << SLUICE_F,
    SL_BIT_B = 1 << SLUICE_B,
    SL_BIT_I = 1 << SLUICE_I,
    SL_BIT_W = 1 << SLUICE_W,
    SL_BIT_R = 1 << SLUICE_R,
    SL_BIT_S = 1 << SLUICE_S,
    SL_BIT_T = 1 << SLUICE_T,
    SL_BIT_SEND_F = 1 << SLUICE_SEND_F,
    SL_BIT_RECV_F = 1 << SLUICE_RECV_F,
    SL_BIT_SEND_B = 1 << SLUICE_SEND_B,
    SL_BIT_RECV_B = 1 << SLUICE_RECV_B,
    SL_BIT_BACKWARD = SL_BIT_B | SL_BIT_I, /* takes and hands on a gradient */
    SL_BIT_LAST = SL_BIT_B | SL_BIT_W,     /* the last of its cell */
};

static inline size_t sl_cell(const struct sl_proof *proof, int stage,
                             int microbatch)
{
    return (size_t)stage * (size_t)proof->schedule->n_microbatches +
           (size_t)microbatch;
}

/* Whether `stage` and `stage` + 1 are neighbours on different devices: with
 * queues between them. */
static inline bool sl_apart(const struct sl_proof *proof, int stage)
{
    const int *device = proof->schedule->stage_device;
    return sl_schedule_boundary(proof->schedule, stage) &&
           device[stage] != device[stage + 1];
}

/* Whether they are neighbours on one device. */
static inline bool sl_together(const struct sl_proof *proof, int stage)
{
    return sl_schedule_boundary(proof->schedule, stage) &&
           !sl_apart(proof, stage);
}

/* What crosses between devices, and the kinds of action that hand it over. */
struct sl_crossing {
    unsigned gives;
    unsigned takes;
};

static inline struct sl_crossing sl_activations(const struct sl_proof *proof)
{
    if (proof->lowered)
        return (struct sl_crossing){SL_BIT_SEND_F, SL_BIT_RECV_F};
    return (struct sl_crossing){SL_BIT_F, SL_BIT_F};
}

static inline struct sl_crossing sl_gradients(const struct sl_proof *proof)
{
    if (proof->lowered)
        return (struct sl_crossing){SL_BIT_SEND_B, SL_BIT_RECV_B};
    return (struct sl_crossing){SL_BIT_BACKWARD, SL_BIT_BACKWARD};
}

/* Each allocates what it adds to the proof.  All return SLUICE_OK,
 * SLUICE_SCHEDULE or SLUICE_NO_MEMORY. */
sluice_status sl_verify_complete(struct sl_proof *proof);
sluice_status sl_verify_vocabulary(struct sl_proof *proof);
sluice_status sl_verify_order(struct sl_proof *proof);
sluice_status sl_verify_shards(struct sl_proof *proof);
sluice_status sl_verify_version(struct sl_proof *proof);
sluice_status sl_verify_vocabulary_order(struct sl_proof *proof);
sluice_status sl_verify_handoff(struct sl_proof *proof);
sluice_status sl_verify_deadlock(struct sl_proof *proof);
sluice_status sl_verify_memory(struct sl_proof *proof);

/* What the proof brings to light, facts[n_devices]; all rules hold. */
void sl_verify_facts(const struct sl_proof *proof, sluice_device_facts *facts);

/* Refuse because of `action` at `position`, -1 if it is missing, of `device`;
 * what the reader of the schedule remarked is quoted.  Returns SLUICE_SCHEDULE.
 */
sluice_status sl_refuse(const struct sl_proof *proof, int device, int position,
                        sluice_action action, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* Refuse because `action` is missing from the list of its stage's device.
 * Returns SLUICE_SCHEDULE. */
sluice_status sl_refuse_missing(const struct sl_proof *proof,
                                sluice_action action);

/* Of `kinds` the one that (stage, micro-batch) has: it has one, by `complete`.
 */
sluice_action sl_listed(const struct sl_proof *proof, unsigned kinds, int stage,
                        int microbatch);

/* The same as its device's list has it, with its version, and its position
 * there: for refusals only, it searches. */
sluice_action sl_locate(const struct sl_proof *proof, unsigned kinds, int stage,
                        int microbatch, int *position);

/* An action's name, returned by value so that one call can print several. */
struct sl_name {
    char text[SLUICE_DIAG_ACTION];
};
struct sl_name sl_name_of(sluice_action action);

#endif
