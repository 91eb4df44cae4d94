/*
 * Numbering a device's actions.  The thread that creates the pipeline.
 *
 * A cell is a (stage, micro-batch) of the device.  It keeps the numbers that
 * the micro-batch has got in this stage so far; each action of it copies them.
 * Forwards, backwards and stashed activations are counted separately, because
 * each of them has a ring of slots of its own.
 */
#include "blueprint/program.h"

#include "base/memory.h"

/* Order numbers given out so far in a stage. */
struct counts {
    int32_t forward;
    int32_t backward;
    int32_t stash;
    int32_t update;
};

struct numbering {
    const struct sl_findings *findings;
    int n_microbatches;
    bool keeps;            /* the schedule has backwards at all */
    int32_t *row;          /* [stage] in `cells`, of the device's own */
    struct sl_op *cells;   /* [row][micro-batch]: known so far */
    struct counts *counts; /* [stage] */
};

static struct sl_op *cell_of(const struct numbering *numbering,
                             sluice_action action)
{
    return &numbering->cells[(size_t)numbering->row[action.stage] *
                                 (size_t)numbering->n_microbatches +
                             (size_t)action.microbatch];
}

/* An F must know whether its activations are kept: not if an R makes them
 * again, and not in a schedule of forwards only. */
static void look_ahead(struct numbering *numbering,
                       const sluice_action *actions, int n)
{
    for (int i = 0; i < n; i++) {
        if (actions[i].kind == SLUICE_R)
            cell_of(numbering, actions[i])->recomputed = true;
        if (actions[i].kind == SLUICE_B || actions[i].kind == SLUICE_I)
            numbering->keeps = true;
    }
}

static struct sl_op number_update(struct numbering *numbering,
                                  sluice_action action)
{
    struct counts *counts = &numbering->counts[action.stage];
    struct sl_op op = {
        .kind = SL_OP_UPDATE,
        .action = action,
        .forward_no = SL_NONE,
        .backward_no = SL_NONE,
        .stash_no = SL_NONE,
        .n_joined = 1,
        .version = counts->update + 2,
        .update_no = counts->update,
        .staleness =
            sl_staleness_of(numbering->findings, action.stage, counts->update),
    };
    counts->update++;
    return op;
}

/* Of the only UPDATE that comes. */
static struct sl_op number_reduction(sluice_action action)
{
    return (struct sl_op){
        .kind = SL_OP_REDUCE_GRAD,
        .action = action,
        .forward_no = SL_NONE,
        .backward_no = SL_NONE,
        .stash_no = SL_NONE,
        .n_joined = 1,
    };
}

static struct sl_op number(struct numbering *numbering, sluice_action action)
{
    struct counts *counts = &numbering->counts[action.stage];
    if (action.kind == SLUICE_REDUCE_GRAD)
        return number_reduction(action);
    if (action.kind == SLUICE_UPDATE)
        return number_update(numbering, action);
    struct sl_op *cell = cell_of(numbering, action);
    switch ((sluice_action_kind)action.kind) {
    case SLUICE_F:
        cell->version = sl_version_used(numbering->findings, action.stage,
                                        action.microbatch);
        cell->forward_no = counts->forward++;
        cell->backward_no = SL_NONE;
        cell->stash_no = SL_NONE;
        if (numbering->keeps && !cell->recomputed)
            cell->stash_no = counts->stash++;
        break;
    case SLUICE_R:
        cell->stash_no = counts->stash++;
        break;
    case SLUICE_B:
        cell->backward_no = counts->backward++;
        break;
    case SLUICE_I:
        cell->backward_no = counts->backward++;
        break;
    default:
        break;
    }
    cell->kind = (enum sl_op_kind)action.kind;
    cell->action = action;
    cell->releases = action.kind == SLUICE_B || action.kind == SLUICE_W ||
                     (action.kind == SLUICE_F && !numbering->keeps);
    cell->n_joined = 1;
    cell->update_no = counts->update;
    return *cell;
}

