/*
 * A collective of threads in one process: what its members do at their meetings
 * (chan/meeting.h), and its life.
 */
#include "chan/collective.h"

#include <string.h>

#include "base/memory.h"
#include "chan/meeting.h"

/* A sum is made in pieces that stay in the cache. */
enum { PIECE_FLOATS = 1024 };

struct local_collective {
    struct sl_collective collective;   /* first: pointers to it are cast back */
    const sluice_allocator *allocator; /* const after create */
    void (*stop)(void *context);       /* const after create */
    void *context;                     /* const after create */
    int n_sums;                        /* const after create */
    int n_terms;                       /* const after create */
    double *sums; /* [n_members][2], n_sums each on lines of their own */
    struct sl_meeting meeting;
};

static struct local_collective *local_of(struct sl_collective *collective)
{
    return (struct local_collective *)collective;
}

/* A meeting that is followed by work on the members' arrays. */
static sluice_status meet_with(struct local_collective *local, int rank,
                               const struct sl_share *share, int *at)
{
    sl_meeting_word(&local->meeting, rank)->x = share->x;
    sl_meeting_word(&local->meeting, rank)->terms = share->terms;
    sluice_status st =
        sl_meeting_meet(&local->meeting, rank, share->virtual_ns, false, at);
    if (!st)
        share->begin(share->context);
    return st;
}

/* Term k of a sum: that of rank k, or of the member that has it. */
static const float *term_of(const struct local_collective *local, int at, int k)
{
    if (local->n_terms == 0)
        return local->meeting.members[k].words[at].x;
    int i = 0;
    while (!local->meeting.members[i].words[at].terms[k])
        i++;
    return local->meeting.members[i].words[at].terms[k];
}

/*
 * A piece of this member's chunk: a sum that starts from term 0, element by
 * element.  It is made beside x, which is one of the terms.
 */
static void add_piece(const struct local_collective *local, int at, float *x,
                      int64_t first, int64_t n)
{
    float total[PIECE_FLOATS];
    int n_terms = local->n_terms ? local->n_terms : local->collective.n_members;
    memcpy(total, term_of(local, at, 0) + first, (size_t)n * sizeof(float));
    for (int k = 1; k < n_terms; k++) {
        const float *term = term_of(local, at, k) + first;
        for (int64_t i = 0; i < n; i++)
            total[i] += term[i];
    }
    memcpy(x + first, total, (size_t)n * sizeof(float));
}

static sluice_status local_reduce_scatter(struct sl_collective *collective,
                                          int rank,
                                          const struct sl_share *share)
{
    struct local_collective *local = local_of(collective);
    int at;
    sluice_status st = meet_with(local, rank, share, &at);
    if (st)
        return st;
    struct sl_chunk c = sl_chunk_of(share->n, collective->n_members, rank);
    for (int64_t done = 0; done < c.n; done += PIECE_FLOATS) {
        int64_t left = c.n - done;
        add_piece(local, at, share->x, c.first + done,
                  left < PIECE_FLOATS ? left : PIECE_FLOATS);
    }
    return SLUICE_OK;
}

static sluice_status local_all_gather(struct sl_collective *collective,
                                      int rank, const struct sl_share *share)
{
    struct local_collective *local = local_of(collective);
    int n = collective->n_members;
    int at;
    sluice_status st = meet_with(local, rank, share, &at);
    for (int i = 0; i < n && !st; i++) {
        struct sl_chunk c = sl_chunk_of(share->n, n, i);
        if (i != rank)
            memcpy(share->x + c.first,
                   local->meeting.members[i].words[at].x + c.first,
                   (size_t)c.n * sizeof(float));
    }
    return st;
}

/* All have come, so that all have ended what they did after the last meeting.
 */
static sluice_status local_fence(struct sl_collective *collective, int rank,
                                 const struct sl_share *share)
{
    int at;
    return meet_with(local_of(collective), rank, share, &at);
}

static void add_sums(const struct local_collective *local, int at, double *sums)
{
    for (int i = 0; i < local->n_sums; i++) {
        sums[i] = local->meeting.members[0].words[at].sums[i];
        for (int k = 1; k < local->collective.n_members; k++)
            sums[i] += local->meeting.members[k].words[at].sums[i];
    }
}

static sluice_status meet_and_add(struct local_collective *local, int rank,
                                  int64_t *virtual_ns, double *sums,
                                  bool commits)
{
    int at;
    for (int i = 0; sums && i < local->n_sums; i++)
        sl_meeting_word(&local->meeting, rank)->sums[i] = sums[i];
    sluice_status st =
        sl_meeting_meet(&local->meeting, rank, virtual_ns, commits, &at);
    if (!st && sums)
        add_sums(local, at, sums);
    return st;
}

static sluice_status local_add_up(struct sl_collective *collective, int rank,
                                  int64_t *virtual_ns, double *sums)
{
    return meet_and_add(local_of(collective), rank, virtual_ns, sums, false);
}

