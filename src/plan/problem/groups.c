/*
 * Groups of devices.  One thread.
 *
 * The devices of a node, the fastest first, make teams; the teams, the fastest
 * first, make groups.  So the sum of the groups' speeds, each that of its
 * slowest device, is as large as it can be.  Where caps differ, the same is
 * tried with the largest first.  In the end the groups stand in the order of
 * their first devices.
 */
#include "plan/problem/groups.h"

#include <string.h>

/* Devices in an order. */
struct row {
    int n;
    int of[SLUICE_MAX_DEVICES];
};

static double speed_of(const struct sl_plan_problem *problem, int device)
{
    double speed = problem->config->devices[device].speed;
    return speed > 0 ? speed : 1;
}

static int node_of(const struct sl_plan_problem *problem, int device)
{
    return problem->config->devices[device].node;
}

/* A cap of 0 is none. */
static size_t cap_of(const struct sl_plan_problem *problem, int device)
{
    size_t cap = problem->config->devices[device].cap_bytes;
    return cap ? cap : SIZE_MAX;
}

static bool is_before(const struct sl_plan_problem *problem, int a, int b)
{
    double x = speed_of(problem, a), y = speed_of(problem, b);
    size_t room_a = cap_of(problem, a), room_b = cap_of(problem, b);
    if (problem->division.grouping == SL_PLAN_BY_CAP && room_a != room_b)
        return room_a > room_b;
    return x != y ? x > y : room_a > room_b;
}

/* By insertion, in units of `n` devices, each by its last, the slowest: the
 * order of equal ones stays. */
static void sort(const struct sl_plan_problem *problem, struct row *row, int n)
{
    int kept[SLUICE_MAX_DEVICES];
    size_t bytes = (size_t)n * sizeof *kept;
    for (int i = n; i < row->n; i += n)
        for (int at = i;
             at > 0 && is_before(problem, row->of[at + n - 1], row->of[at - 1]);
             at -= n) {
            memcpy(kept, &row->of[at], bytes);
            memcpy(&row->of[at], &row->of[at - n], bytes);
            memcpy(&row->of[at - n], kept, bytes);
        }
}

/* Whether a node stands before device `last` already. */
static bool is_known(const struct sl_plan_problem *problem, int last)
{
    int d = 0;
    while (node_of(problem, d) != node_of(problem, last))
        d++;
    return d < last;
}

/* The teams of t devices, node by node. */
static void make_teams(const struct sl_plan_problem *problem, int t,
                       struct row *teams)
{
    teams->n = 0;
    for (int first = 0; first < problem->config->n_devices; first++) {
        struct row node = {.n = 0};
        if (is_known(problem, first))
            continue;
        for (int d = first; d < problem->config->n_devices; d++)
            if (node_of(problem, d) == node_of(problem, first))
                node.of[node.n++] = d;
        sort(problem, &node, 1);
        for (int i = 0; i < node.n / t * t; i++)
            teams->of[teams->n++] = node.of[i];
    }
}

/* One team of each node in turn. */
static void deal(const struct sl_plan_problem *problem, int t,
                 struct row *teams)
{
    struct row dealt = {.n = 0};
    bool taken[SLUICE_MAX_DEVICES] = {false};
    while (dealt.n < teams->n) {
        bool served[SLUICE_MAX_DEVICES] = {false}; /* by a node's first */
        for (int i = 0; i < teams->n; i += t) {
            int first = 0;
            while (node_of(problem, first) != node_of(problem, teams->of[i]))
                first++;
            if (taken[i] || served[first])
                continue;
            taken[i] = served[first] = true;
            memcpy(&dealt.of[dealt.n], &teams->of[i],
                   (size_t)t * sizeof *dealt.of);
            dealt.n += t;
        }
    }
    *teams = dealt;
}

/* A group as one device. */
static sluice_plan_device as_one(const struct sl_plan_problem *problem,
                                 const int *members, int n)
{
    sluice_plan_device one = {.speed = speed_of(problem, members[0]),
                              .node = node_of(problem, members[0])};
    size_t cap = SIZE_MAX;
    for (int i = 0; i < n; i++) {
        double speed = speed_of(problem, members[i]);
        one.speed = speed < one.speed ? speed : one.speed;
        cap = cap_of(problem, members[i]) < cap ? cap_of(problem, members[i])
                                                : cap;
    }
    size_t team = (size_t)sl_plan_team(problem);
    one.cap_bytes = cap == SIZE_MAX         ? 0
                    : cap > SIZE_MAX / team ? 0
                                            : cap * team;
    return one;
}

static void order_groups(struct sl_plan_problem *problem, int n)
{
    int kept[SLUICE_MAX_DEVICES];
    size_t bytes = (size_t)n * sizeof *kept;
    for (int i = 1; i < problem->n_devices; i++)
        for (int *at = &problem->members[i * n];
             at > problem->members && at[0] < at[-n]; at -= n) {
            memcpy(kept, at, bytes);
            memcpy(at, at - n, bytes);
            memcpy(at - n, kept, bytes);
        }
}

bool sl_plan_is_same(const struct sl_plan_problem *problem, int a, int b)
{
    const sluice_plan_device *devices = problem->devices;
    const int *of_a = sl_plan_members(problem, a);
    const int *of_b = sl_plan_members(problem, b);
    if (devices[a].speed != devices[b].speed ||
        devices[a].cap_bytes != devices[b].cap_bytes)
        return false;
    int n = problem->division.replicas * sl_plan_team(problem);
    for (int i = 0; i < n; i++)
        if (node_of(problem, of_a[i]) != node_of(problem, of_b[i]))
            return false;
    return true;
}

