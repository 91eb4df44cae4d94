/*
 * A collective of threads in one process.  Its members meet: each says what it
 * brings, and the last to come lets all go on.  Between one meeting and the
 * next they read each other's memory and write only what no other reads.
 */
#include "chan/collective.h"

#include <string.h>

#include "base/memory.h"

enum {
    LINE_FLOATS = SL_ALIGN / sizeof(float), /* chunks start on a line */
    PIECE_FLOATS = 1024, /* a sum is made in pieces that stay in the cache */
};

/* What a member says at a meeting. */
struct word {
    const float *x;
    const float *const *terms; /* [n_terms] */
    double *sums;              /* [n_sums], const after create */
    int64_t virtual_ns;
};

/*
 * A member can be at most one meeting ahead of another, so that two words are
 * enough: what it says at a meeting is read until the next one is complete.
 */
struct member {
    _Alignas(SL_ALIGN) struct sl_gate gate; /* it waits for the others */
    unsigned n_meetings;                    /* [owner: the member] since open */
    struct word words[2]; /* [owner: the member until it has arrived, then
                             read by all; `n_arrived` and `n_complete` publish
                             it] */
};

struct local_collective {
    struct sl_collective collective;   /* first: pointers to it are cast back */
    const sluice_allocator *allocator; /* const after create */
    struct sl_patience patience;       /* const after create */
    void (*stop)(void *context);       /* const after create */
    void *context;                     /* const after create */
    int n_sums;                        /* const after create */
    int n_terms;                       /* const after create */
    struct member *members;            /* [n_members] */
    double *sums; /* [n_members][2], n_sums each on lines of their own */
    _Alignas(SL_ALIGN) atomic_uint n_arrived; /* [atomic] at all meetings since
                                                 open, all members together */
    atomic_uint n_complete; /* [atomic] meetings at which all have arrived; its
                               seq_cst store pairs with is_complete() */
    int64_t latest_ns[2];   /* [owner: the last to arrive, then constant while
                               it is read; `n_complete` publishes it] */
};

static struct local_collective *local_of(struct sl_collective *collective)
{
    return (struct local_collective *)collective;
}

static void wake_members(struct local_collective *local)
{
    for (int i = 0; i < local->collective.n_members; i++)
        sl_gate_wake(&local->members[i].gate);
}

struct meeting {
    const struct local_collective *local;
    unsigned number;
};

/* As many are complete as were before the meeting, or one more: so the count
 * may wrap. */
static bool is_complete(const void *state)
{
    const struct meeting *meeting = state;
    return atomic_load(&meeting->local->n_complete) != meeting->number ||
           sl_failure_stopped(&meeting->local->collective.failure);
}

static int64_t latest(const struct local_collective *local, int at)
{
    int64_t latest_ns = local->members[0].words[at].virtual_ns;
    for (int i = 1; i < local->collective.n_members; i++)
        if (local->members[i].words[at].virtual_ns > latest_ns)
            latest_ns = local->members[i].words[at].virtual_ns;
    return latest_ns;
}

/* The last to arrive lets all go on. */
static void complete(struct local_collective *local, unsigned number,
                     bool commits)
{
    local->latest_ns[number & 1] = latest(local, number & 1);
    if (commits)
        sl_failure_commit(&local->collective.failure);
    atomic_store(&local->n_complete, number + 1);
    wake_members(local);
}

/* The words of the meeting that a member comes to next. */
static struct word *next_word(struct local_collective *local, int rank)
{
    struct member *member = &local->members[rank];
    return &member->words[member->n_meetings & 1];
}

/* Come to a meeting, its word said; at the end all words can be read, in the
 * place that `at` tells. */