static sluice_status local_agree(struct sl_collective *collective, int rank,
                                 int64_t *virtual_ns, double *sums)
{
    struct local_collective *local = local_of(collective);
    struct sl_member *member = &local->meeting.members[rank];
    int at;
    if (!member->voted)
        return meet_and_add(local, rank, virtual_ns, sums, true);
    member->voted = false;
    return sl_meeting_attend(&local->meeting, rank, virtual_ns, true, &at);
}

static bool local_vote(struct sl_collective *collective, int rank,
                       int64_t virtual_ns)
{
    struct local_collective *local = local_of(collective);
    local->meeting.members[rank].voted = true;
    sl_meeting_arrive(&local->meeting, rank, virtual_ns, true);
    return true;
}

static bool local_decided(const struct sl_collective *collective, int rank)
{
    const struct local_collective *local =
        (const struct local_collective *)collective;
    return sl_meeting_is_over(&local->meeting, rank);
}

static void stop_all(void *context)
{
    struct local_collective *local = context;
    sl_meeting_wake(&local->meeting);
    if (local->stop)
        local->stop(local->context);
}

static void local_fail(struct sl_collective *collective, const sluice_diag *why)
{
    sl_failure_latch(&collective->failure, why, stop_all, collective);
}

static void local_close(struct sl_collective *collective)
{
    sl_failure_stop(&collective->failure);
    sl_meeting_wake(&local_of(collective)->meeting);
}

static void local_open(struct sl_collective *collective)
{
    struct local_collective *local = local_of(collective);
    sl_meeting_open(&local->meeting);
    sl_failure_open(&collective->failure);
}

static void local_abandon(struct sl_collective *collective)
{
    struct local_collective *local = local_of(collective);
    for (int i = 0; i < collective->n_members; i++)
        sl_gate_abandon(&local->meeting.members[i].gate);
    sl_failure_abandon(&collective->failure);
}

static size_t sums_stride(const struct local_collective *local)
{
    return sl_round_up((size_t)local->n_sums * sizeof(double)) / sizeof(double);
}

static size_t n_doubles(const struct local_collective *local)
{
    return 2 * (size_t)local->collective.n_members * sums_stride(local);
}

static void free_local(struct local_collective *local, int n_gates)
{
    for (int i = 0; i < n_gates; i++)
        sl_gate_fini(&local->meeting.members[i].gate);
    sl_free(local->allocator, local->sums, n_doubles(local), sizeof(double));
    sl_free(local->allocator, local->meeting.members,
            (size_t)local->collective.n_members,
            sizeof *local->meeting.members);
    sl_free(local->allocator, local, 1, sizeof *local);
}

static void local_destroy(struct sl_collective *collective)
{
    sl_failure_fini(&collective->failure);
    free_local(local_of(collective), collective->n_members);
}

static const struct sl_collective_ops local_ops = {
    .name = "local",
    .reduce_scatter = local_reduce_scatter,
    .all_gather = local_all_gather,
    .fence = local_fence,
    .add_up = local_add_up,
    .agree = local_agree,
    .vote = local_vote,
    .decided = local_decided,
    .fail = local_fail,
    .close = local_close,
    .open = local_open,
    .abandon = local_abandon,
    .destroy = local_destroy,
};

/* Returns how many members have their gate. */
static int init_members(struct local_collective *local)
{
    int n = 0;
    for (; n < local->collective.n_members; n++) {
        struct sl_member *member = &local->meeting.members[n];
        for (int at = 0; at < 2; at++)
            member->words[at].sums =
                local->sums + (size_t)(2 * n + at) * sums_stride(local);
        if (sl_gate_init(&member->gate))
            break;
    }
    return n;
}

sluice_status sl_collective_create(const struct sl_collective_config *config,
                                   struct sl_collective **out)
{
    struct local_collective *local =
        sl_alloc(config->allocator, 1, sizeof *local);
    if (!local)
        return SLUICE_NO_MEMORY;
    local->collective.ops = &local_ops;
    local->collective.n_members = config->n_members;
    local->allocator = config->allocator;

    local->stop = config->stop;
    local->context = config->context;
    local->n_sums = config->n_sums;
    local->n_terms = config->n_terms;
    local->meeting.n_members = config->n_members;
    local->meeting.patience = config->patience;
    local->meeting.failure = &local->collective.failure;
    local->meeting.members =
        sl_alloc(config->allocator, (size_t)config->n_members,
                 sizeof *local->meeting.members);
    local->sums =
        sl_alloc(config->allocator, n_doubles(local), sizeof *local->sums);
    sluice_status st = SLUICE_NO_MEMORY;
    int n_gates = 0;
    if (!local->meeting.members || !local->sums)
        goto free_all;
    st = SLUICE_SYSTEM;
    n_gates = init_members(local);
    if (n_gates < config->n_members)
        goto free_all;
    st = sl_failure_init(&local->collective.failure);
    if (st)
        goto free_all;
    *out = &local->collective;
    return SLUICE_OK;

free_all:
    free_local(local, n_gates);
    return st;
}
