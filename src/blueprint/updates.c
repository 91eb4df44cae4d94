/* UPDATEs, as the mode has them.  The thread that creates the pipeline. */
#include "blueprint/updates.h"

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

/* Of stages that use one buffer in turn, each must leave it. */
static void put_early_reduction(struct writing *writing, struct sl_op op,
                                struct sl_update_mode mode)
{
    const struct sl_op reduction = {
        .action = {SLUICE_REDUCE_GRAD, op.action.stage, -1, 0},
        .forward_no = SL_NONE,
        .backward_no = SL_NONE,
        .stash_no = SL_NONE,
        .n_joined = 1,
        .update_no = op.update_no,
    };
    put(writing, reduction, SL_OP_REDUCE_SCATTER);
    put(writing, reduction, SL_OP_ALL_GATHER);
    if (mode.measures)
        put(writing, reduction, SL_OP_MEASURE);
    put(writing, reduction, SL_OP_LEAVE);
}

/* Whether it is the last operation that adds to the gradient of its stage. */
static bool ends_gradient(const struct sl_program *program, int i)
{
    const struct sl_op *op = &program->ops[i];
    if (op->kind != SL_OP_B && op->kind != SL_OP_W)
        return false;
    for (int k = i + 1; k < program->n_ops; k++) {
        const struct sl_op *other = &program->ops[k];
        if ((other->kind == SL_OP_B || other->kind == SL_OP_W) &&
            other->action.stage == op->action.stage)
            return false;
    }
    return true;
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

static void expand(struct writing *writing, const struct sl_program *program,
                   struct sl_update_mode mode, const struct sl_program *ties)
{
    bool early = mode.zero >= SL_ZERO_GRADIENTS;
    writing->n = 0;
    if (mode.asynchronous)
        put_whole(writing, SL_OP_BACK_UP);
    for (int i = 0; i < program->n_ops; i++) {
        const struct sl_op *op = &program->ops[i];
        if (op->kind != SL_OP_UPDATE) {
            put(writing, *op, op->kind);
            if (early && ends_gradient(program, i))
                put_early_reduction(writing, *op, mode);
            continue;
        }
        if (mode.reduces && !early)
            put_reduction(writing, *op, mode);
        if (!mode.ties && !(early && mode.measures))
            put(writing, *op, update_of(mode));
    }
    if (mode.ties) {
        put_ties(writing, ties);
        put_each(writing, program, update_of(mode));
    }
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
    if (mode.zero > 0 && mode.zero < SL_ZERO_PARAMETERS) /* else one copy */
        put_unshards(writing, program);
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