bool sl_plan_is_spread(const struct sl_plan_problem *problem, int device)
{
    const int *members = sl_plan_members(problem, device);
    int n = problem->division.replicas * sl_plan_team(problem);
    for (int i = 1; i < n; i++)
        if (node_of(problem, members[i]) != node_of(problem, members[0]))
            return true;
    return false;
}

static void compare(struct sl_plan_problem *problem)
{
    problem->capped = problem->uneven = false;
    for (int d = 0; d < problem->n_devices; d++) {
        problem->capped |= problem->devices[d].cap_bytes != 0;
        problem->uneven |= !sl_plan_is_same(problem, d, 0);
    }
}

static void make_groups(struct sl_plan_problem *problem)
{
    int t = sl_plan_team(problem), n = problem->division.replicas * t;
    struct row teams;
    make_teams(problem, t, &teams);
    sort(problem, &teams, t);
    if (problem->division.grouping == SL_PLAN_BY_NODE)
        deal(problem, t, &teams);
    problem->n_devices = teams.n / n;
    memcpy(problem->members, teams.of, sizeof problem->members);
    order_groups(problem, n);
    for (int g = 0; g < problem->n_devices; g++)
        problem->devices[g] = as_one(problem, &problem->members[g * n], n);
    compare(problem);
}

/* A cost that is not to be had is in no sum that is read. */
static int64_t cost_or_0(const struct sl_plan_problem *problem, int i, int kind)
{
    int64_t ns = sl_plan_cost(problem, i, kind);
    return ns > 0 ? ns : 0;
}

void sl_plan_divide(struct sl_plan_problem *problem,
                    const struct sl_plan_division *division)
{
    struct sl_plan_sums *sums = &problem->sums;
    problem->division = *division;
    make_groups(problem);
    for (int i = 0; i < problem->n_layers; i++) {
        const sluice_plan_layer *layer = &problem->config->layers[i];
        sums->forward[i + 1] =
            sums->forward[i] + cost_or_0(problem, i, SLUICE_F);
        sums->backward[i + 1] =
            sums->backward[i] + cost_or_0(problem, i, SLUICE_B);
        sums->split[i + 1] = sums->split[i] + cost_or_0(problem, i, SLUICE_I) +
                             cost_or_0(problem, i, SLUICE_W);
        sums->again[i + 1] = sums->again[i] + cost_or_0(problem, i, SLUICE_R);
        sums->fixed[i + 1] = sums->fixed[i] + sl_plan_fixed_bytes(problem, i);
        sums->lent[i + 1] = sums->lent[i] + sl_plan_lent_bytes(problem, i);
        sums->saved[i + 1] = sums->saved[i] + layer->saved_row_bytes;
    }
}

/* Whether a grouping may differ from that by speed. */
static bool matters(const sluice_plan_config *config, int grouping)
{
    const sluice_plan_device *devices = config->devices;
    bool nodes = false, caps = false;
    for (int d = 1; d < config->n_devices; d++) {
        nodes |= devices[d].node != devices[0].node;
        caps |= devices[d].cap_bytes != devices[0].cap_bytes;
    }
    return grouping == SL_PLAN_BY_SPEED ||
           (grouping == SL_PLAN_BY_CAP ? caps : nodes);
}

/* All of them, those that nothing can have included. */
static bool count(const sluice_plan_config *config, int i,
                  struct sl_plan_division *out)
{
    enum { N_GROUPINGS = SL_PLAN_BY_NODE + 1 };
    int n_replicas = config->replicas ? config->n_replicas : 1;
    int n_teams = config->teams ? config->n_teams : 1;
    int n_zeros = config->zeros ? config->n_zeros : 1;
    int n_gathers = config->gathers ? config->n_gathers : 1;
    out->grouping = (enum sl_plan_grouping)(i % N_GROUPINGS);
    i /= N_GROUPINGS;
    out->replicas = config->replicas ? config->replicas[i % n_replicas] : 1;
    i /= n_replicas;
    out->team = i % n_teams;
    i /= n_teams;
    out->zero = config->zeros ? config->zeros[i % n_zeros] : 0;
    i /= n_zeros;
    out->gather = config->gathers ? config->gathers[i % n_gathers] : 0;
    out->joined = out->m = i / n_gathers;
    return out->m < config->n_microbatches;
}

/* Whether so many W can be joined, and what they cost is known. */
static bool can_gather(const struct sl_plan_problem *problem,
                       struct sl_plan_division *out)
{
    const sluice_plan_config *config = problem->config;
    int n = config->microbatches[out->m];
    if (out->gather == 0)
        return true;
    if (!problem->has_split || n / out->replicas % out->gather != 0 ||
        config->batch % n != 0)
        return false;
    for (out->joined = 0; out->joined < config->n_microbatches; out->joined++)
        if (config->microbatches[out->joined] == n / out->gather)
            return true;
    return false;
}

bool sl_plan_next_division(const struct sl_plan_problem *problem, int *i,
                           struct sl_plan_division *out)
{
    const sluice_plan_config *config = problem->config;
    while (count(config, (*i)++, out)) {
        int t = config->teams ? config->teams[out->team] : 1;
        bool plain = out->replicas == 1 && t == 1;
        if (config->microbatches[out->m] % out->replicas == 0 &&
            (out->replicas == 1 ? !out->zero : problem->has_reduce) &&
            can_gather(problem, out) &&
            (out->grouping == SL_PLAN_BY_SPEED ||
             (!plain && matters(config, (int)out->grouping))))
            return true;
    }
    return false;
}
