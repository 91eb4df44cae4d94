/* Any text as a file of a plan. */
#include "text_target.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "plan/plan.h"

/* What a plan that was read promises to those who use it. */
static void check(const sluice_plan *plan)
{
    const sluice_plan_row *row = sluice_plan_row_at(plan, 0);
    int n;
    const int *places = sluice_plan_places(plan, &n);
    text_require(n >= 1 && n <= SLUICE_MAX_DEVICES);
    text_require(n == row->devices * row->replicas * row->team);
    for (int p = 0; p < n; p++)
        text_require(places[p] >= 0 && places[p] < SLUICE_MAX_DEVICES);
    const double *speeds = sluice_plan_speeds(plan, &n);
    for (int p = 0; p < n; p++)
        text_require(speeds[p] >= 1e-3 && speeds[p] <= 1e3);
    const int *sizes = sluice_plan_partition(plan, &n);
    text_require(n >= 1);
    for (int s = 0; s < n; s++)
        text_require(sizes[s] >= 1);
    text_require(sluice_plan_batch(plan) >= 1 && row->queue_capacity >= 1);
    text_require(sluice_plan_schedule(plan) != NULL);
}

static sluice_status parse(const char *text, size_t n,
                           const sluice_allocator *allocator, sluice_diag *why)
{
    sluice_plan *plan = NULL, *again = NULL;
    sluice_status st = sl_plan_parse(text, n, allocator, &plan, why);
    text_require(!st == (plan != NULL));
    if (st)
        return st;
    check(plan);
    char *first, *second;
    size_t n_first, n_second;
    text_require(!sl_plan_format(plan, &first, &n_first, NULL));
    text_require(!sl_plan_parse(first, n_first, NULL, &again, NULL));
    text_require(!sl_plan_format(again, &second, &n_second, NULL));
    text_require(n_first == n_second && !memcmp(first, second, n_first));
    sl_free(allocator, first, n_first + 1, 1);
    sl_free(NULL, second, n_second + 1, 1);
    sluice_plan_destroy(again);
    sluice_plan_destroy(plan);
    return SLUICE_OK;
}

const struct text_target text_target = {parse, 64, 1 << 20};
