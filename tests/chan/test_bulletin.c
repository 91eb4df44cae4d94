/* The board: items are read once they are posted, and closing ends all waits.
 */
#include "chan/bulletin.h"

#include <pthread.h>
#include <string.h>

#include "support/runner.h"

enum { MEMBERS = 3, ITEMS = 2000 };

static struct sl_bulletin *create(void)
{
    struct sl_bulletin *board = NULL;
    const struct sl_bulletin_config config = {.n_members = MEMBERS,
                                              .n_items = ITEMS};
    ck_assert_int_eq(sl_bulletin_create(&config, &board), SLUICE_OK);
    return board;
}

START_TEST(waiting_moves_the_time_on_to_that_of_the_item)
{
    struct sl_bulletin *board = create();
    int64_t now = 7;
    sl_bulletin_post(board, 1, 0, 5);
    sl_bulletin_post(board, 1, 1, 30);
    ck_assert_int_eq(sl_bulletin_await(board, 0, 1, 0, &now), SLUICE_OK);
    ck_assert_int_eq(now, 7);
    ck_assert_int_eq(sl_bulletin_await(board, 0, 1, 1, &now), SLUICE_OK);
    ck_assert_int_eq(now, 30);
    sl_bulletin_destroy(board);
}
END_TEST

/* A member that posts its items, each of which holds its number, and sums up
 * those of all others. */
struct worker {
    struct sl_bulletin *board;
    int rank;
    int (*items)[ITEMS]; /* [MEMBERS] */
    long sum;
    sluice_status status;
};

static void *work(void *argument)
{
    struct worker *self = argument;
    int64_t now = 0;
    for (int i = 0; i < ITEMS && !self->status; i++) {
        self->items[self->rank][i] = i * MEMBERS + self->rank;
        sl_bulletin_post(self->board, self->rank, i, now);
        for (int k = 0; k < MEMBERS && !self->status; k++) {
            self->status =
                sl_bulletin_await(self->board, self->rank, k, i, &now);
            self->sum += self->status ? 0 : self->items[k][i];
        }
    }
    return NULL;
}

START_TEST(every_member_reads_what_all_have_posted)
{
    static int items[MEMBERS][ITEMS];
    struct sl_bulletin *board = create();
    long n = (long)MEMBERS * ITEMS;
    for (int job = 0; job < 3; job++) {
        struct worker workers[MEMBERS];
        pthread_t threads[MEMBERS];
        memset(items, 0, sizeof items);
        sl_bulletin_open(board);
        for (int k = 0; k < MEMBERS; k++) {
            workers[k] = (struct worker){board, k, items, 0, SLUICE_OK};
            ck_assert(!pthread_create(&threads[k], NULL, work, &workers[k]));
        }
        for (int k = 0; k < MEMBERS; k++)
            pthread_join(threads[k], NULL);
        for (int k = 0; k < MEMBERS; k++) {
            ck_assert_int_eq(workers[k].status, SLUICE_OK);
            ck_assert_int_eq(workers[k].sum, n * (n - 1) / 2);
        }
    }
    sl_bulletin_destroy(board);
}
END_TEST

static void *await_nothing(void *argument)
{
    struct worker *self = argument;
    int64_t now = 0;
    self->status = sl_bulletin_await(self->board, self->rank, 0, 0, &now);
    return NULL;
}

START_TEST(closing_ends_a_wait_and_refuses_the_next)
{
    struct sl_bulletin *board = create();
    struct worker workers[MEMBERS];
    pthread_t threads[MEMBERS];
    for (int k = 1; k < MEMBERS; k++) {
        workers[k] = (struct worker){board, k, NULL, 0, SLUICE_OK};
        ck_assert(
            !pthread_create(&threads[k], NULL, await_nothing, &workers[k]));
    }
    sl_bulletin_close(board);
    for (int k = 1; k < MEMBERS; k++) {
        pthread_join(threads[k], NULL);
        ck_assert_int_eq(workers[k].status, SLUICE_CLOSED);
    }
    sl_bulletin_post(board, 0, 0, 0);
    await_nothing(&workers[1]);
    ck_assert_int_eq(workers[1].status, SLUICE_CLOSED);
    sl_bulletin_open(board);
    sl_bulletin_post(board, 0, 0, 0);
    await_nothing(&workers[1]);
    ck_assert_int_eq(workers[1].status, SLUICE_OK);
    sl_bulletin_destroy(board);
}
END_TEST

SLUICE_TEST_MAIN("chan.bulletin", waiting_moves_the_time_on_to_that_of_the_item,
                 every_member_reads_what_all_have_posted,
                 closing_ends_a_wait_and_refuses_the_next)
