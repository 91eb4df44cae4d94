/* What crosses between processes of a cut vocabulary. */
#include "pipeline/across/vocabulary_links.h"

#include <string.h>

#include "pipeline/abroad/abroad_links.h"

static bool has_processes(const struct sl_blueprint *bp)
{
    return bp->vocabulary.n_replicas > 0 && bp->processes.n > 1;
}

size_t sl_vocabulary_n_links(const struct sl_blueprint *bp)
{
    if (!has_processes(bp))
        return 0;
    const struct sl_cut_head *v = bp->vocabulary.heads;
    return (size_t)bp->vocabulary.n_replicas * (size_t)sl_cut_n_streams(v) *
           (size_t)v->n_parts;
}

static void free_mail(struct sl_device *device)
{
    const sluice_allocator *allocator = device->pipe->allocator;
    const struct sl_cut_head *v = device->vocabulary;
    struct sl_vocabulary_mail *mail = device->mail;
    if (!mail)
        return;
    size_t n = (size_t)sl_cut_n_streams(v), k = (size_t)v->n_parts;
    sl_free(allocator, mail->found, k, sizeof *mail->found);
    sl_free(allocator, mail->half_read, (size_t)v->n_slots,
            sizeof *mail->half_read);
    sl_free(allocator, mail->out, n * k, sizeof(struct sl_link *));
    sl_free(allocator, mail->n_taken, n, sizeof *mail->n_taken);
    sl_free(allocator, mail->in, n, sizeof(struct sl_link *));
    sl_free(allocator, mail, 1, sizeof *mail);
    device->mail = NULL;
}

void sl_vocabulary_fini_links(sluice_pipeline *pipe)
{
    for (int i = 0; i < pipe->n_local; i++)
        free_mail(&pipe->devices[i]);
}

static sluice_status alloc_mail(struct sl_device *device)
{
    const sluice_allocator *allocator = device->pipe->allocator;
    const struct sl_cut_head *v = device->vocabulary;
    size_t n = (size_t)sl_cut_n_streams(v), k = (size_t)v->n_parts;
    struct sl_vocabulary_mail *mail = sl_alloc(allocator, 1, sizeof *mail);
    device->mail = mail;
    if (!mail)
        return SLUICE_NO_MEMORY;
    mail->n_streams = (int)n;
    mail->in = sl_alloc(allocator, n, sizeof(struct sl_link *));
    mail->n_taken = sl_alloc(allocator, n, sizeof *mail->n_taken);
    mail->out = sl_alloc(allocator, n * k, sizeof(struct sl_link *));
    mail->half_read =
        sl_alloc(allocator, (size_t)v->n_slots, sizeof *mail->half_read);
    mail->found = sl_alloc(allocator, k, sizeof *mail->found);
    return mail->in && mail->n_taken && mail->out && mail->half_read &&
                   mail->found
               ? SLUICE_OK
               : SLUICE_NO_MEMORY;
}

/* The device of this process that has a part of a replica's vocabulary; NULL:
 * it is elsewhere. */
static struct sl_device *device_of(const sluice_pipeline *pipe, int replica,
                                   int part)
{
    int i = 0;
    while (i < pipe->n_local && (pipe->devices[i].at.replica != replica ||
                                 pipe->devices[i].part != part))
        i++;
    return i < pipe->n_local ? &pipe->devices[i] : NULL;
}

