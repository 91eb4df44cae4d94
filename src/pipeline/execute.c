/*
 * Executing a program.  The device.
 *
 * A device takes one operation after the other.  It takes the input from a
 * link, runs the operation, publishes the output to a link, releases slots that
 * were read for the last time, and records an event.  Each step can end by a
 * failure: the first error latches in the collective of all devices, which
 * closes the links, so that a waiting device returns SLUICE_CLOSED and leaves
 * its program without an error of its own.
 */
#include "pipeline/execute.h"

#include "pipeline/update/ahead.h"
#include "pipeline/clocks.h"
#include "pipeline/compute.h"
#include "pipeline/update/optimize.h"
#include "pipeline/packing.h"
#include "pipeline/reduce.h"
#include "pipeline/across/skip.h"
#include "pipeline/across/tied.h"
#include "pipeline/across/head_parts.h"
#include "pipeline/across/row_parts.h"
#include "pipeline/across/vocabulary_board.h"
#include "pipeline/team/teamwork.h"
#include "pipeline/update/head_update.h"
#include "pipeline/update/versions.h"

/* Which links an operation takes from and publishes to. */
enum traffic {
    NONE,
    ACTIVATIONS, /* from the stage before, to the stage after */
    GRADIENTS,   /* the other way */
};

/* How an operation appears in the accounts of time. */
enum account {
    EVENT,   /* it is work, and has an event in the trace */
    MEETING, /* the same, but its work begins once all others have come */
    SILENT,  /* it is work on the virtual clock, and has no event */
    OUTSIDE, /* it is neither waiting nor work */
    WAITING, /* it is part of what the next operation waits for */
};

/* All devices commit the step, or none: after it no error can latch. */
static sluice_status agree(struct sl_device *device, const struct sl_op *op,
                           sluice_diag *why)
{
    (void)op;
    (void)why;
    return sl_collective_agree(device->pipe->everyone, device->index,
                               &device->virtual_ns, NULL);
}

/* The one place that says what each kind of operation does. */
static const struct behaviour {
    sluice_status (*run)(struct sl_device *device, const struct sl_op *op,
                         sluice_diag *why);
    enum account account;
    enum traffic traffic;
    bool (*applies)(const struct sl_device *device, const struct sl_op *op);
    const char *name; /* of one that is no action of the schedule */
    /* Whether another operation does the rest, and records the event. */
    bool (*leaves)(const struct sl_device *device, const struct sl_op *op);
    /* A team runs it together: before, the leader has taken the inputs and
     * acquired the outputs, and all have ended what came before. */
    bool by_team;
} behaviours[SL_N_OP_KINDS] = {
    [SL_OP_F] = {sl_compute_forward, EVENT, ACTIVATIONS, .by_team = true},
    [SL_OP_B] = {sl_compute_backward, EVENT, GRADIENTS, .by_team = true},
    [SL_OP_I] = {sl_compute_input, EVENT, GRADIENTS, .by_team = true},
    [SL_OP_W] = {sl_compute_weight, EVENT, .by_team = true},
    [SL_OP_R] = {sl_compute_forward, EVENT, .by_team = true},
    [SL_OP_S] = {sl_cut_head_scores, EVENT},
    [SL_OP_T] = {sl_cut_head_weight, EVENT},
    [SL_OP_CLEAR] = {sl_reduce_clear, MEETING, NONE, sl_brings},
    [SL_OP_BRING] = {sl_reduce_bring, MEETING, NONE, sl_brings_team},
    [SL_OP_REDUCE_SCATTER] = {sl_reduce_scatter, MEETING, NONE, sl_reduces},
    [SL_OP_ALL_GATHER] = {sl_reduce_gather, MEETING, NONE, sl_gathers},
    [SL_OP_LEAVE] = {sl_reduce_leave, MEETING, NONE, sl_leaves},
    [SL_OP_FENCE] = {sl_reduce_fence, MEETING, NONE, sl_reduces},
    [SL_OP_TIE_SCATTER] = {sl_tied_scatter, MEETING},
    [SL_OP_TIE_GATHER] = {sl_tied_gather, MEETING},
    [SL_OP_TAKE_ROWS] = {sl_row_parts_finish, MEETING},
    [SL_OP_TABLE_SCATTER] = {sl_reduce_table_scatter, MEETING, NONE,
                             sl_reduces_tables},
    [SL_OP_TABLE_GATHER] = {sl_reduce_table_gather, MEETING, NONE,
                            sl_reduces_tables},
    [SL_OP_TABLE_MEASURE] = {sl_cut_head_measure, SILENT, NONE,
                             sl_optimize_has_terms},
    [SL_OP_MEASURE] = {sl_optimize_measure, SILENT},
    [SL_OP_TOTAL] = {sl_optimize_total, WAITING, .name = "add up"},
    [SL_OP_PREPARE] = {sl_optimize_prepare, SILENT},
    [SL_OP_VOTE] = {sl_ahead_vote, OUTSIDE, .name = "vote"},
    [SL_OP_AHEAD] = {sl_ahead_update, EVENT, NONE, sl_ahead_can,
                     .leaves = sl_ahead_left},
    [SL_OP_AGREE] = {agree, WAITING, .name = "agree"},
    [SL_OP_APPLY] = {sl_optimize_apply, EVENT, NONE, sl_ahead_left},
    [SL_OP_UNSHARD] = {sl_reduce_unshard, MEETING, NONE, sl_unshards},
    [SL_OP_TABLE_UNSHARD] = {sl_reduce_table_unshard, MEETING, NONE,
                             sl_optimize_has_terms},
    [SL_OP_BACK_UP] = {sl_versions_back_up, OUTSIDE, .name = "back up"},
    [SL_OP_ADVANCE] = {sl_versions_advance, EVENT},
    [SL_OP_KEEP] = {sl_versions_keep, OUTSIDE, .name = "keep"},
};

