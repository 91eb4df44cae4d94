/*
 * C4: whoever waits in a queue or at a meeting comes home although the system
 * loses signals, each of them, or each tenth, or each hundredth.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "chan/queue.h"
#include "chan/team.h"

enum { LOSSES = 5, MAX_ITEMS = 100 * LOSSES };

/* The linker sends the library's calls here. */
int __real_pthread_cond_signal(pthread_cond_t *cond);
int __wrap_pthread_cond_signal(pthread_cond_t *cond);

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

SLUICE_TEST_MAIN("chan.lost_signals",
                 a_queue_delivers_although_signals_are_lost,
                 a_meeting_takes_place_although_signals_are_lost,
                 a_failure_ends_the_wait_although_its_signals_are_lost)
