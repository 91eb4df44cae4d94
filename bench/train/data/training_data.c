/* Where a training's rows come from.  The main thread. */
#include "bench/train/data/training_data.h"

#include <inttypes.h>

#include <sluice/outline.h>
#include <sluice/shape.h>

#include "bench/train/data/array_pair.h"

static const char usual[] = "fashion-mnist";
static const double TEXT_TEST_SHARE = 0.1;
static const char substitute[] = "embedded";

/* Bytes are normalized as those of IDX files are, other numbers are left as
 * they are; integers become floats unless the model takes them. */
static sluice_dataset_config
normalization_of(const struct source *source,
                 const struct source_config *config)
{
    sluice_dataset_config normalization = {.scale = 1};
    if (config->integers)
        normalization = (sluice_dataset_config){.scale = 0};
    if (source->normalized)
        normalization = (sluice_dataset_config){
            .measure = config->deviation == 0,
            .mean = config->mean,
            .deviation = config->deviation,
        };
    normalization.negative = true; /* the loss says which it ignores */
    return normalization;
}

/* The test part is normalized by what the training part has measured. */
static sluice_status create_test(struct source *source,
                                 sluice_dataset_config normalization,
                                 struct array_pair *test, sluice_diag *why)
{
    if (normalization.measure) {
        normalization.measure = false;
        sluice_dataset_normalization(source->train, &normalization.mean,
                                     &normalization.deviation);
    }
    return sluice_dataset_create(&normalization, &test->x, &test->y,
                                 &source->test, why);
}

/* Features and targets of one .npy file each, or only one of them; the test
 * part has files of its own, or is a share of the rows, or there is none. */
static sluice_status read_pairs(const struct source_config *config, bool x,
                                bool y, struct array_pair *train,
                                struct array_pair *test, sluice_diag *why)
{
    *test = (struct array_pair){.x = {.data = NULL}};
    sluice_status st =
        array_pair_read(train, x ? config->x : NULL, y ? config->y : NULL, why);
    if (st)
        return st;
    if (config->validation_share > 0)
        st = array_pair_split(train, config->validation_share, test, why);
    else if (config->test_x)
        st = array_pair_read(test, x ? config->test_x : NULL,
                             y ? config->test_y : NULL, why);
    if (st)
        array_pair_fini(train);
    return st;
}

static sluice_status open_pairs(struct source *source,
                                const struct source_config *config,
                                sluice_diag *why)
{
    struct array_pair train, test;
    source->name = config->x;
    sluice_status st = read_pairs(config, true, true, &train, &test, why);
    if (st)
        return st;
    source->normalized = train.x.type == SLUICE_U8 && !config->raw;
    sluice_dataset_config normalization = normalization_of(source, config);
    st = sluice_dataset_create(&normalization, &train.x, &train.y,
                               &source->train, why);
    if (!st && test.x.data)
        st = create_test(source, normalization, &test, why);
    array_pair_fini(&test);
    array_pair_fini(&train);
    return st;
}

static sluice_status open_named(struct source *source, const char *name,
                                const struct source_config *config,
                                sluice_diag *why)
{
    double share = config->validation_share;
    source->name = name;
    source->is_text = text_source_is(name);
    if (source->is_text)
        return text_source_open(&source->text, name, &config->text,
                                share > 0 ? share : TEXT_TEST_SHARE,
                                &source->train, &source->test, why);
    source->has_images = true;
    return sluice_dataset_open(name, NULL, &source->train, &source->test, why);
}

sluice_status source_open(struct source *source,
                          const struct source_config *config, sluice_diag *why)
{
    *source = (struct source){0};
    if (config->x)
        return open_pairs(source, config, why);
    if (config->name)
        return open_named(source, config->name, config, why);
    sluice_status st = open_named(source, usual, config, why);
    if (st != SLUICE_NOT_FOUND)
        return st;
    source->stepped_in = true;
    return open_named(source, substitute, config, why);
}

static sluice_status fill(sluice_dataset *dataset, struct array_pair *pair,
                          sluice_diag *why)
{
    return sluice_dataset_fill(dataset, pair->x.data ? &pair->x : NULL,
                               pair->y.data ? &pair->y : NULL, why);
}

sluice_status source_fill(struct source *source,
                          const struct source_config *config, bool features,
                          bool targets, sluice_diag *why)
{
    const char *name = config->name ? config->name : usual;
    if (!config->x)
        return sluice_dataset_fill_named(source->stepped_in ? substitute : name,
                                         features, targets, source->train,
                                         source->test, why);
    struct array_pair train, test;
    sluice_status st =
        read_pairs(config, features, targets, &train, &test, why);
    if (st)
        return st;
    st = fill(source->train, &train, why);
    if (!st && source->test)
        st = fill(source->test, &test, why);
    array_pair_fini(&test);
    array_pair_fini(&train);
    return st;
}

void source_close(struct source *source)
{
    sluice_dataset_destroy(source->test);
    sluice_dataset_destroy(source->train);
    text_source_close(&source->text);
    *source = (struct source){0};
}

void source_normalization(const struct source *source, double *mean,
                          double *deviation)
{
    *mean = *deviation = 0;
    if (source->normalized || source->has_images)
        sluice_dataset_normalization(source->train, mean, deviation);
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
