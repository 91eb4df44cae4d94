/* Rooms for whole parameters.  The thread that creates the pipeline. */
#include "blueprint/shards/rooms.h"

#include "base/memory.h"

/* A program that gets longer, and what the list has done to the rooms. */
struct placing {
    const sluice_action *actions; /* [n] the list */
    int n;
    int device;
    int n_stages; /* of the schedule */
    int *room_of; /* [n_stages] -1: the stage is not whole */
    int *brought; /* [n_stages] how often it was */
    bool *taken;  /* [n_stages] by room */
    int n_rooms;  /* that were ever taken */
    int latest;   /* room that was taken last; -1: none */
    struct sl_op *ops;
    int n_ops;
};

static bool shares(const struct placing *is, int stage)
{
    for (int i = 0; i < is->n; i++)
        if (is->actions[i].stage == stage &&
            is->actions[i].kind == SLUICE_UNSHARD)
            return true;
    return false;
}

static void put(struct placing *is, enum sl_op_kind kind, int stage, int room)
{
    is->ops[is->n_ops++] = (struct sl_op){
        .kind = kind,
        .action = {SLUICE_UNSHARD, stage, -1, 0},
        .forward_no = SL_NONE,
        .backward_no = SL_NONE,
        .stash_no = SL_NONE,
        .n_joined = 1,
        .room = room,
        .bring_no = is->brought[stage],
    };
}

static void bring(struct placing *is, int stage)
{
    int room = 0;
    while (is->taken[room])
        room++;
    if (room == is->latest)
        put(is, SL_OP_CLEAR, stage, room);
    put(is, SL_OP_BRING, stage, room);
    is->brought[stage]++;
    is->room_of[stage] = room;
    is->taken[room] = true;
    is->latest = room;
    if (room >= is->n_rooms)
        is->n_rooms = room + 1;
}

static void give_away(struct placing *is, int stage)
{
    is->taken[is->room_of[stage]] = false;
    is->room_of[stage] = -1;
}

/* The list and the program, which lacks UNSHARD and RESHARD, side by side. */
static void walk(struct placing *is, const struct sl_program *program,
                 const sluice_schedule *schedule, bool measures)
{
    const struct sl_op *next = program->ops;
    for (int s = 0; s < is->n_stages; s++)
        if (sluice_schedule_stage_device(schedule, s) == is->device &&
            !shares(is, s))
            bring(is, s);
    for (int i = 0; i < is->n; i++) {
        sluice_action action = is->actions[i];
        if (action.kind == SLUICE_UNSHARD) {
            bring(is, action.stage);
        } else if (action.kind == SLUICE_RESHARD) {
            give_away(is, action.stage);
        } else {
            bool lacks = action.kind == SLUICE_REDUCE_GRAD && measures &&
                         is->room_of[action.stage] < 0;
            if (lacks)
                bring(is, action.stage);
            is->ops[is->n_ops++] = *next++;
            if (lacks)
                give_away(is, action.stage);
        }
    }
}

/* Operations at most: two for each UNSHARD, written or not. */
static int most_ops(const struct placing *is, const struct sl_program *program)
{
    int n = program->n_ops + 2 * is->n_stages;
    for (int i = 0; i < is->n; i++)
        n += 2 * (is->actions[i].kind == SLUICE_UNSHARD ||
                  is->actions[i].kind == SLUICE_REDUCE_GRAD);
    return n;
}

/* A copy of the operations that has no more room than they need. */
static sluice_status keep(const struct placing *is, struct sl_program *program,
                          const sluice_allocator *allocator)
{
    struct sl_op *ops =
        sl_alloc(allocator, (size_t)is->n_ops, sizeof *program->ops);
    if (!ops)
        return SLUICE_NO_MEMORY;
    for (int i = 0; i < is->n_ops; i++)
        ops[i] = is->ops[i];
    sl_program_fini(program, allocator);
    *program = (struct sl_program){ops, is->n_ops};
    return SLUICE_OK;
}

sluice_status sl_rooms_place(struct sl_program *program,
                             const sluice_schedule *schedule, int device,
                             bool measures, const sluice_allocator *allocator,
                             int *n_rooms, sluice_diag *why)
{
    struct placing is = {
        .device = device,
        .n_stages = sluice_schedule_n_stages(schedule),
        .latest = -1,
    };
    is.actions = sluice_schedule_actions(schedule, device, &is.n);
    size_t n = (size_t)is.n_stages, n_ops = (size_t)most_ops(&is, program);
    is.room_of = sl_alloc(allocator, n, sizeof *is.room_of);
    is.brought = sl_alloc(allocator, n, sizeof *is.brought);
    is.taken = sl_alloc(allocator, n, sizeof *is.taken);
    is.ops = sl_alloc(allocator, n_ops, sizeof *is.ops);
    sluice_status st = SLUICE_NO_MEMORY;
    if (is.room_of && is.brought && is.taken && is.ops) {
        for (int s = 0; s < is.n_stages; s++)
            is.room_of[s] = -1;
        walk(&is, program, schedule, measures);
        st = keep(&is, program, allocator);
    }
    if (!st && *n_rooms < is.n_rooms)
        *n_rooms = is.n_rooms;
    sl_free(allocator, is.ops, n_ops, sizeof *is.ops);
    sl_free(allocator, is.taken, n, sizeof *is.taken);
    sl_free(allocator, is.brought, n, sizeof *is.brought);
    sl_free(allocator, is.room_of, n, sizeof *is.room_of);
    return st ? sl_no_memory(why, "a device's program") : SLUICE_OK;
}