static void fail(struct sl_device *device, const struct sl_op *op,
                 sluice_status st, sluice_diag *why)
{
    why->status = st;
    why->device = device->index;
    why->stage = op->action.stage;
    why->microbatch = op->action.microbatch;
    sluice_action_format(op->action, why->action, sizeof why->action);
    sl_collective_fail(device->pipe->everyone, why);
}

/* The link that an operation takes from; NULL: it takes nothing. */
static struct sl_link *source(const struct sl_device *device,
                              const struct sl_op *op, enum traffic traffic)
{
    if (traffic == NONE)
        return NULL;
    const struct sl_ends *ends = &device->ends[op->action.stage];
    return traffic == ACTIVATIONS ? ends->x : ends->dy;
}

/* The link that it publishes to. */
static struct sl_link *sink(const struct sl_device *device,
                            const struct sl_op *op, enum traffic traffic)
{
    if (traffic == NONE)
        return NULL;
    const struct sl_ends *ends = &device->ends[op->action.stage];
    return traffic == ACTIVATIONS ? ends->y : ends->dx;
}

/* Whether skip connections begin or end at the operation. */
static bool has_skips(const struct sl_device *device, const struct sl_op *op,
                      const struct behaviour *is)
{
    bool passes = is->traffic != NONE || op->kind == SL_OP_R;
    return passes && device->stages[op->action.stage].has_edges;
}

/* Release the slots of a micro-batch's input and output gradient: both have
 * been read. */
static void release(const struct sl_device *device, const struct sl_op *op)
{
    const struct sl_ends *ends = &device->ends[op->action.stage];
    if (ends->x)
        sl_link_release(ends->x, op->forward_no);
    if (ends->dy && op->backward_no != SL_NONE)
        sl_link_release(ends->dy, op->backward_no);
}

static bool is_work(enum account account)
{
    return account == EVENT || account == SILENT;
}

static bool has_event(enum account account)
{
    return account == EVENT || account == MEETING;
}

static bool meets(enum account account)
{
    return account == MEETING || account == WAITING;
}

/* The operation itself, on the clocks.  A stopped step has said why. */
static sluice_status run(struct sl_device *device, const struct sl_op *op,
                         const struct behaviour *is)
{
    sluice_diag why; /* set in part: clearing the text would cost more than the
                        rest of a small operation */
    why.status = SLUICE_OK;
    why.process = -1;
    why.position = -1;
    why.text[0] = '\0';
    if (device->timed)
        device->event = (sluice_trace_event){
            .action = op->action,
            .staleness = op->staleness,
        };
    sl_place_does(&device->place,
                  meets(is->account) ? SLUICE_MEETING : SLUICE_RUNNING);
    if (is_work(is->account))
        sl_begin_work(device);
    sluice_status st = is->run(device, op, &why);
    if (is_work(is->account) || (is->account == MEETING && !st))
        sl_end_work(device);
    if (st &&
        !(st == SLUICE_CLOSED && sl_collective_stopped(device->pipe->everyone)))
        fail(device, op, st, &why);
    return st;
}

/* Before the first input of a stage, either way, there is time to pack. */
static void pack(struct sl_device *device, const struct sl_op *op,
                 enum traffic traffic)
{
    bool forward = traffic == ACTIVATIONS;
    if ((forward ? op->forward_no : op->backward_no) > 0)
        return;
    sl_place_does(&device->place, SLUICE_RUNNING);
    sl_pack_ahead(device, op, forward ? SL_GEMM_FORWARD : SL_GEMM_INPUT);
}

/* Wait for the inputs: a neighbour's, those of skip connections, and those of
 * a cut vocabulary. */
static sluice_status take(struct sl_device *device, const struct sl_op *op,
                          struct sl_link *from, bool skips, bool joint)
{
    sluice_status st = SLUICE_OK;
    sl_place_does(&device->place, SLUICE_WAITS_INPUT);
    if (from)
        st = sl_link_take(from, op->action.microbatch, &device->virtual_ns);
    if (!st && skips)
        st = sl_skip_take(device, op);
    if (!st && joint)
        st = sl_vocabulary_take(device, op);
    return st;
}

