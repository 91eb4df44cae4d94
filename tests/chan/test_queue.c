/* The bounded queue, one claim at a time. */
#include "chan/queue.h"

#include <pthread.h>

#include "support/guarded.h"
#include "support/lock_watch.h"
#include "support/runner.h"

static const struct sl_patience park = {0};

static void init(struct sl_queue *queue, int capacity)
{
    ck_assert_int_eq(sl_queue_init(queue, capacity, park, &guarded), SLUICE_OK);
}

static struct sl_item item(int microbatch)
{
    return (struct sl_item){.microbatch = microbatch};
}

START_TEST(items_leave_in_the_order_they_came)
{
    struct sl_queue queue;
    int64_t room;
    init(&queue, 3);
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < 3; i++)
            ck_assert_int_eq(sl_queue_push(&queue, item(round * 3 + i), &room),
                             SLUICE_OK);
        for (int i = 0; i < 3; i++) {
            struct sl_item got;
            ck_assert_int_eq(sl_queue_pop(&queue, 0, &got), SLUICE_OK);
            ck_assert_int_eq(got.microbatch, round * 3 + i);
        }
    }
    sl_queue_fini(&queue);
}
END_TEST

START_TEST(push_after_close_is_refused)
{
    struct sl_queue queue;
    int64_t room;
    init(&queue, 1);
    sl_queue_close(&queue);
    ck_assert_int_eq(sl_queue_push(&queue, item(0), &room), SLUICE_CLOSED);
    sl_queue_fini(&queue);
}
END_TEST

START_TEST(pop_after_close_is_refused_even_if_items_are_left)
{
    struct sl_queue queue;
    int64_t room;
    struct sl_item got = item(77);
    init(&queue, 1);
    ck_assert_int_eq(sl_queue_push(&queue, item(0), &room), SLUICE_OK);
    sl_queue_close(&queue);
    ck_assert_int_eq(sl_queue_pop(&queue, 0, &got), SLUICE_CLOSED);
    ck_assert_int_eq(got.microbatch, 77);
    sl_queue_fini(&queue);
}
END_TEST

START_TEST(reset_opens_and_empties_a_closed_queue)
{
    struct sl_queue queue;
    int64_t room;
    struct sl_item got;
    init(&queue, 2);
    ck_assert_int_eq(sl_queue_push(&queue, item(1), &room), SLUICE_OK);
    sl_queue_close(&queue);
    sl_queue_reset(&queue);
    ck_assert_int_eq(sl_queue_push(&queue, item(2), &room), SLUICE_OK);
    ck_assert_int_eq(sl_queue_pop(&queue, 0, &got), SLUICE_OK);
    ck_assert_int_eq(got.microbatch, 2);
    sl_queue_fini(&queue);
}
END_TEST

/* As after n items, which fill whole rounds. */
static void skip_to(struct sl_queue *queue, uint32_t n)
{
    queue->pushed = n;
    queue->popped = n;
    for (uint32_t i = 0; i < queue->capacity; i++)
        atomic_store(&queue->places[i].turn, 2 * (n + i));
}

START_TEST(counts_of_items_may_wrap)
{
    static const int capacities[] = {1, 2, 3, 5, 64};
    static const uint32_t limits[] = {UINT32_C(1) << 31, 0};
    for (int c = 0; c < 5; c++)
        for (int l = 0; l < 2; l++) {
            struct sl_queue queue;
            struct sl_item got = item(-1);
            int64_t room;
            int capacity = capacities[c];
            uint32_t before = limits[l] - 2;
            init(&queue, capacity);
            skip_to(&queue, before - before % (uint32_t)capacity);
            for (int i = 0; i < 4 * capacity + 2; i++) {
                sluice_status st = SLUICE_OK;
                if (i < capacity)
                    st = sl_queue_push(&queue, item(i), &room);
                else if (!sl_queue_pop(&queue, 0, &got))
                    st = sl_queue_push(&queue, item(i), &room);
                ck_assert_int_eq(st, SLUICE_OK);
                ck_assert_int_eq(got.microbatch,
                                 i < capacity ? -1 : i - capacity);
            }
            sl_queue_fini(&queue);
        }
}
END_TEST

/* A thread that performs one operation and records how it ended. */
struct blocked {
    struct sl_queue *queue;
    bool pushes;
    sluice_status status;
    struct sl_item got;
    pthread_t thread;
};

static void *operate(void *argument)
{
    struct blocked *b = argument;
    int64_t room;
    b->status = b->pushes ? sl_queue_push(b->queue, item(9), &room)
                          : sl_queue_pop(b->queue, 0, &b->got);
    return NULL;
}

static void start(struct blocked *b, struct sl_queue *queue, bool pushes)
{
    *b = (struct blocked){.queue = queue, .pushes = pushes};
    ck_assert_int_eq(pthread_create(&b->thread, NULL, operate, b), 0);
}

