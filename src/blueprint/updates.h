/*
 * How a device updates its stages: the mode, which is settled once, and the
 * operations that it makes of the UPDATEs in a program.
 *
 *     synchronous   the list of the schedule, in which each UPDATE becomes
 *                   [REDUCE_SCATTER, ALL_GATHER,] PREPARE;
 *                   VOTE; an AHEAD for each of them; AGREE; then an APPLY for
 *                   each of them, of what is left.
 *                   If the optimizer reads a total, each becomes a MEASURE
 *                   instead, behind the list stands TOTAL, and then the
 *                   PREPAREs
 *                   If tensors are tied, an UPDATE becomes no more than its two
 *                   reductions and a FENCE.  Behind the list stand the
 *                   TIE_SCATTERs and TIE_GATHERs of the device, in an order
 *                   that is the same on all, and then the MEASUREs or PREPAREs
 *                   A REDUCE_GRAD of the list becomes the reductions of its
 *                   stage, from ZeRO stage 2 on with [MEASURE,] LEAVE
 *                   With ZeRO the APPLYs update a part of each stage, and an
 *                   UNSHARD for each of them, of the rest, comes last; not in
 *                   stage 3, where there is one copy, or where BRINGs in the
 *                   list do that (blueprint/shards/rooms.h)
 *                   If an embedding is cut by rows, behind the list stands
 *                   TAKE_ROWS, and then the MEASUREs or PREPAREs
 *                   If a cut vocabulary is added up, the same holds for its
 *                   TABLE_SCATTERs and TABLE_GATHERs, behind TAKE_ROWS; with
 *                   ZeRO the latter stand there only if the optimizer reads a
 *                   total, and TABLE_UNSHARDs behind the UNSHARDs.  If it reads
 *                   a total, a TABLE_MEASURE comes next
 *     asynchronous  BACK_UP;
 *                   the list, in which each UPDATE becomes
 *                   [REDUCE_SCATTER, ALL_GATHER, [FENCE,]] ADVANCE;
 *                   AGREE; KEEP
 *
 * The gradients are added up if several stages hold each part of the model.
 * The fence lets them be written again, by a tie too; behind the last UPDATE of
 * a stage no device writes them before all agree.
 */
#ifndef SL_BLUEPRINT_UPDATES_H
#define SL_BLUEPRINT_UPDATES_H

#include <sluice/optimizer.h>

#include "blueprint/program.h"

/* What is shared from which ZeRO stage on: see blueprint/shards/zero.h. */
enum { SL_ZERO_STATES = 1, SL_ZERO_GRADIENTS, SL_ZERO_PARAMETERS };

struct sl_update_mode {
    int n_updates;     /* of each stage in a step */
    bool asynchronous; /* more than one: each makes a version of the weights */
    bool reduces;      /* several stages hold each part of the model */
    bool measures;     /* the optimizer reads a total; not if asynchronous */
    bool ties;         /* tensors are tied; not if asynchronous */
    bool takes_rows;   /* an embedding is cut by rows; not if asynchronous */
    int n_tables;      /* that a cut vocabulary divides; not if asynchronous */
    int zero;          /* the ZeRO stage; 0 if asynchronous, or if nothing is
                          added up */
    bool brings;       /* in ZeRO stage 3, where the holders of a part have no
                          memory in common: each has its chunk of the
                          parameters, and rooms for whole ones */
};

/*
 * Set `measures` of a mode: for a total over the whole model all devices meet
 * before an update.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID if the mode is asynchronous and the
 *          optimizer reads a total, or n_shards is more than 1: there are
 *          teams.
 */
sluice_status sl_updates_choose_total(const sluice_optimizer_ops *optimizer,
                                      const void *config, int n_shards,
                                      struct sl_update_mode *mode,
                                      sluice_diag *why);

/*
 * Put the operations of the mode in the place of the UPDATEs of a training
 * program.  What is told by positions in the program ends here.  `ties` is what
 * the device does about tied tensors; it may be NULL if the mode has none.
 *
 * Returns  SLUICE_OK, SLUICE_NO_MEMORY with the program as it was.
 */
sluice_status sl_updates_expand(struct sl_program *program,
                                struct sl_update_mode mode,
                                const struct sl_program *ties,
                                const sluice_allocator *allocator);

#endif
