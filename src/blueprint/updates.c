/* UPDATEs, as the mode has them.  The thread that creates the pipeline. */
#include "blueprint/updates.h"

#include <assert.h>

#include "base/memory.h"
#include "nn/model/settle.h"

/* What teams cannot do. */
static sluice_status check_team(const struct sl_update_mode *mode, int n_shards,
                                sluice_diag *why)
{
    if (n_shards == 1 || !mode->asynchronous)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID,
                           "teams of %d devices under an asynchronous "
                           "schedule, whose stages update between their "
                           "actions; use a synchronous schedule, or team 1",
                           n_shards);
}

sluice_status sl_updates_choose_total(const sluice_optimizer_ops *optimizer,
                                      const void *config, int n_shards,
                                      struct sl_update_mode *mode,
                                      sluice_diag *why)
{
    mode->measures = sl_optimizer_wants_total(optimizer, config);
    if (!mode->measures || !mode->asynchronous)
        return check_team(mode, n_shards, why);
    return sluice_diag_set(why, SLUICE_INVALID,
                           "optimizer %s needs a total over all parameters, as "
                           "for a global norm, but the stages of an "
                           "asynchronous schedule update without waiting for "
                           "each other; use a synchronous schedule, or no clip",
                           optimizer->name);
}

/* A program that grows; without `ops` it is only counted. */
struct writing {
    struct sl_op *ops;
    int n;
};

static void put(struct writing *writing, struct sl_op op, enum sl_op_kind kind)
{
    op.kind = kind;
    if (writing->ops)
        writing->ops[writing->n] = op;
    writing->n++;
}

/* An operation on all stages of the device. */
static void put_whole(struct writing *writing, enum sl_op_kind kind)
{
    put(writing, (struct sl_op){.action = {.stage = SL_NONE, .microbatch = -1}},
        kind);
}

/* A REDUCE_GRAD of the list.  Of stages that use one buffer in turn, each must
 * leave it. */
static void put_early_reduction(struct writing *writing, struct sl_op op,
                                struct sl_update_mode mode)
{
    put(writing, op, SL_OP_REDUCE_SCATTER);
    put(writing, op, SL_OP_ALL_GATHER);
    if (mode.zero >= SL_ZERO_GRADIENTS && mode.measures)
        put(writing, op, SL_OP_MEASURE);
    if (mode.zero >= SL_ZERO_GRADIENTS)
        put(writing, op, SL_OP_LEAVE);
    else if (mode.ties)
        put(writing, op, SL_OP_FENCE);
}

/* Whether the list has the stage's reduction somewhere before its UPDATE. */
static bool is_reduced(const struct sl_program *program, int stage)
{
    for (int i = 0; i < program->n_ops; i++)
        if (program->ops[i].kind == SL_OP_REDUCE_GRAD &&
            program->ops[i].action.stage == stage)
            return true;
    return false;
}

static void put_reduction(struct writing *writing, struct sl_op op,
                          struct sl_update_mode mode)
{
    op.action.kind = SLUICE_REDUCE_GRAD;
    op.action.version = 0;
    put(writing, op, SL_OP_REDUCE_SCATTER);
    put(writing, op, SL_OP_ALL_GATHER);
    if (op.update_no + 1 < mode.n_updates || mode.ties)
        put(writing, op, SL_OP_FENCE);
}

/* What stands in the place of an UPDATE. */
static enum sl_op_kind update_of(struct sl_update_mode mode)
{
    if (mode.asynchronous)
        return SL_OP_ADVANCE;
    return mode.measures ? SL_OP_MEASURE : SL_OP_PREPARE;
}

/* An operation for each UPDATE of the list. */
static void put_each(struct writing *writing, const struct sl_program *program,
                     enum sl_op_kind kind)
{
    for (int i = 0; i < program->n_ops; i++)
        if (program->ops[i].kind == SL_OP_UPDATE)
            put(writing, program->ops[i], kind);
}

static void put_ties(struct writing *writing, const struct sl_program *ties)
{
    for (int i = 0; i < ties->n_ops; i++)
        put(writing, ties->ops[i], ties->ops[i].kind);
}

static void put_unshards(struct writing *writing,
                         const struct sl_program *program)
{
    for (int i = 0; i < program->n_ops; i++) {
        struct sl_op op = program->ops[i];
        op.action.kind = SLUICE_UNSHARD;
        op.action.version = 0;
        if (op.kind == SL_OP_UPDATE)
            put(writing, op, SL_OP_UNSHARD);
    }
}