static void wait_until_parked(struct sl_gate *gate)
{
    while (!atomic_load(&gate->waiters))
        sched_yield();
}

START_TEST(close_wakes_a_parked_consumer)
{
    struct sl_queue queue;
    struct blocked b;
    init(&queue, 1);
    start(&b, &queue, false);
    wait_until_parked(&queue.not_empty);
    sl_queue_close(&queue);
    pthread_join(b.thread, NULL);
    ck_assert_int_eq(b.status, SLUICE_CLOSED);
    sl_queue_fini(&queue);
}
END_TEST

START_TEST(close_wakes_a_parked_producer)
{
    struct sl_queue queue;
    int64_t room;
    struct blocked b;
    init(&queue, 1);
    ck_assert_int_eq(sl_queue_push(&queue, item(0), &room), SLUICE_OK);
    start(&b, &queue, true);
    wait_until_parked(&queue.not_full);
    sl_queue_close(&queue);
    pthread_join(b.thread, NULL);
    ck_assert_int_eq(b.status, SLUICE_CLOSED);
    sl_queue_fini(&queue);
}
END_TEST

START_TEST(a_full_queue_holds_the_producer_until_a_pop)
{
    struct sl_queue queue;
    int64_t room;
    struct blocked b;
    struct sl_item got;
    init(&queue, 1);
    ck_assert_int_eq(sl_queue_push(&queue, item(0), &room), SLUICE_OK);
    start(&b, &queue, true);
    wait_until_parked(&queue.not_full);
    ck_assert_uint_eq(atomic_load(&queue.places[0].turn), 1); /* item 0 */
    ck_assert_int_eq(sl_queue_pop(&queue, 0, &got), SLUICE_OK);
    pthread_join(b.thread, NULL);
    ck_assert_int_eq(b.status, SLUICE_OK);
    ck_assert_int_eq(sl_queue_pop(&queue, 0, &got), SLUICE_OK);
    ck_assert_int_eq(got.microbatch, 9);
    sl_queue_fini(&queue);
}
END_TEST

/* In the child of fork() whoever held a lock is gone. */
START_TEST(an_abandoned_queue_has_free_locks)
{
    struct sl_queue queue;
    if (!lock_watch_works())
        return;
    init(&queue, 1);
    pthread_mutex_lock(&queue.not_full.mu);
    pthread_mutex_lock(&queue.not_empty.mu);
    sl_queue_abandon(&queue);
    ck_assert_int_eq(pthread_mutex_trylock(&queue.not_full.mu), 0);
    ck_assert_int_eq(pthread_mutex_trylock(&queue.not_empty.mu), 0);
    pthread_mutex_unlock(&queue.not_full.mu);
    pthread_mutex_unlock(&queue.not_empty.mu);
    sl_queue_fini(&queue);
}
END_TEST

START_TEST(virtual_times_pass_with_items_and_places)
{
    struct sl_queue queue;
    struct sl_item got;
    int64_t room;
    init(&queue, 1);
    sl_queue_push(&queue, (struct sl_item){0, 100}, &room);
    ck_assert_int_eq(room, 0);
    ck_assert_int_eq(sl_queue_pop(&queue, 70, &got), SLUICE_OK);
    ck_assert_int_eq(got.ready_ns, 100);
    sl_queue_push(&queue, (struct sl_item){1, 110}, &room);
    ck_assert_int_eq(room, 100); /* taken when it was ready */
    ck_assert_int_eq(sl_queue_pop(&queue, 150, &got), SLUICE_OK);
    sl_queue_push(&queue, (struct sl_item){2, 160}, &room);
    ck_assert_int_eq(room, 150); /* taken when the consumer came */
    sl_queue_fini(&queue);
}
END_TEST

static void *fail_to_allocate(void *context, size_t bytes, size_t align)
{
    (void)context;
    (void)bytes;
    (void)align;
    return NULL;
}

START_TEST(init_without_memory_is_refused)
{
    struct sl_queue queue;
    sluice_allocator none = {.allocate = fail_to_allocate};
    ck_assert_int_eq(sl_queue_init(&queue, 4, park, &none), SLUICE_NO_MEMORY);
}
END_TEST

SLUICE_TEST_MAIN("chan.queue", items_leave_in_the_order_they_came,
                 push_after_close_is_refused,
                 pop_after_close_is_refused_even_if_items_are_left,
                 reset_opens_and_empties_a_closed_queue,
                 counts_of_items_may_wrap, close_wakes_a_parked_consumer,
                 close_wakes_a_parked_producer,
                 a_full_queue_holds_the_producer_until_a_pop,
                 an_abandoned_queue_has_free_locks,
                 virtual_times_pass_with_items_and_places,
                 init_without_memory_is_refused)
