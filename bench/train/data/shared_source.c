/* Rows where they are needed.  The main thread. */
#include "bench/train/data/shared_source.h"

#include <stdlib.h>
#include <string.h>

#include <sluice/outline.h>
#include <sluice/train.h>

/* What is told about a source; then the tokenizer's name. */
struct told {
    sluice_outline train;
    sluice_outline test;
    bool has_test;
    bool has_images;
    bool normalized;
    bool is_text;
    bool stepped_in;
    size_t name_bytes; /* of the tokenizer's name; 0: none */
};

static struct told tell(const struct source *source)
{
    const char *name = source->text.tokenizer_name;
    struct told told = {
        .has_test = source->test,
        .has_images = source->has_images,
        .normalized = source->normalized,
        .is_text = source->is_text,
        .stepped_in = source->stepped_in,
        .name_bytes = name ? strlen(name) + 1 : 0,
    };
    sluice_dataset_outline(source->train, &told.train);
    if (source->test)
        sluice_dataset_outline(source->test, &told.test);
    return told;
}

static sluice_status make(struct source *source, const struct told *told,
                          sluice_diag *why)
{
    *source = (struct source){
        .has_images = told->has_images,
        .normalized = told->normalized,
        .is_text = told->is_text,
        .stepped_in = told->stepped_in,
    };
    if (told->name_bytes) {
        source->text.tokenizer_name = malloc(told->name_bytes);
        if (!source->text.tokenizer_name)
            return sluice_diag_set(why, SLUICE_NO_MEMORY,
                                   "out of memory for the tokenizer's name");
    }
    sluice_status st =
        sluice_dataset_create_outline(&told->train, NULL, &source->train, why);
    if (!st && told->has_test)
        st = sluice_dataset_create_outline(&told->test, NULL, &source->test,
                                           why);
    return st;
}

sluice_status shared_source_tell(struct source *source, sluice_world *world,
                                 sluice_diag *why)
{
    if (!world)
        return SLUICE_OK;
    bool first = sluice_world_rank(world) == 0;
    struct told told;
    if (first)
        told = tell(source);
    sluice_status st = sluice_world_share(world, 0, &told, sizeof told, why);
    if (!st && !first)
        st = make(source, &told, why);
    st = sluice_world_agree(world, st, why);
    return st ? st
              : sluice_world_share(world, 0, source->text.tokenizer_name,
                                   told.name_bytes, why);
}

/* The file that this process has is none that process 0 has. */
static sluice_status refuse(sluice_world *world, sluice_diag *why)
{
    return sluice_diag_set(why, SLUICE_INVALID,
                           "process %d has other data than process 0; give all "
                           "the same files",
                           sluice_world_rank(world));
}

static bool is_same(const sluice_dataset *a, const sluice_dataset *b)
{
    sluice_outline one, other;
    if (!a || !b)
        return a == b;
    sluice_dataset_outline(a, &one);
    sluice_dataset_outline(b, &other);
    return !memcmp(&one, &other, sizeof one);
}

/* A text has inputs and targets in one. */
static sluice_status read_text(struct source *source,
                               const struct source_config *config,
                               sluice_world *world, sluice_diag *why)
{
    struct source own;
    sluice_status st = source_open(&own, config, why);
    if (!st && (!is_same(source->train, own.train) ||
                !is_same(source->test, own.test)))
        st = refuse(world, why);
    struct source spare = st ? own : *source;
    if (!st)
        *source = own;
    source_close(&spare);
    return st;
}

/* Check and free what process 0 has read. */
static sluice_status settle(struct source *source, const sluice_pipeline *pipe,
                            bool x, bool targets, sluice_diag *why)
{
    sluice_status st = sluice_train_check(pipe, source->train, "training", why);
    if (!st && source->test)
        st = sluice_train_check(pipe, source->test, "test", why);
    if (st)
        return st;
    sluice_dataset_leave_out(source->train, !x, !targets);
    if (source->test)
        sluice_dataset_leave_out(source->test, !x, !targets);
    if (!x && !targets) {
        sluice_text_destroy(source->text.text);
        sluice_tokenizer_destroy(source->text.tokenizer);
        source->text.text = NULL;
        source->text.tokenizer = NULL;
    }
    return SLUICE_OK;
}

sluice_status shared_source_read(struct source *source,
                                 const struct source_config *config,
                                 const sluice_pipeline *pipe, bool reshapes,
                                 sluice_world *world, sluice_diag *why)
{
    bool x, targets;
    if (!world)
        return SLUICE_OK;
    sluice_pipeline_reads(pipe, &x, &targets);
    x |= reshapes;
    targets |= reshapes;
    if (sluice_world_rank(world) == 0)
        return settle(source, pipe, x, targets, why);
    if (!x && !targets)
        return SLUICE_OK;
    if (source->is_text)
        return read_text(source, config, world, why);
    sluice_status st = source_fill(source, config, x, targets, why);
    return st == SLUICE_INVALID ? refuse(world, why) : st;
}
