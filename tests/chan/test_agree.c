/* Agreement: all members of a collective commit, or none does. */
#include "chan/collective.h"

#include <stdatomic.h>
#include <string.h>

#include "chan/team.h"
#include "support/lock_watch.h"

START_TEST(what_the_members_agree_on_is_added_in_the_order_of_the_ranks)
{
    static const double terms[3] = {1e17, 1.0, -1e17};
    make(3);
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < N_SUMS; k++)
            team.people[i].sums[k] = terms[i] * (k + 1);
    play(agree);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(team.people[i].status, SLUICE_OK);
        for (int k = 0; k < N_SUMS; k++) {
            double total = terms[0] * (k + 1);
            total += terms[1] * (k + 1);
            total += terms[2] * (k + 1);
            ck_assert(team.people[i].sums[k] == total);
        }
    }
    sl_collective_destroy(team.collective);
}
END_TEST

/* Sums come before the commit, again and again, and leave it open. */
static void add_up_twice_then_agree(struct person *person)
{
    for (int round = 0; round < 2 && !person->status; round++)
        add_up(person);
    if (!person->status)
        person->status = sl_collective_agree(
            person->team->collective, person->rank, &person->virtual_ns, NULL);
}

START_TEST(sums_without_a_commit_can_be_followed_by_a_failure)
{
    make(3);
    for (int i = 0; i < 3; i++)
        team.people[i].sums[1] = i + 1;
    play(add_up_twice_then_agree);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(team.people[i].status, SLUICE_OK);
        ck_assert(team.people[i].sums[1] == 18);
    }
    sl_collective_destroy(team.collective);
    sluice_diag why = failure(2), told;
    make(3);
    play(add_up);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(team.people[i].status, SLUICE_OK);
    sl_collective_fail(team.collective, &why);
    play(add_up);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(team.people[i].status, SLUICE_CLOSED);
    ck_assert_int_eq(sl_collective_conclude(team.collective, &told),
                     SLUICE_INVALID);
    sl_collective_destroy(team.collective);
}
END_TEST

static double tensor(int k)
{
    return 1.0 / (3 + k * k);
}

/* As a global norm does it: a term for each parameter of the model, which one
 * member has, added up by each member in the order of the model. */
START_TEST(a_sum_over_the_model_has_the_same_bits_for_every_cut)
{
    double expected = 0;
    for (int k = 0; k < N_SUMS; k++)
        expected += tensor(k);
    for (int n = 1; n <= MOST; n++) {
        make(n);
        for (int k = 0; k < N_SUMS; k++)
            team.people[k * n / N_SUMS].sums[k] = tensor(k);
        play(agree);
        for (int i = 0; i < n; i++) {
            double total = 0;
            for (int k = 0; k < N_SUMS; k++)
                total += team.people[i].sums[k];
            ck_assert(total == expected);
        }
        sl_collective_destroy(team.collective);
    }
}
END_TEST

START_TEST(if_one_member_fails_none_commits_and_all_learn_the_first_failure)
{
    fail_one(agree);
    fail_one(add_up);
}
END_TEST

START_TEST(a_failure_leaves_the_sums_of_its_members_alone)
{
    sluice_diag why = failure(1);
    make(3);
    for (int i = 0; i < 3; i++)
        team.people[i].sums[0] = 1;
    start(add_up, 1);
    sl_collective_fail(team.collective, &why);
    join(1);
    for (int i = 0; i < 3; i++)
        ck_assert(team.people[i].sums[0] == 1);
    sl_collective_destroy(team.collective);
}
END_TEST

/* All sum; then member 0 fails, and the others come to the next meeting. */
static void sum_then_gather(struct person *person)
{
    sluice_diag why = failure(7);
    sum(person);
    if (person->status || person->rank > 0)
        all_gather(person);
    else
        sl_collective_fail(person->team->collective, &why);
}

START_TEST(a_failure_between_two_meetings_ends_the_second_one)
{
    sluice_diag told;
    make(4);
    play(sum_then_gather);
    for (int i = 1; i < 4; i++)
        ck_assert_int_eq(team.people[i].status, SLUICE_CLOSED);
    sl_collective_conclude(team.collective, &told);
    ck_assert_int_eq(told.stage, 7);
    sl_collective_destroy(team.collective);
}
END_TEST

