/*
 * C3: a producer and a consumer at full speed, with yields injected from a
 * seed; each item carries its sequence number, and a slot guarded by the queue
 * carries a checksum.  SLUICE_STRESS_ITEMS sets the number of items, which the
 * tests share; chan.stress_long takes 10^8.
 */
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>

#include "chan/queue.h"
#include "support/grid.h"
#include "support/runner.h"

enum { ITEMS = 400000 / SL_TEST_STRIDE, MAX_CAPACITY = 64 };

struct run {
    struct sl_queue queue;
    int capacity;
    int n_items;
    uint64_t slots[MAX_CAPACITY + 2]; /* as boundary slots: capacity + 2 */
    int n_lost;                       /* out of sequence */
    int n_torn;                       /* slot and item disagree */
    int n_closed;
};

static uint64_t checksum(int i)
{
    return (uint64_t)i * UINT64_C(0x9e3779b97f4a7c15) + 1;
}

/* A cheap generator of yields; every side has its own state. */
static void maybe_yield(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    if (*state >> 22 == 0)
        sched_yield();
}

static void *produce(void *argument)
{
    struct run *run = argument;
    uint32_t random = 1;
    int64_t room;
    int n_slots = run->capacity + 2;
    for (int i = 0; i < run->n_items; i++) {
        run->slots[i % n_slots] = checksum(i);
        maybe_yield(&random);
        if (sl_queue_push(&run->queue, (struct sl_item){i, 0}, &room))
            return NULL;
    }
    return NULL;
}

static void *consume(void *argument)
{
    struct run *run = argument;
    uint32_t random = 2;
    int n_slots = run->capacity + 2;
    for (int i = 0; i < run->n_items; i++) {
        struct sl_item item;
        if (sl_queue_pop(&run->queue, 0, &item)) {
            run->n_closed++;
            return NULL;
        }
        maybe_yield(&random);
        run->n_lost += item.microbatch != i;
        run->n_torn += run->slots[i % n_slots] != checksum(i);
    }
    return NULL;
}

static int n_items(void)
{
    const char *text = getenv("SLUICE_STRESS_ITEMS");
    return text ? atoi(text) : ITEMS;
}

static void stress(int capacity, struct sl_patience patience)
{
    static struct run run;
    pthread_t producer, consumer;
    run = (struct run){.capacity = capacity, .n_items = n_items() / 4};
    ck_assert_int_eq(sl_queue_init(&run.queue, capacity, patience, NULL),
                     SLUICE_OK);
    pthread_create(&producer, NULL, produce, &run);
    pthread_create(&consumer, NULL, consume, &run);
    pthread_join(producer, NULL);
    pthread_join(consumer, NULL);
    ck_assert_int_eq(run.n_closed, 0);
    ck_assert_int_eq(run.n_lost, 0);
    ck_assert_int_eq(run.n_torn, 0);
    sl_queue_fini(&run.queue);
}

static const struct sl_patience spins = {.spin_ns = 20000};
static const struct sl_patience yields = {.spin_ns = 20000, .yield = true};
static const struct sl_patience parks = {0};

START_TEST(capacity_one_neither_loses_nor_reorders_when_spinning)
{
    stress(1, spins);
}
END_TEST

START_TEST(capacity_two_neither_loses_nor_reorders_when_yielding)
{
    stress(2, yields);
}
END_TEST

START_TEST(capacity_three_neither_loses_nor_reorders_when_parking)
{
    stress(3, parks);
}
END_TEST

START_TEST(capacity_sixty_four_neither_loses_nor_reorders_when_parking)
{
    stress(MAX_CAPACITY, parks);
}
END_TEST

SLUICE_TEST_MAIN("chan.stress",
                 capacity_one_neither_loses_nor_reorders_when_spinning,
                 capacity_two_neither_loses_nor_reorders_when_yielding,
                 capacity_three_neither_loses_nor_reorders_when_parking,
                 capacity_sixty_four_neither_loses_nor_reorders_when_parking)
