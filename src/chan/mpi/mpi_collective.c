/*
 * Members of a collective in several processes.  Its members.
 *
 * A meeting takes three steps: the members of this process come together; the
 * leader exchanges a word of each member with the other processes; they come
 * together again, and all words can be read.  What a member says is said in one
 * of two places in turn, as in chan/collective.c.
 */
#include "chan/mpi/mpi_collective.h"

#include <string.h>

#include "base/memory.h"
#include "chan/mpi/crossing.h"

struct mpi_collective {
    struct sl_collective collective; /* first: pointers to it are cast back */
    struct sl_member_mail crossing;
    struct sl_collective *inner;       /* const after create: of the members in
                                          this process */
    const sluice_allocator *allocator; /* const after create */
    struct sl_patience patience;       /* const after create */
    void (*stop)(void *context);       /* const after create */
    void *context;                     /* const after create */
    unsigned *n_meetings;              /* [n_members] [owner: the member] */
    atomic_bool closed;                /* [atomic] by any thread */
};

static struct mpi_collective *of(struct sl_collective *collective)
{
    return (struct mpi_collective *)collective;
}

static bool is_leader(const struct mpi_collective *is, int rank)
{
    return is->crossing.inner_rank[rank] == 0;
}

static void begin_nothing(void *context)
{
    (void)context;
}

/* The members of this process come together. */
static sluice_status gather(struct mpi_collective *is, int rank)
{
    int64_t virtual_ns = 0;
    const struct sl_share share = {
        .virtual_ns = &virtual_ns,
        .begin = begin_nothing,
    };
    return sl_collective_fence(is->inner, is->crossing.inner_rank[rank],
                               &share);
}

struct wait {
    struct mpi_collective *is;
    bool (*ready)(struct sl_member_mail *crossing, int rank, int at);
    int rank;
    int at;
};

static bool is_ready(void *state)
{
    struct wait *wait = state;
    return atomic_load(&wait->is->closed) ||
           wait->ready(&wait->is->crossing, wait->rank, wait->at);
}

/* Wait for messages. */
static sluice_status await(struct mpi_collective *is,
                           bool (*ready)(struct sl_member_mail *, int, int),
                           int rank, int at)
{
    struct wait wait = {is, ready, rank, at};
    sl_control_wait(is->crossing.control, is->patience, is_ready, &wait);
    return atomic_load(&is->closed) ? SLUICE_CLOSED : SLUICE_OK;
}

/* Come to a meeting with a word; at the end all can be read, in the place that
 * `at` tells. */
static sluice_status meet(struct mpi_collective *is, int rank,
                          const struct sl_share *share, const double *sums,
                          int *at)
{
    *at = (int)(is->n_meetings[rank]++ & 1);
    sl_crossing_say(&is->crossing, *at, rank, share, sums);
    sluice_status st = gather(is, rank);
    if (st)
        return st;
    if (is_leader(is, rank)) {
        sl_crossing_words(&is->crossing, *at);
        st = await(is, sl_crossing_has_words, rank, *at);
        if (!st)
            sl_crossing_end_words(&is->crossing);
    }
    if (!st)
        st = gather(is, rank);
    if (st)
        return st;
    *share->virtual_ns = sl_crossing_latest(&is->crossing, *at);
    if (share->begin)
        share->begin(share->context);
    return SLUICE_OK;
}

static sluice_status mpi_reduce_scatter(struct sl_collective *collective,
                                        int rank, const struct sl_share *share)
{
    struct mpi_collective *is = of(collective);
    int at;
    sluice_status st = meet(is, rank, share, NULL, &at);
    int n = sl_crossing_n_pieces(&is->crossing, share->n);
    for (int piece = 0; piece < n && !st; piece++) {
        sl_crossing_expect_piece(&is->crossing, rank, at, piece);
        st = await(is, sl_crossing_has_sent, rank, at);
        if (st)
            return st;
        sl_crossing_send_piece(&is->crossing, rank, at, piece);
        st = await(is, sl_crossing_has_piece, rank, at);
        if (!st)
            sl_crossing_add_piece(&is->crossing, rank, at, piece);
    }
    return st ? st : await(is, sl_crossing_has_sent, rank, at);
}

static sluice_status mpi_all_gather(struct sl_collective *collective, int rank,
                                    const struct sl_share *share)
{
    struct mpi_collective *is = of(collective);
    int at;
    sluice_status st = meet(is, rank, share, NULL, &at);
    if (st)
        return st;
    sl_crossing_chunks(&is->crossing, rank, at);
    st = await(is, sl_crossing_has_chunks, rank, at);
    if (!st)
        sl_crossing_end_chunks(&is->crossing, rank);
    return st;
}

static sluice_status mpi_fence(struct sl_collective *collective, int rank,
                               const struct sl_share *share)
{
    int at;
    return meet(of(collective), rank, share, NULL, &at);
}

static sluice_status mpi_add_up(struct sl_collective *collective, int rank,
                                int64_t *virtual_ns, double *sums)
{
    struct mpi_collective *is = of(collective);
    const struct sl_share share = {.virtual_ns = virtual_ns};
    int at;
    sluice_status st = meet(is, rank, &share, sums, &at);
    if (!st)
        sl_crossing_add_sums(&is->crossing, at, sums);
    return st;
}

static bool has_verdict(struct sl_member_mail *crossing, int rank, int at)
{
    (void)rank;
    (void)at;
    return sl_control_verdict(crossing->control) != SL_UNDECIDED;
}

