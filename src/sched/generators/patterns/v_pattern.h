/* The order that V-Half and V-Min share (Qi et al., 2024). */
#ifndef SL_SCHED_GENERATORS_PATTERNS_V_PATTERN_H
#define SL_SCHED_GENERATORS_PATTERNS_V_PATTERN_H

#include "sched/generators/generator.h"

/* What a device does for a micro-batch, W's apart: with stage a on the way
 * there and stage b on the way back. */
enum sl_v_step { SL_V_F_A, SL_V_F_B, SL_V_I_B, SL_V_I_A, SL_V_STEPS };

/* The slots of micro-batch 0 on one device; those of micro-batch k lie 6 k
 * further on, and no two meet. */
struct sl_v_slots {
    int at[SL_V_STEPS];
};

/*
 * Write the lists of all devices, `slots` telling the pattern of device r of p:
 *
 *     1. put each step in its slot, and let W's fill the slots that are free,
 *        first in, first out;
 *     2. from the first slot to the last, move each step to the first slot that
 *        is free and does not come before what the step needs, unless a device
 *        would then hold more than any did after 1; W's fill the rest as
 *        before;
 *     3. run in the order of the slots.
 *
 * Linear in the number of actions; times the slots that a step may move by,
 * where a device may reach the limit, as it does not while M <= limit / 2.
 *
 * Returns  SLUICE_OK, SLUICE_NO_MEMORY.
 */
sluice_status sl_write_v_pattern(sluice_schedule *schedule,
                                 struct sl_v_slots (*slots)(int p, int r),
                                 sluice_diag *why);

#endif