static void agree_then_fail(struct person *person)
{
    sluice_diag why = failure(person->rank);
    agree(person);
    sl_collective_fail(person->team->collective, &why);
    sl_collective_close(person->team->collective);
}

START_TEST(after_all_have_committed_nothing_fails)
{
    sluice_diag told;
    make(MOST);
    play(agree_then_fail);
    for (int i = 0; i < MOST; i++)
        ck_assert_int_eq(team.people[i].status, SLUICE_OK);
    ck_assert(!sl_collective_stopped(team.collective));
    ck_assert_int_eq(team.n_stops, 0);
    ck_assert_int_eq(sl_collective_conclude(team.collective, &told), SLUICE_OK);
    sl_collective_destroy(team.collective);
}
END_TEST

/* Member 0 comes last; the others have voted, and it waits until they have. */
static atomic_int n_votes, n_undecided;

static void vote(struct person *person)
{
    struct sl_collective *collective = person->team->collective;
    if (person->rank == 0)
        while (atomic_load(&n_undecided) < person->team->n - 1)
            ;
    person->virtual_ns = 10 * person->rank;
    if (!sl_collective_vote(collective, person->rank, person->virtual_ns))
        return;
    atomic_fetch_add(&n_votes, 1);
    if (person->rank > 0)
        atomic_fetch_add(&n_undecided,
                         !sl_collective_decided(collective, person->rank));
    else
        person->n_wrong = !sl_collective_decided(collective, 0);
}

static void vote_then_agree(struct person *person)
{
    vote(person);
    person->virtual_ns += person->rank == 2 ? 1000 : 0;
    person->status = sl_collective_agree(person->team->collective, person->rank,
                                         &person->virtual_ns, NULL);
}

START_TEST(a_vote_does_not_wait_and_the_last_one_decides)
{
    atomic_store(&n_votes, 0);
    atomic_store(&n_undecided, 0);
    make(3);
    play(vote_then_agree);
    ck_assert_int_eq(atomic_load(&n_votes), 3);
    ck_assert_int_eq(team.people[0].n_wrong, 0);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(team.people[i].status, SLUICE_OK);
        /* The latest vote is member 2's, which has worked since. */
        ck_assert_int_eq(team.people[i].virtual_ns, i == 2 ? 1020 : 20);
        team.people[i].sums[0] = 1;
    }
    play(agree); /* a meeting of its own, at which nobody has voted */
    for (int i = 0; i < 3; i++)
        ck_assert(team.people[i].sums[0] == 3);
    sl_collective_destroy(team.collective);
}
END_TEST

static void vote_or_fail(struct person *person)
{
    sluice_diag why = failure(5);
    if (person->rank > 0) {
        vote_then_agree(person);
        return;
    }
    while (atomic_load(&n_undecided) < person->team->n - 1)
        ;
    sl_collective_fail(person->team->collective, &why);
}

START_TEST(who_has_voted_learns_of_a_failure_and_can_vote_in_the_next_step)
{
    atomic_store(&n_votes, 0);
    atomic_store(&n_undecided, 0);
    make(3);
    play(vote_or_fail);
    for (int i = 1; i < 3; i++)
        ck_assert_int_eq(team.people[i].status, SLUICE_CLOSED);
    for (int i = 1; i < 3; i++)
        ck_assert(sl_collective_decided(team.collective, i));
    ck_assert_int_eq(sl_collective_conclude(team.collective, NULL),
                     SLUICE_INVALID);
    sl_collective_open(team.collective);
    atomic_store(&n_undecided, 0);
    play(vote_then_agree);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(team.people[i].status, SLUICE_OK);
    sl_collective_destroy(team.collective);
}
END_TEST

