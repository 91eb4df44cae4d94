/* The post; under the lock of the control. */
#include "chan/mpi/post.h"

#include <assert.h>

#include "base/clock.h"
#include "base/memory.h"

enum {
    TAG = 0,
    N_OUT = 4,  /* letters to one process that are still leaving */
    N_KEPT = 4, /* of one sender: it can vote, fail and be done before an epoch
                   begins here, and no more */
};

enum { LEAVING_NS = 100 * 1000 * 1000 };

struct out {
    struct sl_letter letter;
    struct sl_transfer transfer;
};

struct sl_post {
    const sluice_allocator *allocator; /* const after create */
    struct sl_wire *wire;              /* const after create */
    struct sl_lifeline *lifeline;      /* const after create */
    size_t n_outs;                     /* const after create */
    struct out *outs;                  /* [n_ranks][N_OUT] */
    size_t most_kept;                  /* const after create */
    size_t n_kept;
    struct sl_letter *kept; /* [most_kept] as they came */
    struct sl_letter in;
    struct sl_transfer receive;
};

static void receive_next(struct sl_post *post)
{
    sl_wire_receive(post->wire, SL_LANE_CONTROL, SL_ANY_RANK, TAG, &post->in,
                    sizeof post->in, &post->receive);
}

static void free_post(struct sl_post *post)
{
    sl_free(post->allocator, post->kept, post->most_kept, sizeof *post->kept);
    sl_free(post->allocator, post->outs, post->n_outs, sizeof *post->outs);
    sl_free(post->allocator, post, 1, sizeof *post);
}

sluice_status sl_post_create(struct sl_wire *wire, struct sl_lifeline *lifeline,
                             const sluice_allocator *allocator,
                             struct sl_post **out)
{
    struct sl_post *post = sl_alloc(allocator, 1, sizeof *post);
    if (!post)
        return SLUICE_NO_MEMORY;
    post->allocator = allocator;
    post->wire = wire;
    post->lifeline = lifeline;
    post->n_outs = (size_t)sl_wire_n_ranks(wire) * N_OUT;
    post->outs = sl_alloc(allocator, post->n_outs, sizeof *post->outs);
    post->most_kept = (size_t)sl_wire_n_ranks(wire) * N_KEPT;
    post->kept = sl_alloc(allocator, post->most_kept, sizeof *post->kept);
    if (!post->outs || !post->kept) {
        free_post(post);
        return SLUICE_NO_MEMORY;
    }
    receive_next(post);
    *out = post;
    return SLUICE_OK;
}

/* Whether all letters have left.  Those to a process that has ended never do,
 * and MPI may read them at any time. */
static bool all_have_left(struct sl_post *post)
{
    int64_t end = sl_now_ns() + LEAVING_NS;
    bool all;
    do {
        all = true;
        for (size_t i = 0; i < post->n_outs; i++)
            all = sl_wire_done(post->wire, &post->outs[i].transfer) && all;
    } while (!all && !sl_wire_is_broken(post->wire) && sl_now_ns() < end);
    return all;
}

void sl_post_destroy(struct sl_post *post)
{
    sl_wire_cancel(post->wire, &post->receive);
    if (!all_have_left(post))
        post->outs = NULL;
    free_post(post);
}

/* NULL: there is none, and there may never be one. */
static struct out *free_out(struct sl_post *post, int to)
{
    sluice_diag why;
    while (!sl_wire_is_broken(post->wire)) {
        for (int i = 0; i < N_OUT; i++) {
            struct out *out = &post->outs[to * N_OUT + i];
            if (sl_wire_done(post->wire, &out->transfer))
                return out;
        }
        if (sl_lifeline_look(post->lifeline, &why))
            return NULL;
    }
    return NULL;
}

void sl_post_send(struct sl_post *post, int to, const struct sl_letter *letter)
{
    struct out *out = free_out(post, to);
    if (!out)
        return;
    out->letter = *letter;
    sl_wire_send(post->wire, SL_LANE_CONTROL, to, TAG, &out->letter,
                 sizeof out->letter, &out->transfer);
}

/* The first kept letter that is not to be kept any longer. */
static bool take_kept(struct sl_post *post,
                      bool (*keeps)(void *context,
                                    const struct sl_letter *letter),
                      void *context, struct sl_letter *letter)
{
    size_t i = 0;
    while (i < post->n_kept && keeps(context, &post->kept[i]))
        i++;
    if (i == post->n_kept)
        return false;
    *letter = post->kept[i];
    post->n_kept--;
    for (; i < post->n_kept; i++)
        post->kept[i] = post->kept[i + 1];
    return true;
}

bool sl_post_receive(struct sl_post *post,
                     bool (*keeps)(void *context,
                                   const struct sl_letter *letter),
                     void *context, struct sl_letter *letter)
{
    if (take_kept(post, keeps, context, letter))
        return true;
    while (sl_wire_done(post->wire, &post->receive)) {
        *letter = post->in;
        receive_next(post);
        if (!keeps(context, letter))
            return true;
        assert(post->n_kept < post->most_kept);
        post->kept[post->n_kept++] = *letter;
    }
    return false;
}
