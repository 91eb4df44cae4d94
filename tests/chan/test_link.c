/* Links within a process, one claim at a time. */
#include "chan/link.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/memory.h"
#include "support/runner.h"

enum { N_SLOTS = 4, SLOT_BYTES = 64 };

static _Alignas(64) char memory[N_SLOTS * SLOT_BYTES];

static struct sl_link_config config(int capacity)
{
    return (struct sl_link_config){
        .slots = {.n_slots = N_SLOTS,
                  .slot_bytes = SLOT_BYTES,
                  .slots = memory},
        .capacity = capacity,
    };
}

static struct sl_link *make(int capacity)
{
    struct sl_link *link;
    struct sl_link_config wanted = config(capacity);
    ck_assert_int_eq(sl_link_create(&wanted, &link), SLUICE_OK);
    return link;
}

static sluice_status publish(struct sl_link *link, int number, int value)
{
    int64_t now = 0;
    *(int *)sl_link_acquire(link, number) = value;
    return sl_link_publish(link, number, &now);
}

static sluice_status take(struct sl_link *link, int number)
{
    int64_t now = 0;
    return sl_link_take(link, number, &now);
}

START_TEST(both_ends_find_an_item_by_its_number)
{
    for (int capacity = 0; capacity <= 2; capacity++) {
        struct sl_link *link = make(capacity);
        for (int n = 0; n < 3 * N_SLOTS; n++) {
            ck_assert_int_eq(publish(link, n, 100 + n), SLUICE_OK);
            ck_assert_int_eq(take(link, n), SLUICE_OK);
            ck_assert_int_eq(*(int *)sl_link_slot(link, n), 100 + n);
            sl_link_release(link, n);
        }
        sl_link_destroy(link);
    }
}
END_TEST

START_TEST(an_item_lies_in_the_slots_that_were_given)
{
    struct sl_link *link = make(2);
    ck_assert_ptr_eq(sl_link_acquire(link, 0), memory);
    ck_assert_ptr_eq(sl_link_acquire(link, 5), memory + SLOT_BYTES);
    ck_assert_ptr_eq(sl_link_slot(link, 7), memory + 3 * SLOT_BYTES);
    sl_link_destroy(link);
}
END_TEST

START_TEST(the_producer_rereads_what_was_published)
{
    for (int capacity = 0; capacity <= 2; capacity++) {
        struct sl_link *link = make(capacity);
        ck_assert(link->ops->rereadable);
        ck_assert_int_eq(publish(link, 0, 42), SLUICE_OK);
        ck_assert_int_eq(take(link, 0), SLUICE_OK);
        ck_assert_int_eq(publish(link, 1, 43), SLUICE_OK);
        ck_assert_int_eq(*(int *)sl_link_slot(link, 0), 42);
        sl_link_destroy(link);
    }
}
END_TEST

START_TEST(a_closed_link_refuses_both_ends)
{
    struct sl_link *link = make(2);
    ck_assert_int_eq(publish(link, 0, 1), SLUICE_OK);
    sl_link_close(link);
    ck_assert_int_eq(publish(link, 1, 2), SLUICE_CLOSED);
    ck_assert_int_eq(take(link, 0), SLUICE_CLOSED); /* though one is left */
    sl_link_destroy(link);
}
END_TEST

START_TEST(after_a_failure_in_the_middle_an_opened_link_counts_from_0)
{
    struct sl_link *link = make(2);
    for (int n = 0; n < 3; n++) {
        ck_assert_int_eq(publish(link, n, n), SLUICE_OK);
        ck_assert_int_eq(take(link, n), SLUICE_OK);
    }
    ck_assert_int_eq(publish(link, 3, 3), SLUICE_OK);
    sl_link_close(link);
    sl_link_open(link, SL_TRAINING);
    ck_assert_int_eq(publish(link, 0, 7), SLUICE_OK);
    ck_assert_int_eq(take(link, 0), SLUICE_OK);
    ck_assert_int_eq(*(int *)sl_link_slot(link, 0), 7);
    sl_link_destroy(link);
}
END_TEST

/* A thread that works at one end, and records how that ended. */
struct end {
    struct sl_link *link;
    bool produces;
    int n_done;
    int n_wrong;
    sluice_status status;
    pthread_t thread;
};

enum { N_ITEMS = 1000 };

/* In rising order, until the link refuses: the slots are as many as the
 * capacity and two more, so that none is overwritten while it is read. */
static void *work(void *argument)
{
    struct end *end = argument;
    for (int n = 0; n < N_ITEMS && !end->status; n++) {
        if (end->produces) {
            end->status = publish(end->link, n, n + 1);
        } else {
            end->status = take(end->link, n);
            if (!end->status)
                end->n_wrong += *(int *)sl_link_slot(end->link, n) != n + 1;
        }
        end->n_done += !end->status;
    }
    return NULL;
}

