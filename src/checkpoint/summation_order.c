/* The order of summation of a schedule.  Any thread; no state. */
#include "checkpoint/summation_order.h"

#include <stdio.h>

#include "data/safetensors/checksum.h"

/* What is found out while the actions of a stage go by. */
struct order {
    bool ascends;
    bool descends;
    uint32_t checksum; /* of the micro-batches */
};

static uint32_t add_number(uint32_t checksum, int32_t number)
{
    unsigned char bytes[4];
    for (int i = 0; i < 4; i++)
        bytes[i] = (unsigned char)((uint32_t)number >> 8 * i);
    return sl_checksum_bytes(checksum, bytes, sizeof bytes);
}

/* The weight gradient is added in B, or in W where a stage has those. */
static struct order order_of_stage(const sluice_schedule *schedule, int stage)
{
    int n;
    int32_t last = -1;
    struct order order = {.ascends = true, .descends = true};
    const sluice_action *actions = sluice_schedule_actions(
        schedule, sluice_schedule_stage_device(schedule, stage), &n);
    for (int i = 0; i < n; i++) {
        if (actions[i].stage != stage ||
            (actions[i].kind != SLUICE_B && actions[i].kind != SLUICE_W))
            continue;
        int32_t m = actions[i].microbatch;
        if (last >= 0) {
            order.ascends &= m > last;
            order.descends &= m < last;
        }
        order.checksum = add_number(order.checksum, m);
        last = m;
    }
    return order;
}

/* All actions with their places, and the layers of each stage. */
static uint32_t whole_schedule(const struct sl_blueprint *bp)
{
    uint32_t checksum = 0;
    for (int d = 0; d < bp->grid.n_devices; d++) {
        int n;
        const sluice_action *actions =
            sluice_schedule_actions(bp->schedule, d, &n);
        checksum = add_number(checksum, n);
        for (int i = 0; i < n; i++) {
            checksum = add_number(checksum, actions[i].kind);
            checksum = add_number(checksum, actions[i].stage);
            checksum = add_number(checksum, actions[i].microbatch);
            checksum = add_number(checksum, actions[i].version);
        }
    }
    for (int s = 0; s < bp->grid.n_stages; s++)
        checksum = add_number(checksum, bp->layout.stages[s].n_units);
    return checksum;
}

/* Stages of a copy mostly have one order: then the cut is not in it. */
static struct order order_of_all(const struct sl_blueprint *bp)
{
    struct order all = order_of_stage(bp->schedule, 0);
    uint32_t each = 0;
    bool same = bp->grid.n_copies == 1;
    for (int s = 0; s < bp->grid.n_stages; s++) {
        struct order order = order_of_stage(bp->schedule, s);
        all.ascends &= order.ascends;
        all.descends &= order.descends;
        same &= order.checksum == all.checksum;
        each = add_number(each, sl_copy_of(&bp->grid, s));
        each = add_number(each, sl_part_of(&bp->grid, s));
        each = add_number(each, (int32_t)order.checksum);
    }
    if (!same)
        all.checksum = each;
    return all;
}

void sl_summation_order(const struct sl_blueprint *blueprint,
                        char text[SL_ORDER_TEXT])
{
    struct order order = order_of_all(blueprint);
    bool simple = blueprint->grid.n_copies == 1;
    if (blueprint->updates.asynchronous)
        snprintf(text, SL_ORDER_TEXT, "asynchronous %08x",
                 (unsigned)whole_schedule(blueprint));
    else if (blueprint->joins)
        snprintf(text, SL_ORDER_TEXT, "joined %08x",
                 (unsigned)whole_schedule(blueprint));
    else if (simple && order.ascends)
        snprintf(text, SL_ORDER_TEXT, "ascending");
    else if (simple && order.descends)
        snprintf(text, SL_ORDER_TEXT, "descending");
    else
        snprintf(text, SL_ORDER_TEXT, "order %08x", (unsigned)order.checksum);
}
