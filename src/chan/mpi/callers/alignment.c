/* The clocks of all processes.  The caller of a pipeline. */
#include "chan/mpi/callers/alignment.h"

#include "base/clock.h"
#include "chan/mpi/control.h"
#include "chan/mpi/world.h"

enum {
    TAG = 0, /* among the calls */
    ALIGN_ROUNDS = 16,
};

static const struct sl_patience impatient = {.spin_ns = 50 * 1000};

struct wait {
    struct sl_wire *wire;
    struct sl_control *control;
    struct sl_transfer transfer;
};

static bool is_done(void *state)
{
    struct wait *wait = state;
    return sl_wire_done(wait->wire, &wait->transfer) ||
           sl_control_is_over(wait->control);
}

/* One word to another process, or from it. */
static void pass_word(sluice_world *world, int other, bool sends, int64_t *word)
{
    struct sl_wire *wire = sl_world_wire(world);
    struct sl_control *control = sl_world_control(world);
    struct wait wait = {.wire = wire, .control = control};
    if (sends)
        sl_wire_send(wire, SL_LANE_CALLS, other, TAG, word, sizeof *word,
                     &wait.transfer);
    else
        sl_wire_receive(wire, SL_LANE_CALLS, other, TAG, word, sizeof *word,
                        &wait.transfer);
    sl_control_wait(control, impatient, is_done, &wait);
    sl_wire_cancel(wire, &wait.transfer); /* if a process is lost */
}

/* Process 0 asks another for its time, which is that of the middle. */
static void ask_time(sluice_world *world, int other, int64_t *offset,
                     int64_t *error_ns)
{
    int64_t least = INT64_MAX;
    for (int i = 0; i < ALIGN_ROUNDS; i++) {
        int64_t start = sl_now_ns(), its = start;
        pass_word(world, other, true, &its);
        pass_word(world, other, false, &its);
        int64_t trip = sl_now_ns() - start;
        if (trip >= least)
            continue;
        least = trip;
        *offset = start + trip / 2 - its;
    }
    if (least / 2 + 1 > *error_ns)
        *error_ns = least / 2 + 1;
}

static void tell_time(sluice_world *world)
{
    for (int i = 0; i < ALIGN_ROUNDS; i++) {
        int64_t now;
        pass_word(world, 0, false, &now);
        now = sl_now_ns();
        pass_word(world, 0, true, &now);
    }
}

sluice_status sl_world_align(sluice_world *world, int64_t *offsets,
                             int64_t *error_ns, sluice_diag *why)
{
    size_t n = (size_t)sluice_world_size(world);
    offsets[0] = *error_ns = 0;
    for (int r = 1; r < (int)n; r++) {
        if (sluice_world_rank(world) == 0)
            ask_time(world, r, &offsets[r], error_ns);
        else if (sluice_world_rank(world) == r)
            tell_time(world);
    }
    sluice_status st =
        sl_world_broadcast(world, 0, offsets, n * sizeof *offsets, why);
    return st ? st
              : sl_world_broadcast(world, 0, error_ns, sizeof *error_ns, why);
}