/* Whether an action becomes an operation here.  UNSHARD and RESHARD do not:
 * replicas of one process read the parameters that they share in place.
 * Between processes blueprint/shards/rooms.h inserts their operations. */
static bool is_done(sluice_action action)
{
    return action.kind != SLUICE_UNSHARD && action.kind != SLUICE_RESHARD;
}

static int count_ops(const sluice_action *actions, int n)
{
    int n_ops = 0;
    for (int i = 0; i < n; i++)
        n_ops += is_done(actions[i]);
    return n_ops;
}

/* Count the stages of a device.  Returns how many there are. */
static int32_t number_rows(int32_t *row, const sluice_schedule *schedule,
                           int device)
{
    int32_t n = 0;
    for (int s = 0; s < sluice_schedule_n_stages(schedule); s++)
        if (sluice_schedule_stage_device(schedule, s) == device)
            row[s] = n++;
    return n;
}

sluice_status sl_program_init(struct sl_program *program,
                              const struct sl_findings *findings, int device,
                              const sluice_allocator *allocator)
{
    const sluice_schedule *schedule = findings->schedule;
    int n;
    const sluice_action *actions =
        sluice_schedule_actions(schedule, device, &n);
    size_t n_stages = (size_t)sluice_schedule_n_stages(schedule);
    struct numbering numbering = {
        .findings = findings,
        .n_microbatches = sluice_schedule_n_microbatches(schedule),
    };
    sluice_status st = SLUICE_NO_MEMORY;
    numbering.row = sl_alloc(allocator, n_stages, sizeof *numbering.row);
    if (!numbering.row)
        return st;
    size_t n_cells = (size_t)number_rows(numbering.row, schedule, device) *
                     (size_t)numbering.n_microbatches;
    numbering.cells = sl_alloc(allocator, n_cells, sizeof *numbering.cells);
    if (!numbering.cells)
        goto free_row;
    numbering.counts = sl_alloc(allocator, n_stages, sizeof *numbering.counts);
    if (!numbering.counts)
        goto free_cells;
    program->n_ops = count_ops(actions, n);
    program->ops =
        sl_alloc(allocator, (size_t)program->n_ops, sizeof *program->ops);
    if (!program->ops)
        goto free_counts;
    look_ahead(&numbering, actions, n);
    struct sl_op *op = program->ops;
    for (int i = 0; i < n; i++)
        if (is_done(actions[i]))
            *op++ = number(&numbering, actions[i]);
    st = SLUICE_OK;

free_counts:
    sl_free(allocator, numbering.counts, n_stages, sizeof *numbering.counts);
free_cells:
    sl_free(allocator, numbering.cells, n_cells, sizeof *numbering.cells);
free_row:
    sl_free(allocator, numbering.row, n_stages, sizeof *numbering.row);
    return st;
}

/* Whether `b` may follow `a` in a run: all that they read lies in consecutive
 * slots, and they use the same weights.  docs/memory.md tells the rule. */
static bool follows(const struct sl_op *a, const struct sl_op *b)
{
    return a->action.kind == SLUICE_W && b->action.kind == SLUICE_W &&
           a->action.stage == b->action.stage && a->version == b->version &&
           a->action.microbatch + 1 == b->action.microbatch &&
           a->forward_no + 1 == b->forward_no &&
           a->backward_no + 1 == b->backward_no &&
           a->stash_no + 1 == b->stash_no;
}

void sl_program_join(struct sl_program *program)
{
    for (int i = 0; i + 1 < program->n_ops; i++) {
        struct sl_op *first = &program->ops[i];
        for (; i + 1 < program->n_ops &&
               follows(&program->ops[i], &program->ops[i + 1]);
             i++) {
            program->ops[i + 1].n_joined = 0;
            first->n_joined++;
        }
    }
}

void sl_program_fini(struct sl_program *program,
                     const sluice_allocator *allocator)
{
    sl_free(allocator, program->ops, (size_t)program->n_ops,
            sizeof *program->ops);
}