/* The leader of a team acquires for all the slots that they write into. */
static void acquire(struct sl_device *device, const struct sl_op *op,
                    enum traffic traffic, bool skips)
{
    struct sl_link *to = sink(device, op, traffic);
    if (!device->team || !sl_leads(device))
        return;
    if (to)
        (void)sl_link_acquire(to, traffic == ACTIVATIONS ? op->forward_no
                                                         : op->backward_no);
    if (skips)
        sl_skip_acquire(device, op);
    sl_vocabulary_acquire(device, op);
}

/* Hand the result on; the time it takes is the event's wait for output. */
static sluice_status publish(struct sl_device *device, const struct sl_op *op,
                             struct sl_link *to, bool skips)
{
    sluice_trace_event *event = &device->event;
    sluice_status st = SLUICE_OK;
    sl_place_does(&device->place, SLUICE_WAITS_ROOM);
    if (to)
        st = sl_link_publish(to, op->action.microbatch, &device->virtual_ns);
    if (!st && skips)
        st = sl_skip_publish(device, op);
    if (device->records) {
        event->output_wait_ns = sl_now_ns() - event->end_ns;
        event->virtual_output_wait_ns =
            device->virtual_ns - event->virtual_end_ns;
    }
    return st;
}

/*
 * One operation: take, run, publish, and record.  A closed link or collective
 * means that another device has failed, or that the caller cancelled: this
 * device has no error to report.
 */
static sluice_status execute(struct sl_device *device, const struct sl_op *op)
{
    const struct behaviour *is = &behaviours[op->kind];
    if (sl_collective_stopped(device->pipe->everyone))
        return SLUICE_CLOSED;
    if (is->applies && !is->applies(device, op))
        return SLUICE_OK;
    struct sl_link *from = source(device, op, is->traffic);
    struct sl_link *to = sink(device, op, is->traffic);
    sluice_status st = SLUICE_OK;
    bool skips = has_skips(device, op, is);
    bool joint = sl_vocabulary_waits(device, op);
    bool leads = sl_leads(device);
    if (from && !device->team)
        pack(device, op, is->traffic);
    bool takes = leads || !is->by_team;
    if (takes && (from || skips || joint))
        st = take(device, op, from, skips, joint);
    if (!st && is->by_team) {
        acquire(device, op, is->traffic, skips);
        st = sl_team_gather(device);
    }
    if (!st)
        st = run(device, op, is);
    if (st)
        return st;
    sl_vocabulary_post(device, op);
    if (leads && (to || skips))
        st = publish(device, op, to, skips);
    if (leads && op->releases) /* no neighbour waits for that */
        release(device, op);
    bool tells = device->records && has_event(is->account);
    if (tells && !(is->leaves && is->leaves(device, op)))
        sl_recorder_add(&device->recorder, device->event);
    return st;
}

/* Whether a wait is still to be told behind the operation: it is one, or there
 * was one before it and it leaves no event that tells it. */
static bool waits_after(const struct sl_device *device, const struct sl_op *op,
                        bool waiting)
{
    const struct behaviour *is = &behaviours[op->kind];
    if (is->account == WAITING)
        return true;
    if (!waiting || is->account == SILENT)
        return false;
    return !has_event(is->account) || (is->applies && !is->applies(device, op));
}

/* No operation follows the wait that could tell it: the last event, an UPDATE,
 * waits until it is committed. */
static void end_in_wait(struct sl_device *device)
{
    struct sl_recorder *recorder = &device->recorder;
    if (recorder->n == 0)
        return;
    sluice_trace_event *last = &recorder->events[recorder->n - 1];
    last->output_wait_ns = sl_wall_ns(device) - last->end_ns;
    last->virtual_output_wait_ns = device->virtual_ns - last->virtual_end_ns;
}

sluice_status sl_walk(struct sl_device *device,
                      const struct sl_program *program)
{
    sluice_status st = SLUICE_OK;
    bool waiting = false;
    for (int i = 0; i < program->n_ops && !st; i++) {
        if (!waiting)
            device->arrived_ns = sl_wall_ns(device);
        sl_place_at(&device->place, program == device->train, i);
        waiting = waits_after(device, &program->ops[i], waiting);
        st = execute(device, &program->ops[i]);
    }
    if (waiting && !st && device->records)
        end_in_wait(device);
    sl_place_idle(&device->place);
    return st;
}

int sl_op_source(const struct sl_op *op)
{
    bool backward = behaviours[op->kind].traffic == GRADIENTS;
    return op->action.stage + (backward ? 1 : -1);
}

int sl_op_sink(const struct sl_op *op)
{
    bool backward = behaviours[op->kind].traffic == GRADIENTS;
    return op->action.stage + (backward ? -1 : 1);
}

bool sl_op_by_team(enum sl_op_kind kind)
{
    return behaviours[kind].by_team;
}

const char *sl_op_name(enum sl_op_kind kind)
{
    return behaviours[kind].name;
}

int sl_n_events(const struct sl_program *program)
{
    int n = 0;
    for (int i = 0; i < program->n_ops; i++)
        n += has_event(behaviours[program->ops[i].kind].account);
    return n;
}
