/* Collectives of threads: what they do with arrays, one claim at a time. */
#include "chan/collective.h"

#include <stdlib.h>

#include "chan/team.h"
#include "support/lock_watch.h"

/* Terms whose sum depends on the order in which they are added. */
static float term(int rank, int i, int round)
{
    static const float large[MOST] = {1e8f, 1.0f, -1e8f, 3e7f, 0.1f};
    return large[(rank + round) % MOST] + (float)i;
}

static float sum_of_terms(int n, int i, int round)
{
    float total = term(0, i, round);
    for (int rank = 1; rank < n; rank++)
        total += term(rank, i, round);
    return total;
}

static void fill(struct person *person, int round)
{
    for (int i = 0; i < N; i++)
        person->x[i] = term(person->rank, i, round);
}

START_TEST(every_member_gets_the_sum_in_the_order_of_the_ranks)
{
    for (int n = 1; n <= MOST; n++) {
        make(n);
        for (int i = 0; i < n; i++)
            fill(&team.people[i], 0);
        play(sum);
        for (int rank = 0; rank < n; rank++) {
            ck_assert_int_eq(team.people[rank].status, SLUICE_OK);
            ck_assert_int_eq(team.people[rank].n_begun, 2);
            for (int i = 0; i < N; i++)
                ck_assert(team.people[rank].x[i] == sum_of_terms(n, i, 0));
        }
        sl_collective_destroy(team.collective);
    }
}
END_TEST

START_TEST(a_reduce_scatter_changes_nothing_outside_its_own_chunk)
{
    make(3);
    for (int i = 0; i < 3; i++)
        fill(&team.people[i], 0);
    play(reduce_scatter);
    for (int rank = 0; rank < 3; rank++) {
        struct sl_chunk c = sl_chunk_of(N, 3, rank);
        for (int i = 0; i < N; i++) {
            bool own = i >= c.first && i < c.first + c.n;
            ck_assert(team.people[rank].x[i] ==
                      (own ? sum_of_terms(3, i, 0) : term(rank, i, 0)));
        }
    }
    sl_collective_destroy(team.collective);
}
END_TEST

/* Five terms of three members: the first and the fourth are member 1's. */
static const int owners[] = {1, 0, 2, 1, 2};
enum { N_TERMS = sizeof owners / sizeof *owners };
static float terms[N_TERMS][N];

static void sum_terms(struct person *person)
{
    const float *mine[N_TERMS] = {NULL};
    struct sl_share share = share_of(person);
    share.x = NULL;
    for (int k = 0; k < N_TERMS; k++)
        if (owners[k] == person->rank) {
            mine[k] = terms[k];
            share.x = share.x ? share.x : terms[k];
        }
    share.terms = mine;
    person->status = sl_collective_reduce_scatter(person->team->collective,
                                                  person->rank, &share);
    if (!person->status)
        person->status = sl_collective_all_gather(person->team->collective,
                                                  person->rank, &share);
}

START_TEST(terms_are_added_in_their_order_whoever_has_them)
{
    const struct sl_collective_config config = {.n_members = 3,
                                                .n_terms = N_TERMS};
    make(3);
    sl_collective_destroy(team.collective);
    ck_assert(!sl_collective_create(&config, &team.collective));
    sl_collective_open(team.collective);
    for (int k = 0; k < N_TERMS; k++)
        for (int i = 0; i < N; i++)
            terms[k][i] = term(k, i, 0);
    play(sum_terms);
    for (int rank = 0; rank < 3; rank++)
        ck_assert_int_eq(team.people[rank].status, SLUICE_OK);
    for (int i = 0; i < N; i++) {
        ck_assert(terms[0][i] == sum_of_terms(N_TERMS, i, 0));
        ck_assert(terms[1][i] == sum_of_terms(N_TERMS, i, 0));
        ck_assert(terms[2][i] == sum_of_terms(N_TERMS, i, 0));
        ck_assert(terms[3][i] == term(3, i, 0));
    }
    sl_collective_destroy(team.collective);
}
END_TEST

START_TEST(chunks_share_an_array_without_gap_on_whole_lines)
{
    for (int64_t n = 0; n <= 200; n++)
        for (int n_members = 1; n_members <= 9; n_members++) {
            int64_t at = 0;
            for (int rank = 0; rank < n_members; rank++) {
                struct sl_chunk c = sl_chunk_of(n, n_members, rank);
                ck_assert_int_eq(c.first, at);
                ck_assert_int_eq(c.first * 4 % SL_ALIGN, 0);
                ck_assert_int_ge(c.n, 0);
                at += c.n;
            }
            ck_assert_int_eq(at, n);
        }
}
END_TEST

/* New terms as soon as the fence has been passed. */
static void sum_again_and_again(struct person *person)
{
    for (int round = 0; round < N_ROUNDS && !person->status; round++) {
        fill(person, round);
        sum(person);
        for (int i = 0; i < N && !person->status; i++)
            person->n_wrong +=
                person->x[i] != sum_of_terms(person->team->n, i, round);
        if (!person->status)
            fence(person);
    }
}

