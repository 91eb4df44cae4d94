/*
 * The links of a cut vocabulary between processes: a device has one for each
 * stream (blueprint/shards/cut_streams.h) of another process that it reads, and
 * one for each of its own streams to each device of another process that reads
 * it.
 *
 * An item is taken once, in the order of the numbers, and stays until the
 * device has read it for the last time; its slot is free by then for the item
 * after it, as the number of slots is that of the stream.
 *
 * Threads: the device, unless a function says otherwise.
 */
#ifndef SL_PIPELINE_ACROSS_VOCABULARY_LINKS_H
#define SL_PIPELINE_ACROSS_VOCABULARY_LINKS_H

#include "blueprint/shards/cut_streams.h"
#include "pipeline/pipeline.h"

struct sl_vocabulary_mail {
    struct sl_link **in;  /* [streams] NULL: in this process */
    atomic_int *n_taken;  /* [streams] [atomic] by the device, for those who
                             look on: items, in this job */
    struct sl_link **out; /* [streams][parts] NULL: in this process */
    bool *half_read;      /* [slots] of the terms: by B or I, or by T */
    const float **found;  /* [parts] rows of a micro-batch; see
                             sluice_row_parts */
    int n_streams;
};

/* The most links that a pipeline has of them. */
size_t sl_vocabulary_n_links(const struct sl_blueprint *bp);

/*
 * Make those of all devices of this process, and append them to the links of
 * the pipeline.  All processes do, in the same order.  What was made is freed
 * by sl_vocabulary_fini_links(), except the links.
 *
 * Threads  the caller of sluice_pipeline_create().
 * Returns  as sl_init_links().
 */
sluice_status sl_vocabulary_init_links(sluice_pipeline *pipe, sluice_diag *why);
void sl_vocabulary_fini_links(sluice_pipeline *pipe);

/* The link by which a device gets a stream; NULL: it lies in this process. */
static inline struct sl_link *sl_mail_in(const struct sl_device *device,
                                         int stream)
{
    return device->mail ? device->mail->in[stream] : NULL;
}

/* Where item `n` of a stream lies for a device that reads or makes it. */
void *sl_mail_item(const struct sl_device *device, int stream, int32_t n);

/* Whether a device of another process reads a stream of a device. */
bool sl_mail_is_sent(const struct sl_device *device, int stream);

/* A job begins: nothing is taken. */
void sl_mail_begin(struct sl_device *device);

/*
 * The maker: wait until its item may be written, and hand it out.
 *
 * Blocks   until what was in the slot before has left it.
 */
void sl_mail_room(const struct sl_device *device, int stream, int32_t n);
void sl_mail_send(struct sl_device *device, int stream, int32_t n);

/*
 * A reader, of a stream for which it has a link: wait for the item, and say
 * that it is read.
 *
 * Blocks   until it is there; a failure wakes it.
 * Returns  SLUICE_OK, or SLUICE_CLOSED.
 */
sluice_status sl_mail_take(struct sl_device *device, int stream, int32_t n);
void sl_mail_release(const struct sl_device *device, int stream, int32_t n);

#endif