/* The members of this process vote as one, once all of them have come. */
static sluice_status mpi_agree(struct sl_collective *collective, int rank,
                               int64_t *virtual_ns, double *sums)
{
    struct mpi_collective *is = of(collective);
    sluice_status st = SLUICE_OK;
    if (sums)
        st = mpi_add_up(collective, rank, virtual_ns, sums);
    if (!st)
        st = sl_collective_add_up(is->inner, is->crossing.inner_rank[rank],
                                  virtual_ns, NULL);
    if (!st && is_leader(is, rank)) {
        sl_control_vote(is->crossing.control, *virtual_ns);
        st = await(is, has_verdict, rank, 0);
    }
    if (!st)
        st = gather(is, rank);
    /* A close() after COMMIT stops none; after STOP, all. */
    if (!sl_failure_committed(&collective->failure))
        return st ? st : SLUICE_CLOSED;
    *virtual_ns = sl_control_latest_ns(is->crossing.control);
    return SLUICE_OK;
}

static void close_inner(struct mpi_collective *is)
{
    atomic_store(&is->closed, true);
    sl_collective_close(is->inner);
}

static void stop_all(void *context)
{
    struct mpi_collective *is = context;
    close_inner(is);
    if (is->stop)
        is->stop(is->context);
}

static void stopped(void *context, const sluice_diag *why)
{
    struct mpi_collective *is = context;
    sl_failure_latch(&is->collective.failure, why, stop_all, is);
}

static void committed(void *context)
{
    struct mpi_collective *is = context;
    sl_failure_commit(&is->collective.failure);
}

struct sl_control_hooks sl_mpi_collective_hooks(struct sl_collective *base)
{
    return (struct sl_control_hooks){committed, stopped, stop_all, base};
}

/* Between a vote and the verdict it is for process 0 to say whether this
 * counts: it then comes back by stopped(). */
static void mpi_fail(struct sl_collective *collective, const sluice_diag *why)
{
    struct mpi_collective *is = of(collective);
    sluice_diag told = *why;
    if (told.process < 0)
        told.process = is->crossing.rank;
    sl_control_fail(is->crossing.control, &told, stopped, is);
}

static void mpi_close(struct sl_collective *collective)
{
    sl_failure_stop(&collective->failure);
    if (sl_failure_stopped(&collective->failure))
        close_inner(of(collective));
}

static void mpi_open(struct sl_collective *collective)
{
    struct mpi_collective *is = of(collective);
    for (int i = 0; i < collective->n_members; i++)
        is->n_meetings[i] = 0;
    atomic_store(&is->closed, false);
    sl_collective_open(is->inner);
    sl_failure_open(&collective->failure);
}

static void mpi_settle(struct sl_collective *collective)
{
    sl_crossing_settle(&of(collective)->crossing);
}

static void mpi_abandon(struct sl_collective *collective)
{
    struct mpi_collective *is = of(collective);
    sl_collective_abandon(is->inner);
    sl_failure_abandon(&collective->failure);
    is->crossing.abandoned = true;
}

static void free_collective(struct mpi_collective *is)
{
    const sluice_allocator *allocator = is->allocator;
    sl_free(allocator, is->n_meetings, (size_t)is->collective.n_members,
            sizeof *is->n_meetings);
    sl_free(allocator, is, 1, sizeof *is);
}

static void mpi_destroy(struct sl_collective *collective)
{
    struct mpi_collective *is = of(collective);
    sl_crossing_fini(&is->crossing);
    sl_collective_destroy(is->inner);
    sl_failure_fini(&collective->failure);
    free_collective(is);
}

static const struct sl_collective_ops mpi_ops = {
    .name = "mpi",
    .reduce_scatter = mpi_reduce_scatter,
    .all_gather = mpi_all_gather,
    .fence = mpi_fence,
    .add_up = mpi_add_up,
    .agree = mpi_agree,
    .fail = mpi_fail,
    .close = mpi_close,
    .open = mpi_open,
    .settle = mpi_settle,
    .abandon = mpi_abandon,
    .destroy = mpi_destroy,
};

sluice_status
sl_mpi_collective_create(const struct sl_mpi_collective_config *config,
                         struct sl_collective **out)
{
    const struct sl_collective_config *about = &config->collective;
    struct mpi_collective *is = sl_alloc(about->allocator, 1, sizeof *is);
    if (!is)
        return SLUICE_NO_MEMORY;
    is->collective.ops = &mpi_ops;
    is->collective.n_members = about->n_members;
    is->patience = about->patience;
    is->stop = about->stop;
    is->context = about->context;
    is->allocator = about->allocator;
    is->n_meetings = sl_alloc(about->allocator, (size_t)about->n_members,
                              sizeof *is->n_meetings);
    sluice_status st = SLUICE_NO_MEMORY;
    if (!is->n_meetings)
        goto free_collective;
    st = sl_failure_init(&is->collective.failure);
    if (st)
        goto free_collective;
    st = sl_crossing_init(&is->crossing, config);
    if (st)
        goto fini_failure;
    struct sl_collective_config inner = *about;
    inner.n_members = is->crossing.n_inner;
    inner.n_sums = 0;
    inner.n_terms = 0;
    inner.stop = NULL;
    st = sl_collective_create(&inner, &is->inner);
    if (st)
        goto fini_exchange;
    *out = &is->collective;
    return SLUICE_OK;

fini_exchange:
    sl_crossing_fini(&is->crossing);
fini_failure:
    sl_failure_fini(&is->collective.failure);
free_collective:
    free_collective(is);
    return st;
}