START_TEST(behind_a_fence_an_array_may_be_written_again)
{
    make(4);
    play(sum_again_and_again);
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(team.people[i].status, SLUICE_OK);
        ck_assert_int_eq(team.people[i].n_wrong, 0);
        ck_assert_int_eq(team.people[i].n_begun, 3 * N_ROUNDS);
    }
    sl_collective_destroy(team.collective);
}
END_TEST

START_TEST(all_leave_at_the_latest_virtual_time)
{
    static void (*const parts[])(struct person *) = {reduce_scatter, all_gather,
                                                     fence, add_up, agree};
    make(3);
    for (int p = 0; p < 5; p++) {
        for (int i = 0; i < 3; i++)
            team.people[i].virtual_ns = 100 * p + 10 * ((i + p) % 3);
        play(parts[p]);
        for (int i = 0; i < 3; i++)
            ck_assert_int_eq(team.people[i].virtual_ns, 100 * p + 20);
    }
    sl_collective_destroy(team.collective);
}
END_TEST

START_TEST(a_failure_ends_the_wait_in_a_sum)
{
    fail_one(reduce_scatter);
    fail_one(sum_again_and_again);
    for (int i = 1; i < 3; i++)
        ck_assert_int_eq(team.people[i].n_begun, 0);
}
END_TEST

START_TEST(opened_again_after_a_failure_it_works_as_new)
{
    sluice_diag why = failure(1), told;
    make(3);
    start(sum, 1); /* two of three have met */
    sl_collective_fail(team.collective, &why);
    join(1);
    sl_collective_open(team.collective);
    for (int i = 0; i < 3; i++) {
        team.people[i].status = SLUICE_OK;
        fill(&team.people[i], 0);
    }
    play(sum);
    for (int i = 0; i < N; i++)
        ck_assert(team.people[2].x[i] == sum_of_terms(3, i, 0));
    play(agree);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(team.people[i].status, SLUICE_OK);
    ck_assert_int_eq(sl_collective_conclude(team.collective, &told), SLUICE_OK);
    sl_collective_destroy(team.collective);
}
END_TEST

/* In the child of fork() whoever held the lock is gone. */
START_TEST(an_abandoned_collective_has_a_free_lock_and_can_be_ended)
{
    if (!lock_watch_works())
        return;
    make(3);
    pthread_mutex_lock(&team.collective->failure.mu);
    sl_collective_abandon(team.collective);
    ck_assert_int_eq(pthread_mutex_trylock(&team.collective->failure.mu), 0);
    pthread_mutex_unlock(&team.collective->failure.mu);
    sl_collective_destroy(team.collective);
}
END_TEST

static int n_left;   /* allocations that succeed */
static int n_blocks; /* allocated and not freed */

static void *count_down(void *context, size_t bytes, size_t align)
{
    (void)context;
    if (n_left-- == 0)
        return NULL;
    n_blocks++;
    return aligned_alloc(align, (bytes + align - 1) / align * align);
}

static void count_free(void *context, void *block, size_t bytes)
{
    (void)context;
    (void)bytes;
    n_blocks--;
    free(block);
}

START_TEST(without_memory_nothing_is_made_and_nothing_leaks)
{
    sluice_allocator scarce = {.allocate = count_down, .release = count_free};
    const struct sl_collective_config config = {
        .n_members = 3,
        .n_sums = 2,
        .allocator = &scarce,
    };
    struct sl_collective *collective = NULL;
    sluice_status st = SLUICE_NO_MEMORY;
    int n = 0;
    for (; st && n < 10; n++) {
        n_left = n;
        ck_assert_int_eq(st, SLUICE_NO_MEMORY);
        ck_assert_ptr_null(collective);
        ck_assert_int_eq(n_blocks, 0);
        st = sl_collective_create(&config, &collective);
    }
    ck_assert_int_eq(st, SLUICE_OK);
    ck_assert_ptr_nonnull(collective);
    ck_assert_int_gt(n, 1);
    sl_collective_destroy(collective);
    ck_assert_int_eq(n_blocks, 0);
}
END_TEST

SLUICE_TEST_MAIN("chan.collective",
                 every_member_gets_the_sum_in_the_order_of_the_ranks,
                 terms_are_added_in_their_order_whoever_has_them,
                 a_reduce_scatter_changes_nothing_outside_its_own_chunk,
                 chunks_share_an_array_without_gap_on_whole_lines,
                 behind_a_fence_an_array_may_be_written_again,
                 all_leave_at_the_latest_virtual_time,
                 a_failure_ends_the_wait_in_a_sum,
                 opened_again_after_a_failure_it_works_as_new,
                 an_abandoned_collective_has_a_free_lock_and_can_be_ended,
                 without_memory_nothing_is_made_and_nothing_leaks)
