/* Control; any thread.  The protocol stands in control.h. */
#include "chan/mpi/control.h"

#include "base/memory.h"
#include "chan/mpi/losses/loss.h"

bool sl_control_is_lost(const struct sl_control *control)
{
    return atomic_load(&control->lost);
}

sluice_status sl_control_create(struct sl_wire *wire,
                                const sluice_allocator *allocator,
                                struct sl_control **out)
{
    struct sl_control *control = sl_alloc(allocator, 1, sizeof *control);
    if (!control)
        return SLUICE_NO_MEMORY;
    control->allocator = allocator;
    control->wire = wire;
    control->rank = sl_wire_rank(wire);
    control->n_ranks = sl_wire_n_ranks(wire);
    control->peers =
        sl_alloc(allocator, (size_t)control->n_ranks, sizeof *control->peers);
    sluice_status st = SLUICE_NO_MEMORY;
    if (!control->peers)
        goto free_control;
    st = sl_lifeline_create(control->n_ranks, allocator, &control->lifeline);
    if (st)
        goto free_peers;
    st = sl_post_create(wire, control->lifeline, allocator, &control->post);
    if (st)
        goto destroy_lifeline;
    st = SLUICE_SYSTEM;
    if (pthread_mutex_init(&control->mu, NULL))
        goto destroy_post;
    *out = control;
    return SLUICE_OK;

destroy_post:
    sl_post_destroy(control->post);
destroy_lifeline:
    sl_lifeline_destroy(control->lifeline);
free_peers:
    sl_free(allocator, control->peers, (size_t)control->n_ranks,
            sizeof *control->peers);
free_control:
    sl_free(allocator, control, 1, sizeof *control);
    return st;
}

void sl_control_introduce(struct sl_control *control)
{
    sl_lifeline_introduce(control->lifeline, control->wire);
}

void sl_control_destroy(struct sl_control *control)
{
    if (!control)
        return;
    sl_post_destroy(control->post);
    pthread_mutex_destroy(&control->mu);
    sl_lifeline_destroy(control->lifeline);
    sl_free(control->allocator, control->peers, (size_t)control->n_ranks,
            sizeof *control->peers);
    sl_free(control->allocator, control, 1, sizeof *control);
}

void sl_control_abandon(struct sl_control *control)
{
    control->mu = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
}

/* Say something to process 0, which may be this one. */
static void tell_locked(struct sl_control *control,
                        const struct sl_letter *letter)
{
    if (control->rank == SL_COORDINATOR)
        sl_coordinate_locked(control, letter);
    else
        sl_post_send(control->post, SL_COORDINATOR, letter);
}

/* A process that has left is needed in the epoch that runs.  Process 0 decides
 * what becomes of that, unless it is the one. */
static void miss_locked(struct sl_control *control, int i)
{
    const struct peer *peer = &control->peers[i];
    if (i != SL_COORDINATOR && control->rank != SL_COORDINATOR)
        return;
    if (!control->running || peer->n_left == 0 ||
        peer->left_epoch == control->epoch || sl_control_is_lost(control))
        return;
    sluice_diag_set(&control->loss, SLUICE_CLOSED,
                    "process %d has left: it has ended its pipeline, without "
                    "which process %d cannot go on",
                    i, control->rank);
    control->loss.process = i;
    atomic_store(&control->missing, true);
    atomic_store(&control->leaderless, i == SL_COORDINATOR);
    if (control->rank == SL_COORDINATOR)
        sl_announce_locked(control);
    else
        sl_control_stop_locked(control);
}

static void take_locked(struct sl_control *control,
                        const struct sl_letter *letter)
{
    struct peer *from = &control->peers[letter->from];
    if (letter->kind == SL_LOST) {
        sl_lose_locked(control, &letter->why);
    } else if (letter->kind == SL_LEAVE) {
        from->n_left++; /* it may leave twice before this process sees it */
        from->left_epoch = letter->epoch;
        from->given = letter->given;
        miss_locked(control, letter->from);
    } else if (letter->epoch == control->epoch && control->running) {
        if (letter->kind < SL_COMMIT)
            sl_coordinate_locked(control, letter);
        else
            sl_control_obey_locked(control, letter);
    } /* else it is a word about an epoch that is over */
}

/* A letter about an epoch that is still to begin here. */
static bool is_early(void *context, const struct sl_letter *letter)
{
    const struct sl_control *control = context;
    bool has_epoch = letter->kind != SL_LEAVE && letter->kind != SL_LOST;
    bool takes_part =
        !control->leaving || control->peers[letter->from].n_left > 0;
    return has_epoch && takes_part &&
           (int32_t)(letter->epoch - control->epoch) > 0;
}

static void look_locked(struct sl_control *control)
{
    struct sl_letter letter;
    while (sl_post_receive(control->post, is_early, control, &letter))
        take_locked(control, &letter);
}

void sl_control_look(void *context)
{
    struct sl_control *control = context;
    if (pthread_mutex_trylock(&control->mu))
        return; /* another thread looks */
    look_locked(control);
    sl_loss_look_locked(control);
    pthread_mutex_unlock(&control->mu);
}