static sluice_status meet(struct local_collective *local, int rank,
                          int64_t *virtual_ns, bool commits, int *at)
{
    struct member *member = &local->members[rank];
    unsigned n = (unsigned)local->collective.n_members;
    struct meeting meeting = {local, member->n_meetings};
    next_word(local, rank)->virtual_ns = *virtual_ns;
    member->n_meetings++;
    *at = meeting.number & 1;
    if (atomic_fetch_add(&local->n_arrived, 1) + 1 == (meeting.number + 1) * n)
        complete(local, meeting.number, commits);
    else
        sl_gate_wait(&member->gate, local->patience, is_complete, &meeting);
    const struct sl_failure *failure = &local->collective.failure;
    if (commits ? !sl_failure_committed(failure) : sl_failure_stopped(failure))
        return SLUICE_CLOSED;
    *virtual_ns = local->latest_ns[*at];
    return SLUICE_OK;
}

/* A meeting that is followed by work on the members' arrays. */
static sluice_status meet_with(struct local_collective *local, int rank,
                               const struct sl_share *share, int *at)
{
    next_word(local, rank)->x = share->x;
    next_word(local, rank)->terms = share->terms;
    sluice_status st = meet(local, rank, share->virtual_ns, false, at);
    if (!st)
        share->begin(share->context);
    return st;
}

struct sl_chunk sl_chunk_of(int64_t n, int n_members, int rank)
{
    int64_t lines = n / LINE_FLOATS;
    int64_t first = lines * rank / n_members * LINE_FLOATS;
    int64_t end = lines * (rank + 1) / n_members * LINE_FLOATS;
    if (rank + 1 == n_members)
        end = n;
    return (struct sl_chunk){first, end - first};
}

/* Term k of a sum: that of rank k, or of the member that has it. */
static const float *term_of(const struct local_collective *local, int at, int k)
{
    if (local->n_terms == 0)
        return local->members[k].words[at].x;
    int i = 0;
    while (!local->members[i].words[at].terms[k])
        i++;
    return local->members[i].words[at].terms[k];
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
            memcpy(share->x + c.first, local->members[i].words[at].x + c.first,
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
        sums[i] = local->members[0].words[at].sums[i];
        for (int k = 1; k < local->collective.n_members; k++)
            sums[i] += local->members[k].words[at].sums[i];
    }
}

static sluice_status meet_and_add(struct local_collective *local, int rank,
                                  int64_t *virtual_ns, double *sums,
                                  bool commits)
{
    int at;
    for (int i = 0; sums && i < local->n_sums; i++)
        next_word(local, rank)->sums[i] = sums[i];
    sluice_status st = meet(local, rank, virtual_ns, commits, &at);
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
    return meet_and_add(local_of(collective), rank, virtual_ns, sums, true);
}

static void stop_all(void *context)
{
    struct local_collective *local = context;
    wake_members(local);
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
    wake_members(local_of(collective));
}

static void local_open(struct sl_collective *collective)
{
    struct local_collective *local = local_of(collective);
    for (int i = 0; i < collective->n_members; i++)
        local->members[i].n_meetings = 0;
    atomic_store(&local->n_arrived, 0);
    atomic_store(&local->n_complete, 0);
    sl_failure_open(&collective->failure);
}

static void local_abandon(struct sl_collective *collective)
{
    struct local_collective *local = local_of(collective);
    for (int i = 0; i < collective->n_members; i++)
        sl_gate_abandon(&local->members[i].gate);
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
        sl_gate_fini(&local->members[i].gate);
    sl_free(local->allocator, local->sums, n_doubles(local), sizeof(double));
    sl_free(local->allocator, local->members,
            (size_t)local->collective.n_members, sizeof *local->members);
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
        struct member *member = &local->members[n];
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
    local->patience = config->patience;
    local->stop = config->stop;
    local->context = config->context;
    local->n_sums = config->n_sums;
    local->n_terms = config->n_terms;
    local->members = sl_alloc(config->allocator, (size_t)config->n_members,
                              sizeof *local->members);
    local->sums =
        sl_alloc(config->allocator, n_doubles(local), sizeof *local->sums);
    sluice_status st = SLUICE_NO_MEMORY;
    int n_gates = 0;
    if (!local->members || !local->sums)
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
