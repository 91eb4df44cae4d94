/* The order that V-Half and V-Min share: a board of slots, made compact. */
#include "sched/generators/patterns/v_pattern.h"

#include "base/memory.h"
#include "sched/schedule.h"

enum { PERIOD = 6, FREE = -1 };

/* Before a slot: F's without their W, and I's without. */
struct state {
    int live;
    int owed;
};

struct row {
    int *step;            /* [n_slots]: kind + SL_V_STEPS * micro-batch; FREE:
                             a W, if one is owed */
    int *slot;            /* [SL_V_STEPS * m], of each step */
    struct state *before; /* [n_slots]; NULL if the limit cannot be reached */
};

struct board {
    const sluice_allocator *allocator;
    int n_devices;
    int n_steps; /* of a device */
    int n_slots;
    int limit; /* to `live` */
    struct row *rows;
    int *steps;           /* [n_devices * n_slots] of all rows */
    int *slots;           /* [n_devices * n_steps] */
    struct state *states; /* [n_devices * n_slots], or NULL */
};

static bool is_forward(int step)
{
    return step % SL_V_STEPS <= SL_V_F_B;
}

static struct state after(struct state state, int step)
{
    if (step != FREE && is_forward(step))
        state.live++;
    else if (step != FREE)
        state.owed++;
    else if (state.owed > 0)
        state = (struct state){state.live - 1, state.owed - 1};
    return state;
}

/*
 * Go through the slots of a row from `from` on, up to where the states past
 * `to` are the same as before, and write the new ones if `keep`.  Returns
 * whether the limit holds.
 */
static bool walk(const struct board *board, const struct row *row, int from,
                 int to, bool keep)
{
    struct state state = row->before[from];
    for (int t = from; t < board->n_slots; t++) {
        struct state known = row->before[t];
        if (t > to && known.live == state.live && known.owed == state.owed)
            return true;
        if (keep)
            row->before[t] = state;
        state = after(state, row->step[t]);
        if (state.live > board->limit)
            return false;
    }
    return true;
}

static void put(const struct row *row, int step, int slot)
{
    row->step[slot] = step;
    row->slot[step] = slot;
}

/* Move what is in slot `from` to `to`, an earlier one, if the limit allows. */
static bool move(const struct board *board, const struct row *row, int from,
                 int to)
{
    int step = row->step[from];
    put(row, step, to);
    row->step[from] = FREE;
    if (!row->before)
        return true;
    if (walk(board, row, to, from, false))
        return walk(board, row, to, from, true);
    row->step[to] = FREE;
    put(row, step, from);
    return false;
}

static int later(int a, int b)
{
    return a > b ? a : b;
}

/* The first slot in which all that `step` of device d needs is done.  Forwards
 * of a and backwards of b go up the devices, the others down. */
static int earliest(const struct board *board, int d, int step)
{
    const struct row *rows = board->rows;
    int kind = step % SL_V_STEPS;
    int from = kind == SL_V_F_A || kind == SL_V_I_B ? d - 1 : d + 1;
    int last = -1;
    if (from >= 0 && from < board->n_devices)
        last = rows[from].slot[step];
    if (kind > 0)
        last = later(last, rows[d].slot[step - 1]);
    if (step >= SL_V_STEPS)
        last = later(last, rows[d].slot[step - SL_V_STEPS]);
    return last + 1;
}

/* What is in slot t has not moved before, and moves before what comes later. */
static void compact(const struct board *board)
{
    for (int t = 0; t < board->n_slots; t++)
        for (int d = 0; d < board->n_devices; d++) {
            const struct row *row = &board->rows[d];
            if (row->step[t] == FREE)
                continue;
            for (int to = earliest(board, d, row->step[t]); to < t; to++)
                if (row->step[to] == FREE && move(board, row, t, to))
                    break;
        }
}

/* Go through a row, note the states, if they are wanted, and the highest. */
static void note_states(struct board *board, const struct row *row)
{
    struct state state = {0, 0};
    for (int t = 0; t < board->n_slots; t++) {
        if (row->before)
            row->before[t] = state;
        state = after(state, row->step[t]);
        board->limit = later(board->limit, state.live);
    }
}

static void fill(struct board *board, struct sl_v_slots (*slots)(int p, int r))
{
    for (int d = 0; d < board->n_devices; d++) {
        const struct row *row = &board->rows[d];
        struct sl_v_slots first = slots(board->n_devices, d);
        for (int t = 0; t < board->n_slots; t++)
            row->step[t] = FREE;
        for (int i = 0; i < board->n_steps; i++)
            put(row, i, first.at[i % SL_V_STEPS] + PERIOD * (i / SL_V_STEPS));
        note_states(board, row);
    }
}

