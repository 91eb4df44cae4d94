/*
 * Links within a process: both ends see the same slots, so that nothing is
 * copied.  Between two devices a queue says whose turn it is; within one device
 * the order of its actions does.
 */
#include "chan/link.h"

#include <assert.h>

#include "base/memory.h"
#include "chan/queue.h"

struct local_link {
    struct sl_link link; /* first: a struct sl_link * is cast back */
    const sluice_allocator *allocator; /* const after create */
    struct sl_queue queue;             /* between two devices only */
};

static struct sl_queue *queue_of(struct sl_link *link)
{
    return &((struct local_link *)link)->queue;
}

static void *local_acquire(struct sl_link *link, int32_t number)
{
    return sl_ring_slot(&link->slots, number);
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static sluice_status queued_publish(struct sl_link *link, int32_t microbatch,
                                    int64_t *virtual_ns)
{
    int64_t room_ns = 0;
    sluice_status st = sl_queue_push(
        queue_of(link), (struct sl_item){microbatch, *virtual_ns}, &room_ns);
    *virtual_ns = later(*virtual_ns, room_ns);
    return st;
}

static sluice_status queued_take(struct sl_link *link, int32_t microbatch,
                                 int64_t *virtual_ns)
{
    struct sl_item item;
    sluice_status st = sl_queue_pop(queue_of(link), *virtual_ns, &item);
    if (st)
        return st;
    assert(item.microbatch == microbatch);
    (void)microbatch;
    *virtual_ns = later(*virtual_ns, item.ready_ns);
    return SLUICE_OK;
}

static void queued_close(struct sl_link *link)
{
    sl_queue_close(queue_of(link));
}

static void queued_open(struct sl_link *link, enum sl_traffic traffic)
{
    (void)traffic;
    sl_queue_reset(queue_of(link));
}

static void queued_abandon(struct sl_link *link)
{
    sl_queue_abandon(queue_of(link));
}

static void free_link(struct sl_link *link)
{
    struct local_link *local = (struct local_link *)link;
    sl_free(local->allocator, local, 1, sizeof *local);
}

static void queued_destroy(struct sl_link *link)
{
    sl_queue_fini(queue_of(link));
    free_link(link);
}

/* The order of actions frees a slot, so that release() has nothing to tell. */
static const struct sl_link_ops queued = {
    .name = "queued",
    .rereadable = true,
    .acquire = local_acquire,
    .publish = queued_publish,
    .take = queued_take,
    .close = queued_close,
    .open = queued_open,
    .abandon = queued_abandon,
    .destroy = queued_destroy,
};

static sluice_status direct_publish(struct sl_link *link, int32_t microbatch,
                                    int64_t *virtual_ns)
{
    (void)link;
    (void)microbatch;
    (void)virtual_ns;
    return SLUICE_OK;
}

static sluice_status direct_take(struct sl_link *link, int32_t microbatch,
                                 int64_t *virtual_ns)
{
    return direct_publish(link, microbatch, virtual_ns);
}

/* One device is both ends: it never waits at this link, and the link has no
 * state. */
static void direct_close(struct sl_link *link)
{
    (void)link;
}

static void direct_open(struct sl_link *link, enum sl_traffic traffic)
{
    (void)link;
    (void)traffic;
}

static const struct sl_link_ops direct = {
    .name = "direct",
    .rereadable = true,
    .acquire = local_acquire,
    .publish = direct_publish,
    .take = direct_take,
    .close = direct_close,
    .open = direct_open,
    .abandon = direct_close,
    .destroy = free_link,
};

sluice_status sl_link_create(const struct sl_link_config *config,
                             struct sl_link **out)
{
    struct local_link *local = sl_alloc(config->allocator, 1, sizeof *local);
    if (!local)
        return SLUICE_NO_MEMORY;
    local->allocator = config->allocator;
    local->link = (struct sl_link){&direct, config->slots};
    if (config->capacity > 0) {
        local->link.ops = &queued;
        sluice_status st = sl_queue_init(&local->queue, config->capacity,
                                         config->patience, config->allocator);
        if (st) {
            free_link(&local->link);
            return st;
        }
    }
    *out = &local->link;
    return SLUICE_OK;
}
