/*
 * A team of threads that are the members of a collective.  Each plays its part
 * and records what it got; the test thread judges.
 */
#ifndef SL_TEST_CHAN_TEAM_H
#define SL_TEST_CHAN_TEAM_H

#include <pthread.h>

#include "base/memory.h"
#include "chan/collective.h"
#include "support/guarded.h"
#include "support/runner.h"

/* N: each member of three adds up its chunk in more than one piece.  N_SUMS:
 * they fill whole lines. */
enum { MOST = 5, N = 5000, N_SUMS = 8, N_ROUNDS = 200 };

struct team;

/* A member is a thread; it records, and the test judges. */
struct person {
    struct team *team;
    int rank;
    pthread_t thread;
    sluice_status status;
    int64_t virtual_ns;
    int n_begun;
    int n_wrong;
    double sums[N_SUMS];
    _Alignas(SL_ALIGN) float x[N];
};

struct team {
    struct sl_collective *collective;
    int n;
    void (*part)(struct person *person);
    int n_stops;
    struct person people[MOST];
};

static struct team team;

static inline void count_stop(void *context)
{
    ((struct team *)context)->n_stops++;
}

static inline void make(int n)
{
    team = (struct team){.n = n};
    const struct sl_collective_config config = {
        .n_members = n,
        .n_sums = N_SUMS,
        .stop = count_stop,
        .context = &team,
        .allocator = &guarded,
    };
    ck_assert_int_eq(sl_collective_create(&config, &team.collective),
                     SLUICE_OK);
    sl_collective_open(team.collective);
    for (int i = 0; i < n; i++)
        team.people[i] = (struct person){.team = &team, .rank = i};
}

static inline void *live(void *argument)
{
    struct person *person = argument;
    person->team->part(person);
    return NULL;
}

/* Let the members play their part, those from `first` on. */
static inline void start(void (*part)(struct person *person), int first)
{
    team.part = part;
    for (int i = first; i < team.n; i++)
        ck_assert_int_eq(
            pthread_create(&team.people[i].thread, NULL, live, &team.people[i]),
            0);
}

static inline void join(int first)
{
    for (int i = first; i < team.n; i++)
        pthread_join(team.people[i].thread, NULL);
}

static inline void play(void (*part)(struct person *person))
{
    start(part, 0);
    join(0);
}

static inline void note_begin(void *context)
{
    ((struct person *)context)->n_begun++;
}

static inline struct sl_share share_of(struct person *person)
{
    return (struct sl_share){
        .x = person->x,
        .n = N,
        .virtual_ns = &person->virtual_ns,
        .begin = note_begin,
        .context = person,
    };
}

static inline void reduce_scatter(struct person *person)
{
    struct sl_share share = share_of(person);
    person->status = sl_collective_reduce_scatter(person->team->collective,
                                                  person->rank, &share);
}

static inline void all_gather(struct person *person)
{
    struct sl_share share = share_of(person);
    person->status = sl_collective_all_gather(person->team->collective,
                                              person->rank, &share);
}

static inline void fence(struct person *person)
{
    struct sl_share share = share_of(person);
    person->status =
        sl_collective_fence(person->team->collective, person->rank, &share);
}

static inline void agree(struct person *person)
{
    person->status = sl_collective_agree(person->team->collective, person->rank,
                                         &person->virtual_ns, person->sums);
}

static inline void add_up(struct person *person)
{
    person->status =
        sl_collective_add_up(person->team->collective, person->rank,
                             &person->virtual_ns, person->sums);
}

static inline void sum(struct person *person)
{
    reduce_scatter(person);
    if (!person->status)
        all_gather(person);
}

static inline sluice_diag failure(int stage)
{
    sluice_diag why;
    sluice_diag_set(&why, SLUICE_INVALID, "stage %d failed", stage);
    why.stage = stage;
    return why;
}

/* Member 0 fails; the others are on their way to a meeting, or wait there. */
static inline void fail_one(void (*part)(struct person *person))
{
    sluice_diag first = failure(3), second = failure(4), told;
    make(3);
    start(part, 1);
    sl_collective_fail(team.collective, &first);
    sl_collective_fail(team.collective, &second);
    join(1);
    for (int i = 1; i < 3; i++)
        ck_assert_int_eq(team.people[i].status, SLUICE_CLOSED);
    ck_assert(sl_collective_stopped(team.collective));
    ck_assert_int_eq(team.n_stops, 1);
    ck_assert_int_eq(sl_collective_conclude(team.collective, &told),
                     SLUICE_INVALID);
    ck_assert_int_eq(told.stage, 3);
    ck_assert_str_eq(told.text, "stage 3 failed");
    sl_collective_destroy(team.collective);
}

#endif
