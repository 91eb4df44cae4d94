/*
 * C4: whoever waits in a queue or at a meeting comes home although the system
 * loses signals, each of them, or each tenth, or each hundredth.
 */
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "chan/queue.h"
#include "chan/team.h"

enum { LOSSES = 5, MAX_ITEMS = 100 * LOSSES };

/* The linker sends the library's calls here. */
int __real_pthread_cond_signal(pthread_cond_t *cond);
int __wrap_pthread_cond_signal(pthread_cond_t *cond);

int __wrap_pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mu,
                                  const struct timespec *until);
int __real_pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mu,
                                  const struct timespec *until);

static atomic_int holds;     /* [atomic] a wait does not end by its time */
static atomic_int n_parked;  /* [atomic] waits that have begun */
static atomic_int lose_each; /* [atomic] of the signals, each so-manieth */
static atomic_int n_signals; /* [atomic] */
static atomic_int n_lost;    /* [atomic] */

int __wrap_pthread_cond_signal(pthread_cond_t *cond)
{
    int each = atomic_load(&lose_each);
    if (!each || (atomic_fetch_add(&n_signals, 1) + 1) % each)
        return __real_pthread_cond_signal(cond);
    atomic_fetch_add(&n_lost, 1);
    return 0;
}

int __wrap_pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mu,
                                  const struct timespec *until)
{
    atomic_fetch_add(&n_parked, 1);
    return atomic_load(&holds) ? pthread_cond_wait(cond, mu)
                               : __real_pthread_cond_timedwait(cond, mu, until);
}

static void lose(int each)
{
    atomic_store(&n_signals, 0);
    atomic_store(&n_lost, 0);
    atomic_store(&lose_each, each);
}

/* A way there and a way back, so that both threads have to wait. */
struct ping_pong {
    struct sl_queue there, back;
    int n_wrong;
};

static void *answer(void *argument)
{
    struct ping_pong *game = argument;
    struct sl_item got;
    int64_t room;
    while (!sl_queue_pop(&game->there, 0, &got))
        sl_queue_push(&game->back, got, &room);
    return NULL;
}

static void play_until_signals_were_lost(struct ping_pong *game)
{
    for (int i = 0; i < MAX_ITEMS || atomic_load(&n_lost) < LOSSES; i++) {
        struct sl_item got = {.microbatch = -1};
        int64_t room;
        if (atomic_load(&n_lost) >= LOSSES)
            atomic_store(&lose_each, 0);
        sl_queue_push(&game->there, (struct sl_item){.microbatch = i}, &room);
        game->n_wrong += sl_queue_pop(&game->back, 0, &got) != SLUICE_OK;
        game->n_wrong += got.microbatch != i;
    }
}

START_TEST(a_queue_delivers_although_signals_are_lost)
{
    static const int each[] = {1, 10, 100};
    const struct sl_patience park = {0};
    for (int i = 0; i < 3; i++) {
        static struct ping_pong game;
        pthread_t other;
        game = (struct ping_pong){.n_wrong = 0};
        ck_assert(!sl_queue_init(&game.there, 1, park, NULL));
        ck_assert(!sl_queue_init(&game.back, 1, park, NULL));
        lose(each[i]);
        ck_assert(!pthread_create(&other, NULL, answer, &game));
        play_until_signals_were_lost(&game);
        lose(1); /* the close's too */
        sl_queue_close(&game.there);
        pthread_join(other, NULL);
        lose(0);
        ck_assert_int_eq(game.n_wrong, 0);
        sl_queue_fini(&game.there);
        sl_queue_fini(&game.back);
    }
}
END_TEST

/* Members come one after the other, so that the others wait for the last. */
static void meet_until_signals_were_lost(struct person *person)
{
    for (int i = 0; i < MAX_ITEMS && !person->status; i++) {
        if (atomic_load(&n_lost) >= LOSSES)
            atomic_store(&lose_each, 0);
        if (i % person->team->n == person->rank)
            sched_yield();
        fence(person);
    }
}

