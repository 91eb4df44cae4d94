/* Where a training's rows come from.  The main thread. */
#include "bench/train/training_data.h"

#include <inttypes.h>

#include <sluice/shape.h>

static const char usual[] = "fashion-mnist";
static const char substitute[] = "embedded";

/* Features and targets of one .npy file each; no test part.  Bytes are
 * normalized as those of IDX files are, other numbers are left as they are;
 * integers become floats unless the model takes them. */
static sluice_status open_pair(struct source *source,
                               const struct source_config *config,
                               sluice_diag *why)
{
    sluice_dataset_config normalization = {.scale = 1};
    sluice_array x = {0};
    sluice_array y = {0};
    source->name = config->x;
    sluice_status st = sluice_npy_read(config->x, NULL, &x, why);
    if (!st)
        st = sluice_npy_read(config->y, NULL, &y, why);
    source->normalized = x.type == SLUICE_U8 && !config->raw;
    if (config->integers)
        normalization = (sluice_dataset_config){.scale = 0};
    if (source->normalized)
        normalization = (sluice_dataset_config){.measure = true};
    normalization.negative = true; /* the loss says which it ignores */
    if (!st)
        st = sluice_dataset_create(&normalization, &x, &y, &source->train, why);
    if (st) {
        sluice_array_fini(&y);
        sluice_array_fini(&x);
    }
    return st;
}

static sluice_status open_named(struct source *source, const char *name,
                                const struct text_config *text,
                                sluice_diag *why)
{
    source->name = name;
    if (text_source_is(name))
        return text_source_open(&source->text, name, text, &source->train,
                                &source->test, why);
    return sluice_dataset_open(name, NULL, &source->train, &source->test, why);
}

sluice_status source_open(struct source *source,
                          const struct source_config *config, sluice_diag *why)
{
    *source = (struct source){0};
    if (config->x)
        return open_pair(source, config, why);
    if (config->name)
        return open_named(source, config->name, &config->text, why);
    sluice_status st = open_named(source, usual, &config->text, why);
    if (st != SLUICE_NOT_FOUND)
        return st;
    source->stepped_in = true;
    return open_named(source, substitute, &config->text, why);
}

void source_close(struct source *source)
{
    sluice_dataset_destroy(source->test);
    sluice_dataset_destroy(source->train);
    text_source_close(&source->text);
    *source = (struct source){0};
}

int64_t source_features(const struct source *source)
{
    sluice_shape input = sluice_dataset_input(source->train);
    return sluice_shape_elements(&input);
}

void source_print(const struct source *source, FILE *out)
{
    int classes = sluice_dataset_classes(source->train);
    if (source->text.text) {
        text_source_print(&source->text, source->name, source->train,
                          source->test, out);
        return;
    }
    fprintf(out,
            "data      %s: %" PRId64 " rows of %" PRId64 " features to train",
            source->name, sluice_dataset_rows(source->train),
            source_features(source));
    if (source->test)
        fprintf(out, ", %" PRId64 " to test",
                sluice_dataset_rows(source->test));
    if (classes)
        fprintf(out, ", %d classes", classes);
    fputc('\n', out);
    if (source->normalized)
        fprintf(out,
                "note      the bytes of %s are normalized, as those of --data "
                "are; --raw takes them as they are\n",
                source->name);
    if (source->stepped_in)
        fprintf(out,
                "note      %s is not installed (Debian's "
                "dataset-fashion-mnist); the images that come with the library "
                "serve\n",
                usual);
}