/* From the device that makes a stream to one that reads it. */
static sluice_status link_parts(sluice_pipeline *pipe, int replica, int stream,
                                int reader, sluice_diag *why)
{
    const int n_shards = pipe->blueprint.grid.n_shards;
    const struct sl_cut_head *v = &pipe->blueprint.vocabulary.heads[replica];
    int maker = sl_cut_stream_source(v, stream);
    struct sl_device *to = device_of(pipe, replica, reader);
    struct sl_device *from = device_of(pipe, replica, maker);
    const struct sl_ring *slots = to ? sl_cut_stream_copy(v, reader, stream)
                                     : sl_cut_stream_ring(v, stream);
    const struct sl_abroad_places about = {replica, maker / n_shards,
                                           reader / n_shards};
    struct sl_link *link;
    if (!sl_cut_stream_reaches(v, stream, reader) ||
        !sl_abroad_are_apart(pipe, about))
        return SLUICE_OK;
    sluice_status st = sl_abroad_link_places(pipe, about, slots, &link, why);
    if (st || !link)
        return st;
    pipe->links[pipe->n_links++] = link;
    if (to)
        to->mail->in[stream] = link;
    else
        from->mail->out[stream * v->n_parts + reader] = link;
    return SLUICE_OK;
}

sluice_status sl_vocabulary_init_links(sluice_pipeline *pipe, sluice_diag *why)
{
    const struct sl_blueprint *bp = &pipe->blueprint;
    sluice_status st = SLUICE_OK;
    if (!has_processes(bp))
        return st;
    for (int i = 0; i < pipe->n_local && !st; i++)
        st = alloc_mail(&pipe->devices[i]);
    if (st)
        return sl_no_memory(why, "the links of the vocabulary");
    const struct sl_cut_head *v = bp->vocabulary.heads;
    int n = sl_cut_n_streams(v) * v->n_parts;
    for (int i = 0; i < bp->vocabulary.n_replicas * n && !st; i++)
        st = link_parts(pipe, i / n, i % n / v->n_parts, i % v->n_parts, why);
    return st;
}

void *sl_mail_item(const struct sl_device *device, int stream, int32_t n)
{
    struct sl_link *in = sl_mail_in(device, stream);
    return in ? sl_link_slot(in, n)
              : sl_ring_slot(sl_cut_stream_ring(device->vocabulary, stream), n);
}

void sl_mail_begin(struct sl_device *device)
{
    struct sl_vocabulary_mail *mail = device->mail;
    if (!mail)
        return;
    for (int i = 0; i < mail->n_streams; i++)
        atomic_store(&mail->n_taken[i], 0);
    memset(mail->half_read, 0,
           (size_t)device->vocabulary->n_slots * sizeof *mail->half_read);
}

/* The links by which a device hands a stream out: [parts], with gaps. */
static struct sl_link *const *out_of(const struct sl_device *device, int stream)
{
    return &device->mail->out[stream * device->vocabulary->n_parts];
}

bool sl_mail_is_sent(const struct sl_device *device, int stream)
{
    bool is_sent = false;
    for (int d = 0; device->mail && d < device->vocabulary->n_parts; d++)
        is_sent = is_sent || out_of(device, stream)[d];
    return is_sent;
}

void sl_mail_room(const struct sl_device *device, int stream, int32_t n)
{
    for (int d = 0; device->mail && d < device->vocabulary->n_parts; d++)
        if (out_of(device, stream)[d])
            sl_link_acquire(out_of(device, stream)[d], n);
}

/* A closed link is seen by the next action. */
void sl_mail_send(struct sl_device *device, int stream, int32_t n)
{
    for (int d = 0; device->mail && d < device->vocabulary->n_parts; d++)
        if (out_of(device, stream)[d])
            (void)sl_link_publish(out_of(device, stream)[d], n,
                                  &device->virtual_ns);
}

/* What comes before it has come, too: a maker makes them in order. */
sluice_status sl_mail_take(struct sl_device *device, int stream, int32_t n)
{
    atomic_int *n_taken = &device->mail->n_taken[stream];
    sluice_status st = SLUICE_OK;
    for (int i = atomic_load(n_taken); i <= n && !st; i++) {
        st = sl_link_take(sl_mail_in(device, stream), i, &device->virtual_ns);
        if (!st)
            atomic_store(n_taken, i + 1);
    }
    return st;
}

void sl_mail_release(const struct sl_device *device, int stream, int32_t n)
{
    struct sl_link *in = sl_mail_in(device, stream);
    if (in)
        sl_link_release(in, n);
}
