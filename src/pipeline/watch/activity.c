/*
 * What a device does, put together from the word that it leaves.  Any thread:
 * everything else that is read here is constant while the door is shut.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "pipeline/abroad/abroad.h"
#include "pipeline/across/vocabulary_board.h"
#include "pipeline/execute.h"
#include "pipeline/pipeline.h"
#include "pipeline/reshape/door.h"

/* An operation as text: its action, or what a step adds to the schedule. */
static void name_operation(const struct sl_op *op,
                           char text[SLUICE_DIAG_ACTION])
{
    if (op->action.stage == SL_NONE)
        snprintf(text, SLUICE_DIAG_ACTION, "%s", sl_op_name(op->kind));
    else
        sluice_action_format(op->action, text, SLUICE_DIAG_ACTION);
}

static void name_part(const struct sl_device *device, const struct sl_op *op,
                      int part, sluice_activity *activity)
{
    const struct sl_blueprint *bp = &device->pipe->blueprint;
    if (part == SL_OPTIMIZER_RUNS)
        activity->part = bp->optimizer->name;
    if (part == SL_LOSS_RUNS)
        activity->part = bp->loss->name;
    if (part >= SL_LAYER_RUNS && (op->kind == SL_OP_S || op->kind == SL_OP_T)) {
        activity->layer = device->vocabulary->layer;
        activity->part = device->vocabulary->ops->name;
    } else if (part >= SL_LAYER_RUNS) {
        const struct sl_unit *unit =
            &device->stages[activity->stage].units[part - SL_LAYER_RUNS];
        activity->layer = unit->layer;
        activity->part = unit->ops->name;
    }
}

static void remember(const struct sl_program *program, int op,
                     sluice_activity *activity)
{
    int first = op > SLUICE_RECENT ? op - SLUICE_RECENT : 0;
    activity->n_recent = op - first;
    for (int i = first; i < op; i++)
        name_operation(&program->ops[i], activity->recent[i - first]);
}

/* The device that has a part of the vocabulary in the same replica; -1: none.
 */
static int part_device(const struct sl_device *device, int part)
{
    return part < 0 ? -1 : device->index - device->part + part;
}

/* The device at a place of the same replica; -1: at none. */
static int replica_device(const struct sl_device *device, int place)
{
    struct sl_coordinates at = device->at;
    at.place = place;
    return place < 0 ? -1 : sl_device_index(&device->pipe->blueprint.grid, at);
}

/* The device that holds a stage of the same replica; -1: no stage has that
 * number.  The first one looks for skip connections where it has no neighbour,
 * and so does the last. */
static int holder_of(const struct sl_device *device, int stage)
{
    if (stage < 0 || stage >= device->pipe->blueprint.grid.n_stages)
        return -1;
    return replica_device(device, device->stages[stage].device);
}

/* Whether it waits for what other devices post, and not for its team. */
static bool is_joint(const struct sl_device *device, const struct sl_op *op,
                     struct sl_seen seen)
{
    if (seen.doing == SLUICE_MEETING && sl_op_by_team(op->kind))
        return false;
    return op->kind == SL_OP_TAKE_ROWS || sl_vocabulary_waits(device, op);
}

static bool is_waiting(struct sl_seen seen)
{
    return seen.doing == SLUICE_WAITS_INPUT || seen.doing == SLUICE_MEETING;
}

/* Whether two devices go to the same meetings of that kind: all do where the
 * operation is of no stage; else those of one team, or those of one shard, of
 * ties in one replica. */
static bool share_meetings(const struct sl_device *a, const struct sl_device *b,
                           const struct sl_op *op)
{
    bool same_replica = a->at.replica == b->at.replica;
    if (op->action.stage == SL_NONE)
        return true;
    if (sl_op_by_team(op->kind))
        return same_replica && a->at.place == b->at.place;
    if (op->kind == SL_OP_TIE_SCATTER || op->kind == SL_OP_TIE_GATHER)
        return same_replica && a->at.shard == b->at.shard;
    return a->at.shard == b->at.shard;
}

/* Whether two operations of different devices are one meeting. */
static bool meet(const struct sl_grid *grid, const struct sl_op *a,
                 const struct sl_op *b)
{
    if (a->kind != b->kind || a->update_no != b->update_no ||
        a->bring_no != b->bring_no || a->tie != b->tie)
        return false;
    if (a->kind == SL_OP_TIE_SCATTER || a->kind == SL_OP_TIE_GATHER)
        return sl_copy_of(grid, a->action.stage) ==
               sl_copy_of(grid, b->action.stage);
    return a->action.stage == SL_NONE || sl_part_of(grid, a->action.stage) ==
                                             sl_part_of(grid, b->action.stage);
}

/* Whether a device that is at `seen` has yet to come to the meeting `op`. */
static bool is_to_come(const struct sl_device *device, struct sl_seen seen,
                       const struct sl_op *op)
{
    const struct sl_program *program =
        seen.trains ? device->train : device->forward;
    if (seen.doing == SLUICE_IDLE)
        return false; /* it has left */
    for (int i = seen.op + (seen.doing == SLUICE_MEETING); i < program->n_ops;
         i++)
        if (meet(&device->pipe->blueprint.grid, op, &program->ops[i]))
            return true;
    return false;
}