/* A device runs its steps in the order of the slots, and in a free one the W
 * of the oldest I that is without. */
static sluice_status write_row(const struct board *board, int d,
                               sluice_schedule *schedule, sluice_diag *why)
{
    static const sluice_action_kind kinds[] = {SLUICE_F, SLUICE_F, SLUICE_I,
                                               SLUICE_I};
    struct sl_writer writer = {.schedule = schedule, .device = d, .why = why};
    const struct row *row = &board->rows[d];
    int b = 2 * board->n_devices - 1 - d;
    int stages[] = {d, b, b, d};
    int oldest = 0; /* slot: no I before it is without */
    int owed = 0;
    for (int t = 0; t < board->n_slots || owed > 0; t++) {
        int step = t < board->n_slots ? row->step[t] : FREE;
        if (step != FREE) {
            int kind = step % SL_V_STEPS;
            owed += !is_forward(step);
            sl_write(&writer, kinds[kind], stages[kind], step / SL_V_STEPS);
        } else if (owed > 0) {
            while (row->step[oldest] == FREE || is_forward(row->step[oldest]))
                oldest++;
            step = row->step[oldest++];
            owed--;
            sl_write(&writer, SLUICE_W, stages[step % SL_V_STEPS],
                     step / SL_V_STEPS);
        }
    }
    sl_write_updates(&writer);
    return writer.status;
}

static void fini(struct board *board)
{
    size_t p = (size_t)board->n_devices;
    size_t n_slots = p * (size_t)board->n_slots;
    sl_free(board->allocator, board->states, n_slots, sizeof *board->states);
    sl_free(board->allocator, board->slots, p * (size_t)board->n_steps,
            sizeof *board->slots);
    sl_free(board->allocator, board->steps, n_slots, sizeof *board->steps);
    sl_free(board->allocator, board->rows, p, sizeof *board->rows);
}

/* Returns whether there was memory. */
static bool init(struct board *board)
{
    size_t p = (size_t)board->n_devices;
    board->rows = sl_alloc(board->allocator, p, sizeof *board->rows);
    board->steps = sl_alloc(board->allocator, p * (size_t)board->n_slots,
                            sizeof *board->steps);
    board->slots = sl_alloc(board->allocator, p * (size_t)board->n_steps,
                            sizeof *board->slots);
    if (!board->rows || !board->steps || !board->slots)
        return false;
    for (size_t d = 0; d < p; d++)
        board->rows[d] = (struct row){
            .step = board->steps + d * (size_t)board->n_slots,
            .slot = board->slots + d * (size_t)board->n_steps,
        };
    return true;
}

/* Keep watch on the limit, if it is less than all that a device can ever hold.
 * Returns whether there was memory. */
static bool bound(struct board *board)
{
    size_t p = (size_t)board->n_devices;
    if (board->limit >= board->n_steps / 2) /* half of the steps are forwards */
        return true;
    board->states = sl_alloc(board->allocator, p * (size_t)board->n_slots,
                             sizeof *board->states);
    if (!board->states)
        return false;
    for (size_t d = 0; d < p; d++) {
        board->rows[d].before = board->states + d * (size_t)board->n_slots;
        note_states(board, &board->rows[d]);
    }
    return true;
}

sluice_status sl_write_v_pattern(sluice_schedule *schedule,
                                 struct sl_v_slots (*slots)(int p, int r),
                                 sluice_diag *why)
{
    int p = schedule->n_devices;
    int m = schedule->n_microbatches;
    struct board board = {
        .allocator = schedule->allocator,
        .n_devices = p,
        .n_steps = SL_V_STEPS * m,
    };
    for (int d = 0; d < p; d++)
        board.n_slots = later(board.n_slots,
                              slots(p, d).at[SL_V_I_A] + 1 + PERIOD * (m - 1));
    sluice_status st = SLUICE_NO_MEMORY;
    if (init(&board)) {
        fill(&board, slots);
        if (bound(&board))
            st = SLUICE_OK;
    }
    if (st)
        st = sl_no_memory(why, "the slots of a schedule");
    else
        compact(&board);
    for (int d = 0; d < p && !st; d++)
        st = write_row(&board, d, schedule, why);
    fini(&board);
    return st;
}