START_TEST(opened_again_no_meeting_is_over)
{
    make(2);
    play(add_up);
    sl_collective_conclude(team.collective, NULL);
    sl_collective_open(team.collective);
    sl_collective_vote(team.collective, 0, 0);
    ck_assert(!sl_collective_decided(team.collective, 0));
    sl_collective_vote(team.collective, 1, 0);
    ck_assert(sl_collective_decided(team.collective, 0));
    sl_collective_destroy(team.collective);
}
END_TEST

/* A failure from elsewhere, such as a cancellation, comes while they agree. */
START_TEST(a_failure_that_races_with_the_commit_stops_all_or_none)
{
    sluice_diag why = failure(1);
    for (int round = 0; round < N_ROUNDS; round++) {
        make(3);
        start(agree, 0);
        sl_collective_fail(team.collective, &why);
        join(0);
        sluice_status ended = sl_collective_conclude(team.collective, NULL);
        for (int i = 0; i < 3; i++)
            ck_assert_int_eq(team.people[i].status,
                             ended ? SLUICE_CLOSED : SLUICE_OK);
        ck_assert_int_eq(team.n_stops, ended != SLUICE_OK);
        sl_collective_destroy(team.collective);
    }
}
END_TEST

START_TEST(a_closed_collective_lets_nobody_wait_and_names_no_failure)
{
    sluice_diag told;
    make(3);
    start(agree, 1);
    sl_collective_close(team.collective);
    join(1);
    for (int i = 1; i < 3; i++)
        ck_assert_int_eq(team.people[i].status, SLUICE_CLOSED);
    ck_assert_int_eq(team.n_stops, 0);
    ck_assert_int_eq(sl_collective_conclude(team.collective, &told), SLUICE_OK);
    sl_collective_destroy(team.collective);
}
END_TEST

START_TEST(a_failure_before_it_is_opened_or_after_it_is_concluded_is_late)
{
    sluice_diag why = failure(1), told;
    make(1);
    ck_assert_int_eq(sl_collective_conclude(team.collective, &told), SLUICE_OK);
    sl_collective_fail(team.collective, &why);
    sl_collective_open(team.collective);
    ck_assert(!sl_collective_stopped(team.collective));
    play(agree);
    ck_assert_int_eq(team.people[0].status, SLUICE_OK);
    sl_collective_destroy(team.collective);
}
END_TEST

START_TEST(a_text_that_a_layer_has_written_is_ended_and_cleaned)
{
    sluice_diag why = failure(1), told = {.text = ""};
    memset(why.text, '\n', sizeof why.text);
    make(1);
    sl_collective_fail(team.collective, &why);
    ck_assert_int_eq(sl_collective_conclude(team.collective, &told),
                     SLUICE_INVALID);
    for (int i = 0; i < SLUICE_DIAG_TEXT - 1; i++)
        ck_assert_int_eq(told.text[i], '?');
    ck_assert_int_eq(told.text[SLUICE_DIAG_TEXT - 1], '\0');
    sl_collective_destroy(team.collective);
}
END_TEST

static void note_stop(void *context)
{
    const struct sl_failure *latch = context;
    ck_assert(sl_failure_stopped(latch));
    team.n_stops++;
}

static void check_latch(struct sl_failure *latch, bool stopped, bool committed,
                        int stage)
{
    sluice_diag told = {.stage = -1};
    ck_assert_int_eq(sl_failure_stopped(latch), stopped);
    ck_assert_int_eq(sl_failure_committed(latch), committed);
    ck_assert_int_eq(sl_failure_latched(latch, &told), stage >= 0);
    ck_assert_int_eq(told.stage, stage);
    ck_assert_int_eq(sl_failure_shut(latch, &told),
                     stage >= 0 ? SLUICE_INVALID : SLUICE_OK);
    ck_assert_int_eq(told.stage, stage);
}