/* An operation on the tables that a vocabulary is cut from, which is shown as
 * of the device's first stage. */
static struct sl_op table_op(const struct sl_program *program,
                             sluice_action_kind kind)
{
    return (struct sl_op){
        .action = {kind, program->ops[0].action.stage, -1, 0},
        .forward_no = SL_NONE,
        .backward_no = SL_NONE,
        .stash_no = SL_NONE,
        .n_joined = 1,
    };
}

/* What is done about the tables before they are updated.  A device that updates
 * its chunk alone needs no more of the sum than that. */
static void put_tables(struct writing *writing,
                       const struct sl_program *program,
                       struct sl_update_mode mode)
{
    if (program->n_ops == 0)
        return;
    struct sl_op op = table_op(program, SLUICE_REDUCE_GRAD);
    if (mode.takes_rows)
        put(writing, op, SL_OP_TAKE_ROWS);
    for (op.tie = 0; mode.reduces && op.tie < mode.n_tables; op.tie++) {
        put(writing, op, SL_OP_TABLE_SCATTER);
        if (mode.zero == 0 || mode.measures)
            put(writing, op, SL_OP_TABLE_GATHER);
    }
    op.tie = 0;
    if (mode.measures && mode.n_tables > 0)
        put(writing, op, SL_OP_TABLE_MEASURE);
}

static void put_table_unshards(struct writing *writing,
                               const struct sl_program *program,
                               struct sl_update_mode mode)
{
    if (program->n_ops == 0)
        return;
    struct sl_op op = table_op(program, SLUICE_UNSHARD);
    for (; op.tie < mode.n_tables; op.tie++)
        put(writing, op, SL_OP_TABLE_UNSHARD);
}

static void expand(struct writing *writing, const struct sl_program *program,
                   struct sl_update_mode mode, const struct sl_program *ties)
{
    bool adds_tables = mode.reduces && mode.n_tables > 0;
    bool behind = mode.ties || mode.takes_rows || adds_tables;
    bool measured = mode.zero >= SL_ZERO_GRADIENTS && mode.measures;
    assert(!mode.ties || mode.zero < SL_ZERO_GRADIENTS); /* else refused */
    writing->n = 0;
    if (mode.asynchronous)
        put_whole(writing, SL_OP_BACK_UP);
    for (int i = 0; i < program->n_ops; i++) {
        const struct sl_op *op = &program->ops[i];
        if (op->kind == SL_OP_REDUCE_GRAD && mode.reduces)
            put_early_reduction(writing, *op, mode);
        if (op->kind != SL_OP_UPDATE) {
            if (op->kind != SL_OP_REDUCE_GRAD)
                put(writing, *op, op->kind);
            continue;
        }
        if (mode.reduces && !is_reduced(program, op->action.stage))
            put_reduction(writing, *op, mode);
        if (!behind && !measured)
            put(writing, *op, update_of(mode));
    }
    if (mode.ties)
        put_ties(writing, ties);
    put_tables(writing, program, mode);
    if (behind && !measured)
        put_each(writing, program, update_of(mode));
    if (mode.measures) {
        put_whole(writing, SL_OP_TOTAL);
        put_each(writing, program, SL_OP_PREPARE);
    }
    if (!mode.asynchronous) {
        put_whole(writing, SL_OP_VOTE);
        put_each(writing, program, SL_OP_AHEAD);
    }
    put_whole(writing, SL_OP_AGREE);
    if (mode.asynchronous)
        put_whole(writing, SL_OP_KEEP);
    else
        put_each(writing, program, SL_OP_APPLY);
    bool keeps_whole = mode.zero > 0 && mode.zero < SL_ZERO_PARAMETERS;
    if (keeps_whole)
        put_unshards(writing, program);
    if (keeps_whole || mode.brings) /* tables are never brought */
        put_table_unshards(writing, program, mode);
}

sluice_status sl_updates_expand(struct sl_program *program,
                                struct sl_update_mode mode,
                                const struct sl_program *ties,
                                const sluice_allocator *allocator)
{
    struct writing writing = {0};
    expand(&writing, program, mode, ties);
    writing.ops = sl_alloc(allocator, (size_t)writing.n, sizeof *writing.ops);
    if (!writing.ops)
        return SLUICE_NO_MEMORY;
    expand(&writing, program, mode, ties);
    sl_program_fini(program, allocator);
    *program = (struct sl_program){writing.ops, writing.n};
    return SLUICE_OK;
}
