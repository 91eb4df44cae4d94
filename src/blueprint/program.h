/*
 * A device's program: its actions with their order numbers, from which the
 * executor finds every slot without any bookkeeping of its own, and what the
 * mode of its updates adds to them (blueprint/updates.h).
 */
#ifndef SL_BLUEPRINT_PROGRAM_H
#define SL_BLUEPRINT_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/memory.h>
#include <sluice/schedule.h>
#include <sluice/status.h>

#include "sched/verify/findings.h"

enum { SL_NONE = -1 };

/* What a device does: each kind has one row in the table of behaviours. */
enum sl_op_kind {
    SL_OP_F = SLUICE_F, /* the action of the same name, and so the next six */
    SL_OP_B = SLUICE_B,
    SL_OP_I = SLUICE_I,
    SL_OP_W = SLUICE_W,
    SL_OP_R = SLUICE_R,
    SL_OP_S = SLUICE_S,
    SL_OP_T = SLUICE_T,
    SL_OP_UPDATE = SLUICE_UPDATE, /* as listed, before it is expanded */
    SL_OP_REDUCE_GRAD,            /* the same */
    SL_OP_CLEAR,   /* wait until no member reads what is in a room any more */
    SL_OP_BRING,   /* have all of a stage's parameters in it: an UNSHARD of the
                      list, where replicas have no memory in common */
    SL_OP_BACK_UP, /* keep what the step begins with, of all stages */
    SL_OP_REDUCE_SCATTER, /* add up gradients of those that hold the same part,
                             a chunk each */
    SL_OP_ALL_GATHER,     /* and give each other the chunks */
    SL_OP_LEAVE,          /* keep one's chunk of a gradient, and let its place
                             be used again */
    SL_OP_FENCE,          /* until no member reads them any more */
    SL_OP_TIE_SCATTER,    /* the same two, of the uses of a tied tensor */
    SL_OP_TIE_GATHER,
    SL_OP_TAKE_ROWS,     /* the last gradients of a cut embedding */
    SL_OP_TABLE_SCATTER, /* as REDUCE_SCATTER and ALL_GATHER, of a device's rows
                            of a table that is cut */
    SL_OP_TABLE_GATHER,
    SL_OP_TABLE_MEASURE, /* as MEASURE, of a device's rows of all tables */
    SL_OP_MEASURE,       /* what the tensors of a stage add to the total */
    SL_OP_TOTAL,         /* which all devices get */
    SL_OP_PREPARE,       /* that of an UPDATE which may fail */
    SL_OP_ADVANCE,       /* the whole UPDATE: makes the next version */
    SL_OP_VOTE,          /* for the commit, without waiting for it */
    SL_OP_AHEAD,   /* that of an UPDATE which can be undone, until all agree */
    SL_OP_AGREE,   /* all devices commit the step, or none */
    SL_OP_APPLY,   /* that of an UPDATE which cannot fail: what is left of it */
    SL_OP_UNSHARD, /* give each other what each has updated of a stage */
    SL_OP_TABLE_UNSHARD, /* the same, of a device's rows of a table */
    SL_OP_KEEP, /* the newest versions are what the next step begins with */
    SL_N_OP_KINDS,
};

/*
 * The numbers count, per stage, in the order of the device's list.  Because
 * queues are first-in-first-out, number n of a stage is number n of its
 * neighbour too: both ends find the same slot.
 */
struct sl_op {
    enum sl_op_kind kind;
    sluice_action action; /* what trace and failure show; of an operation on all
                             stages: stage SL_NONE */
    int32_t forward_no;   /* of the micro-batch's F */
    int32_t backward_no;  /* of its B or I; SL_NONE before it */
    int32_t stash_no;     /* of the F or R that filled the stash; SL_NONE: the
                             activations are not kept */
    bool recomputed;      /* the micro-batch has an R in this stage */
    bool releases;        /* nothing in the stage reads the micro-batch's input,
                             or its output gradient, after it */
    int32_t n_joined;     /* of a W: how many actions from this one on it takes
                             on; 0: it was taken on by an earlier one */
    int32_t version;      /* of the weights, that it uses or that it makes */
    int32_t update_no;    /* UPDATEs of its stage before it */
    int32_t tie;          /* of a TIE or a TABLE: which one */
    int32_t room;         /* of a CLEAR or a BRING */
    int32_t bring_no;     /* of these: BRINGs of its stage before it */
    int32_t staleness;    /* of an UPDATE: see sched/verify/findings.h */
};

struct sl_program {
    struct sl_op *ops; /* const after init */
    int n_ops;
};

/*
 * Number the actions of `device` of the schedule that the findings are about.
 *
 * Returns  SLUICE_OK, SLUICE_NO_MEMORY.
 */
sluice_status sl_program_init(struct sl_program *program,
                              const struct sl_findings *findings, int device,
                              const sluice_allocator *allocator);

/*
 * Let the first W of a run take on the others: those of the same stage that
 * follow at once, their numbers counting up with the micro-batches, so that
 * each of their tensors lies behind that of the one before.
 */
void sl_program_join(struct sl_program *program);

void sl_program_fini(struct sl_program *program,
                     const sluice_allocator *allocator);

#endif