void sl_control_begin(struct sl_control *control,
                      const struct sl_control_hooks *hooks)
{
    pthread_mutex_lock(&control->mu);
    control->epoch++;
    control->hooks = hooks ? *hooks : (struct sl_control_hooks){0};
    control->running = true;
    control->voted = control->told = control->failed = false;
    control->n_votes = control->n_done = control->n_missing = 0;
    atomic_store(&control->verdict, SL_UNDECIDED);
    atomic_store(&control->ended, false);
    look_locked(control);
    for (int i = 0; i < control->n_ranks; i++)
        miss_locked(control, i);
    if (sl_control_is_lost(control))
        sl_control_stop_locked(control);
    pthread_mutex_unlock(&control->mu);
}

void sl_control_fail(struct sl_control *control, const sluice_diag *why,
                     void (*stop)(void *context, const sluice_diag *why),
                     void *context)
{
    pthread_mutex_lock(&control->mu);
    /* What stops devices is no failure of an epoch that has none, or others. */
    bool tells =
        control->running &&
        (!stop || (control->hooks.stop && control->hooks.context == context));
    bool counts = !tells || (!control->voted &&
                             atomic_load(&control->verdict) == SL_UNDECIDED);
    /* Once: the first one decides, and there is room for no more. */
    if (tells && !control->told && !sl_control_is_lost(control)) {
        struct sl_letter letter = sl_control_letter(control, SL_FAIL);
        letter.why = *why;
        control->told = true;
        tell_locked(control, &letter);
    }
    if (counts && stop)
        stop(context, why);
    pthread_mutex_unlock(&control->mu);
}

void sl_control_vote(struct sl_control *control, int64_t virtual_ns)
{
    pthread_mutex_lock(&control->mu);
    struct sl_letter letter = sl_control_letter(control, SL_VOTE);
    letter.virtual_ns = virtual_ns;
    control->voted = true;
    tell_locked(control, &letter);
    pthread_mutex_unlock(&control->mu);
}

enum sl_verdict sl_control_verdict(const struct sl_control *control)
{
    return (enum sl_verdict)atomic_load(&control->verdict);
}

int64_t sl_control_latest_ns(const struct sl_control *control)
{
    return atomic_load(&control->latest_ns);
}

/* Nothing ends the epoch any more. */
static bool has_no_end(const struct sl_control *control)
{
    return sl_control_is_lost(control) || atomic_load(&control->leaderless);
}

static bool has_ended(void *state)
{
    const struct sl_control *control = state;
    return atomic_load(&control->ended) || has_no_end(control);
}

static const struct sl_patience impatient = {.spin_ns = 50 * 1000};

sluice_status sl_control_finish(struct sl_control *control, sluice_diag *why)
{
    pthread_mutex_lock(&control->mu);
    struct sl_letter letter = sl_control_letter(control, SL_DONE);
    if (!has_no_end(control))
        tell_locked(control, &letter);
    pthread_mutex_unlock(&control->mu);
    sl_control_wait(control, impatient, has_ended, control);
    pthread_mutex_lock(&control->mu);
    control->running = false;
    const sluice_diag *is = NULL;
    if (control->failed)
        is = &control->first;
    else if (!atomic_load(&control->ended))
        is = &control->loss;
    sluice_status st = is ? is->status : SLUICE_OK;
    if (is && why)
        *why = *is;
    pthread_mutex_unlock(&control->mu);
    return st;
}

static bool all_left(void *state)
{
    struct sl_control *control = state;
    bool all = true;
    pthread_mutex_lock(&control->mu);
    for (int i = 0; i < control->n_ranks; i++)
        all = all && (i == control->rank || control->peers[i].n_left > 0);
    pthread_mutex_unlock(&control->mu);
    return all || sl_control_is_lost(control);
}

static int most(int a, int b)
{
    return a > b ? a : b;
}

void sl_control_leave(struct sl_control *control, struct sl_given_out *given)
{
    pthread_mutex_lock(&control->mu);
    struct sl_letter letter = sl_control_letter(control, SL_LEAVE);
    letter.given = *given;
    control->leaving = true;
    for (int to = 0; to < control->n_ranks; to++)
        if (to != control->rank && !sl_control_is_lost(control))
            sl_post_send(control->post, to, &letter);
    pthread_mutex_unlock(&control->mu);
    sl_control_wait(control, impatient, all_left, control);
    pthread_mutex_lock(&control->mu);
    for (int i = 0; i < control->n_ranks; i++) {
        struct peer *peer = &control->peers[i];
        /* One may have begun an epoch more, to find that another had left. */
        if (peer->n_left > 0 &&
            (int32_t)(peer->left_epoch - control->epoch) > 0)
            control->epoch = peer->left_epoch;
        if (peer->n_left == 0)
            continue; /* it is lost, or this process itself */
        peer->n_left--;
        given->n_tags = most(given->n_tags, peer->given.n_tags);
        given->n_couriers = most(given->n_couriers, peer->given.n_couriers);
    }
    control->leaving = false;
    atomic_store(&control->missing, false);
    atomic_store(&control->leaderless, false);
    pthread_mutex_unlock(&control->mu);
}

bool sl_control_is_over(const struct sl_control *control)
{
    return sl_control_is_lost(control) || atomic_load(&control->missing);
}

sluice_status sl_control_loss(struct sl_control *control, sluice_diag *why)
{
    pthread_mutex_lock(&control->mu);
    sluice_status st = control->loss.status;
    if (why)
        *why = control->loss;
    pthread_mutex_unlock(&control->mu);
    return st;
}
