/* What no plan can beat.  Any thread. */
#ifndef SL_PLAN_PRICING_PLAN_BOUND_H
#define SL_PLAN_PRICING_PLAN_BOUND_H

#include "plan/problem/problem.h"

/*
 * The largest of the following, for the division (number of micro-batches,
 * replicas, size of a team) with which that is smallest, each group of devices
 * being one.  What adding up gradients takes is left out.  F, I, W are costs on
 * a device of speed 1; M the number of micro-batches of a replica, s the speeds
 * of as many devices as there are layers, the fastest, and s1 that of the
 * fastest of all.
 *
 *     work   All of it is done by the devices together.  All except the one
 *            with the first layer begin when that layer's first F has ended:
 *            (M sum(F + I + W) + (sum(s) - s1) F_0 / s1) / sum(s)
 *     way    A micro-batch goes through all layers and back:
 *            sum(F + I) / s1
 *     layer  A layer is on one device, which begins when the forwards before
 *            it have ended: (sum of F before + M (F + I + W)) / s1
 *
 * To each comes what all UPDATEs take of the devices together, and what it
 * takes to wake them once.  Of B and of I with W the cheaper is taken, layer by
 * layer.
 */
int64_t sl_plan_bound(struct sl_plan_problem *problem);

#endif