START_TEST(a_meeting_takes_place_although_signals_are_lost)
{
    static const int each[] = {1, 10, 100};
    for (int i = 0; i < 3; i++) {
        make(3);
        lose(each[i]);
        play(meet_until_signals_were_lost);
        lose(0);
        for (int rank = 0; rank < 3; rank++) {
            ck_assert_int_eq(team.people[rank].status, SLUICE_OK);
            ck_assert_int_eq(team.people[rank].n_begun, MAX_ITEMS);
        }
        sl_collective_destroy(team.collective);
    }
}
END_TEST

START_TEST(a_failure_ends_the_wait_although_its_signals_are_lost)
{
    lose(1);
    fail_one(fence);
    lose(0);
}
END_TEST

/* The signals that a call gives while somebody waits at the gate; 0 if nobody
 * does. */
static int signals_of_push(struct sl_queue *queue, struct sl_gate *gate)
{
    int64_t room;
    lose(INT_MAX); /* they are counted, and none is lost */
    atomic_store(&gate->waiters, 1);
    ck_assert(!sl_queue_push(queue, (struct sl_item){.microbatch = 1}, &room));
    atomic_store(&gate->waiters, 0);
    return atomic_load(&n_signals);
}

static int signals_of_pop(struct sl_queue *queue, struct sl_gate *gate)
{
    struct sl_item got;
    lose(INT_MAX);
    atomic_store(&gate->waiters, 1);
    ck_assert(!sl_queue_pop(queue, 0, &got));
    atomic_store(&gate->waiters, 0);
    return atomic_load(&n_signals);
}

START_TEST(whoever_waits_at_a_queue_is_signalled_by_the_other_side)
{
    struct sl_queue queue;
    ck_assert(!sl_queue_init(&queue, 1, (struct sl_patience){0}, NULL));
    for (int own = 0; own < 2; own++) {
        struct sl_gate *const sides[] = {&queue.not_empty, &queue.not_full};
        ck_assert_int_eq(signals_of_push(&queue, sides[own]), !own);
        ck_assert_int_eq(signals_of_pop(&queue, sides[own]), own);
        lose(INT_MAX);
        atomic_store(&sides[own]->waiters, 1);
        sl_queue_close(&queue);
        ck_assert_int_eq(atomic_load(&n_signals), 1);
        atomic_store(&sides[own]->waiters, 0);
        sl_queue_reset(&queue);
    }
    lose(0);
    sl_queue_fini(&queue);
}
END_TEST

static void end_by_failure(struct person *person)
{
    sluice_diag why = failure(1);
    sl_collective_fail(person->team->collective, &why);
}

static void end_by_closing(struct person *person)
{
    sl_collective_close(person->team->collective);
}

START_TEST(whoever_waits_at_a_meeting_is_signalled_at_its_end)
{
    static void (*const ends[])(struct person *) = {fence, end_by_failure,
                                                    end_by_closing};
    atomic_store(&holds, 1);
    for (int end = 0; end < 3; end++) {
        make(3);
        atomic_store(&n_parked, 0);
        start(fence, 1);
        while (atomic_load(&n_parked) < 2)
            sched_yield();
        lose(INT_MAX);
        ends[end](&team.people[0]);
        ck_assert_int_eq(atomic_load(&n_signals), 2);
        join(1);
        sl_collective_destroy(team.collective);
    }
    atomic_store(&holds, 0);
    lose(0);
}
END_TEST

SLUICE_TEST_MAIN("chan.lost_signals",
                 a_queue_delivers_although_signals_are_lost,
                 a_meeting_takes_place_although_signals_are_lost,
                 a_failure_ends_the_wait_although_its_signals_are_lost,
                 whoever_waits_at_a_queue_is_signalled_by_the_other_side,
                 whoever_waits_at_a_meeting_is_signalled_at_its_end)