/* The same of a meeting of a team, whose devices run one program and meet
 * several times in an operation. */
static bool mate_is_to_come(struct sl_seen mate, struct sl_seen seen)
{
    if (mate.doing == SLUICE_IDLE || mate.trains != seen.trains)
        return false;
    bool behind = mate.op == seen.op && mate.doing != SLUICE_MEETING;
    return mate.op < seen.op || behind;
}

static int first_to_come(const struct sl_device *device, struct sl_seen seen,
                         const struct sl_op *op)
{
    const sluice_pipeline *pipe = device->pipe;
    for (int i = 0; i < pipe->n_local; i++) {
        const struct sl_device *other = &pipe->devices[i];
        struct sl_seen theirs = sl_place_decode(sl_place_read(&other->place));
        if (other == device || !share_meetings(device, other, op))
            continue;
        if (sl_op_by_team(op->kind) ? mate_is_to_come(theirs, seen)
                                    : is_to_come(other, theirs, op))
            return other->index;
    }
    return -1;
}

static int waits_for(const struct sl_device *device, struct sl_seen seen,
                     const struct sl_op *op)
{
    if (is_joint(device, op, seen) && is_waiting(seen))
        return part_device(device, sl_vocabulary_awaited(device, op));
    if (seen.doing == SLUICE_WAITS_INPUT)
        return holder_of(device, sl_op_source(op));
    if (seen.doing == SLUICE_WAITS_ROOM)
        return holder_of(device, sl_op_sink(op));
    if (seen.doing == SLUICE_MEETING)
        return first_to_come(device, seen, op);
    return -1;
}

static void look(const sluice_pipeline *pipe, int device,
                 sluice_activity *activity)
{
    const struct sl_device *about = sl_abroad_device(pipe, device);
    struct sl_seen seen = {.doing = SLUICE_IDLE};
    if (about)
        seen = sl_place_decode(sl_place_read(&about->place));
    *activity = (sluice_activity){
        .device = device,
        .doing = seen.doing,
        .stage = -1,
        .microbatch = -1,
        .layer = -1,
        .part = "",
        .waits_for = -1,
    };
    if (seen.doing == SLUICE_IDLE)
        return;
    const struct sl_program *program =
        seen.trains ? about->train : about->forward;
    const struct sl_op *op = &program->ops[seen.op];
    activity->stage = op->action.stage;
    activity->microbatch = op->action.microbatch;
    activity->waits_for = waits_for(about, seen, op);
    name_operation(op, activity->operation);
    name_part(about, op, seen.part, activity);
    remember(program, seen.op, activity);
}

void sluice_pipeline_activity(const sluice_pipeline *pipe, int device,
                              sluice_activity *activity)
{
    sl_door_shut(pipe);
    look(pipe, device, activity);
    sl_door_open(pipe);
}

/* What is put behind the text so far. */
struct line {
    char *text;
    size_t bytes;
    size_t n;
};

static void put(struct line *line, const char *text)
{
    size_t left = line->bytes - line->n;
    size_t n = strlen(text);
    if (n >= left)
        n = left - 1;
    memcpy(line->text + line->n, text, n);
    line->n += n;
    line->text[line->n] = '\0';
}

static void put_number(struct line *line, const char *before, int number)
{
    char text[SLUICE_DIAG_ACTION];
    snprintf(text, sizeof text, "%d", number);
    put(line, before);
    put(line, text);
}

static void put_part(struct line *line, const sluice_activity *activity)
{
    if (activity->layer >= 0)
        put_number(line, ", layer ", activity->layer);
    if (!activity->part[0])
        return;
    put(line, activity->layer >= 0 ? " (" : ", ");
    put(line, activity->part);
    put(line, activity->layer >= 0 ? ")" : "");
}

static void put_operation(struct line *line, const sluice_activity *activity)
{
    static const char *const words[] = {
        [SLUICE_IDLE] = " has nothing to do",
        [SLUICE_RUNNING] = " runs ",
        [SLUICE_WAITS_INPUT] = " for the input of ",
        [SLUICE_WAITS_ROOM] = " for room for the result of ",
        [SLUICE_MEETING] = " to come to ",
    };
    if (activity->waits_for >= 0)
        put_number(line, " waits for device ", activity->waits_for);
    if (activity->waits_for < 0 && activity->doing > SLUICE_RUNNING)
        put(line, " has all it needs for ");
    else
        put(line, words[activity->doing]);
    put(line, activity->operation);
}

const char *sluice_activity_format(const sluice_activity *activity, char *text,
                                   size_t bytes)
{
    struct line line = {.text = text, .bytes = bytes};
    if (bytes == 0)
        return text;
    text[0] = '\0';
    put_number(&line, "device ", activity->device);
    put_operation(&line, activity);
    put_part(&line, activity);
    for (int i = 0; i < activity->n_recent; i++) {
        put(&line, i == 0 ? "; before: " : " ");
        put(&line, activity->recent[i]);
    }
    return text;
}