START_TEST(a_latch_keeps_the_first_error_until_it_is_opened_again)
{
    struct sl_failure latch;
    sluice_diag first = failure(3), second = failure(4);
    team.n_stops = 0;
    ck_assert_int_eq(sl_failure_init(&latch), SLUICE_OK);
    sl_failure_latch(&latch, &first, note_stop, &latch);
    check_latch(&latch, false, false, -1); /* it was not open */
    sl_failure_open(&latch);
    sl_failure_latch(&latch, &first, note_stop, &latch);
    sl_failure_latch(&latch, &second, note_stop, &latch);
    sl_failure_commit(&latch);
    check_latch(&latch, true, false, 3);
    ck_assert_int_eq(sl_failure_shut(&latch, NULL), SLUICE_INVALID);
    ck_assert_int_eq(team.n_stops, 1);
    sl_failure_open(&latch);
    check_latch(&latch, false, false, -1);
    sl_failure_latch(&latch, &second, note_stop, &latch);
    check_latch(&latch, false, false, -1); /* it is shut */
    sl_failure_fini(&latch);
}
END_TEST

START_TEST(of_a_stop_and_a_commit_the_first_one_counts)
{
    struct sl_failure latch;
    sluice_diag why = failure(3);
    team.n_stops = 0;
    ck_assert_int_eq(sl_failure_init(&latch), SLUICE_OK);
    sl_failure_open(&latch);
    sl_failure_commit(&latch);
    sl_failure_stop(&latch);
    sl_failure_latch(&latch, &why, note_stop, &latch);
    check_latch(&latch, false, true, -1);
    sl_failure_open(&latch);
    sl_failure_stop(&latch);
    sl_failure_commit(&latch);
    check_latch(&latch, true, false, -1);
    sl_failure_open(&latch);
    sl_failure_overrule(&latch, &why); /* whatever has latched here */
    check_latch(&latch, true, false, 3);
    ck_assert_int_eq(team.n_stops, 0);
    sl_failure_fini(&latch);
}
END_TEST

START_TEST(each_call_of_a_latch_is_made_under_its_lock)
{
    struct sl_failure latch;
    sluice_diag why = failure(3);
    if (!lock_watch_works())
        return;
    ck_assert_int_eq(sl_failure_init(&latch), SLUICE_OK);
    for (int call = 0; call < 7; call++) {
        lock_watch_begin(&latch.mu);
        switch (call) {
        case 0:
            sl_failure_open(&latch);
            break;
        case 1:
            sl_failure_latch(&latch, &why, note_stop, &latch);
            break;
        case 2:
            sl_failure_overrule(&latch, &why);
            break;
        case 3:
            sl_failure_latched(&latch, &why);
            break;
        case 4:
            sl_failure_stop(&latch);
            break;
        case 5:
            sl_failure_commit(&latch);
            break;
        case 6:
            sl_failure_shut(&latch, &why);
            break;
        }
        lock_watch_end(&latch.mu);
    }
    pthread_mutex_lock(&latch.mu); /* by a thread that is gone */
    sl_failure_abandon(&latch);
    ck_assert_int_eq(pthread_mutex_trylock(&latch.mu), 0);
    pthread_mutex_unlock(&latch.mu);
    sl_failure_fini(&latch);
}
END_TEST

SLUICE_TEST_MAIN(
    "chan.agree", what_the_members_agree_on_is_added_in_the_order_of_the_ranks,
    sums_without_a_commit_can_be_followed_by_a_failure,
    a_sum_over_the_model_has_the_same_bits_for_every_cut,
    if_one_member_fails_none_commits_and_all_learn_the_first_failure,
    a_failure_leaves_the_sums_of_its_members_alone,
    a_failure_between_two_meetings_ends_the_second_one,
    after_all_have_committed_nothing_fails,
    a_vote_does_not_wait_and_the_last_one_decides,
    who_has_voted_learns_of_a_failure_and_can_vote_in_the_next_step,
    opened_again_no_meeting_is_over,
    a_failure_that_races_with_the_commit_stops_all_or_none,
    a_closed_collective_lets_nobody_wait_and_names_no_failure,
    a_failure_before_it_is_opened_or_after_it_is_concluded_is_late,
    a_text_that_a_layer_has_written_is_ended_and_cleaned,
    a_latch_keeps_the_first_error_until_it_is_opened_again,
    of_a_stop_and_a_commit_the_first_one_counts,
    each_call_of_a_latch_is_made_under_its_lock)