static void start(struct end *end, struct sl_link *link, bool produces)
{
    *end = (struct end){.link = link, .produces = produces};
    ck_assert_int_eq(pthread_create(&end->thread, NULL, work, end), 0);
}

START_TEST(a_stream_of_items_arrives_whole_and_in_order)
{
    struct sl_link *link = make(2);
    struct end producer, consumer;
    start(&producer, link, true);
    start(&consumer, link, false);
    pthread_join(producer.thread, NULL);
    pthread_join(consumer.thread, NULL);
    ck_assert_int_eq(producer.n_done, N_ITEMS);
    ck_assert_int_eq(consumer.n_done, N_ITEMS);
    ck_assert_int_eq(consumer.n_wrong, 0);
    sl_link_destroy(link);
}
END_TEST

START_TEST(close_ends_the_wait_of_a_producer_without_room)
{
    struct sl_link *link = make(2);
    struct end producer;
    start(&producer, link, true);
    ck_assert_int_eq(take(link, 0), SLUICE_OK);
    ck_assert_int_eq(take(link, 1), SLUICE_OK);
    sl_link_close(link);
    pthread_join(producer.thread, NULL);
    ck_assert_int_eq(producer.status, SLUICE_CLOSED);
    ck_assert_int_le(producer.n_done, 4); /* two taken, two in the link */
    sl_link_destroy(link);
}
END_TEST

START_TEST(close_ends_the_wait_of_a_consumer_without_an_item)
{
    struct sl_link *link = make(2);
    struct end consumer;
    start(&consumer, link, false);
    ck_assert_int_eq(publish(link, 0, 1), SLUICE_OK);
    sl_link_close(link);
    pthread_join(consumer.thread, NULL);
    ck_assert_int_eq(consumer.status, SLUICE_CLOSED);
    ck_assert_int_le(consumer.n_done, 1);
    sl_link_destroy(link);
}
END_TEST

START_TEST(a_taker_comes_to_the_time_at_which_the_item_was_ready)
{
    struct sl_link *link = make(2);
    int64_t producer = 100, early = 70, late = 130;
    sl_link_publish(link, 0, &producer);
    sl_link_publish(link, 1, &producer);
    ck_assert_int_eq(producer, 100); /* there was room */
    ck_assert_int_eq(sl_link_take(link, 0, &early), SLUICE_OK);
    ck_assert_int_eq(early, 100);
    ck_assert_int_eq(sl_link_take(link, 1, &late), SLUICE_OK);
    ck_assert_int_eq(late, 130);
    sl_link_destroy(link);
}
END_TEST

START_TEST(a_producer_comes_to_the_time_at_which_there_was_room)
{
    struct sl_link *link = make(1);
    int64_t producer = 10, consumer = 250;
    sl_link_publish(link, 0, &producer);
    sl_link_take(link, 0, &consumer);
    sl_link_publish(link, 1, &producer);
    ck_assert_int_eq(producer, 250);
    sl_link_destroy(link);
}
END_TEST

START_TEST(within_a_device_nothing_waits_and_no_time_passes)
{
    struct sl_link *link = make(0);
    int64_t now = 5;
    for (int n = 0; n < N_SLOTS; n++)
        ck_assert_int_eq(sl_link_publish(link, n, &now), SLUICE_OK);
    for (int n = 0; n < N_SLOTS; n++)
        ck_assert_int_eq(sl_link_take(link, n, &now), SLUICE_OK);
    ck_assert_int_eq(now, 5);
    sl_link_destroy(link);
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
    return aligned_alloc(align, bytes);
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
    struct sl_link_config wanted = config(2);
    struct sl_link *link = NULL;
    wanted.allocator = &scarce;
    sluice_status st;
    int n_failures = 0;
    for (n_left = 0; (st = sl_link_create(&wanted, &link)); n_failures++) {
        ck_assert_int_eq(st, SLUICE_NO_MEMORY);
        ck_assert_ptr_null(link);
        ck_assert_int_eq(n_blocks, 0);
        n_left = n_failures + 1;
    }
    ck_assert_int_gt(n_failures, 0);
    ck_assert_ptr_nonnull(link);
    sl_link_destroy(link);
    ck_assert_int_eq(n_blocks, 0);
}
END_TEST

SLUICE_TEST_MAIN("chan.link", both_ends_find_an_item_by_its_number,
                 an_item_lies_in_the_slots_that_were_given,
                 the_producer_rereads_what_was_published,
                 a_closed_link_refuses_both_ends,
                 after_a_failure_in_the_middle_an_opened_link_counts_from_0,
                 a_stream_of_items_arrives_whole_and_in_order,
                 close_ends_the_wait_of_a_producer_without_room,
                 close_ends_the_wait_of_a_consumer_without_an_item,
                 a_taker_comes_to_the_time_at_which_the_item_was_ready,
                 a_producer_comes_to_the_time_at_which_there_was_room,
                 within_a_device_nothing_waits_and_no_time_passes,
                 without_memory_nothing_is_made_and_nothing_leaks)
