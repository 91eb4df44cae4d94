/* Texts as the rows of a training.  The main thread. */
#include "bench/train/data/text_source.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool ends_with(const char *name, const char *ending)
{
    size_t n = strlen(name), m = strlen(ending);
    return n >= m && !strcmp(name + n - m, ending);
}

/* Files of tokens are named like that; others are text. */
static bool has_tokens(const char *name)
{
    return !sluice_text_is_named(name) &&
           (ends_with(name, ".bin") || ends_with(name, ".npy"));
}

bool text_source_is(const char *name)
{
    struct stat about;
    return sluice_text_is_named(name) ||
           (!stat(name, &about) && !S_ISDIR(about.st_mode));
}

static sluice_status keep_name(struct text_source *source, sluice_diag *why)
{
    size_t n = sluice_tokenizer_print(source->tokenizer, NULL, 0) + 1;
    source->tokenizer_name = malloc(n);
    if (!source->tokenizer_name)
        return sluice_diag_set(why, SLUICE_NO_MEMORY,
                               "out of memory for the tokenizer's name");
    sluice_tokenizer_print(source->tokenizer, source->tokenizer_name, n);
    return SLUICE_OK;
}

static sluice_status read_text(struct text_source *source, const char *name,
                               const char *tokenizer, sluice_diag *why)
{
    bool own = !tokenizer || !strcmp(tokenizer, "characters");
    sluice_status st =
        own ? sluice_tokenizer_characters(name, NULL, &source->tokenizer, why)
            : sluice_tokenizer_parse(tokenizer, NULL, &source->tokenizer, why);
    if (!st)
        st = keep_name(source, why);
    if (!st)
        st =
            sluice_text_open(name, source->tokenizer, NULL, &source->text, why);
    return st;
}

static sluice_status make_windows(const struct text_source *source,
                                  const struct text_config *config,
                                  double test_share, sluice_dataset **train,
                                  sluice_dataset **test, sluice_diag *why)
{
    int64_t n = sluice_text_length(source->text);
    int64_t n_test = (int64_t)((double)n * test_share);
    int64_t context = config->context ? config->context : TEXT_CONTEXT;
    sluice_status st = sluice_dataset_windows(source->text, 0, n - n_test,
                                              context, NULL, train, why);
    if (!st && n_test > 0)
        st = sluice_dataset_windows(source->text, n - n_test, n_test, context,
                                    NULL, test, why);
    return st;
}

sluice_status text_source_open(struct text_source *source, const char *name,
                               const struct text_config *config,
                               double test_share, sluice_dataset **train,
                               sluice_dataset **test, sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    if (has_tokens(name) && config->tokenizer)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "%s has tokens already: leave --tokenizer out",
                               name);
    if (has_tokens(name))
        st = sluice_text_read_tokens(name, NULL, &source->text, why);
    else
        st = read_text(source, name, config->tokenizer, why);
    return st ? st : make_windows(source, config, test_share, train, test, why);
}

void text_source_close(struct text_source *source)
{
    sluice_text_destroy(source->text);
    sluice_tokenizer_destroy(source->tokenizer);
    free(source->tokenizer_name);
    *source = (struct text_source){0};
}

void text_source_print(const struct text_source *source, const char *name,
                       const sluice_dataset *train, const sluice_dataset *test,
                       FILE *out)
{
    sluice_shape window = sluice_dataset_input(train);
    int32_t vocabulary = source->tokenizer
                             ? sluice_tokenizer_vocabulary(source->tokenizer)
                             : sluice_text_vocabulary(source->text);
    const char *kind =
        source->tokenizer_name ? source->tokenizer_name : "given";
    fprintf(out,
            "data      %s: %" PRId64 " tokens, %" PRId32 " different (%.*s), "
            "in windows of %" PRId64 "\n"
            "          %" PRId64 " windows to train",
            name, sluice_text_length(source->text), vocabulary,
            (int)strcspn(kind, ":"), kind, window.dims[0],
            sluice_dataset_rows(train));
    if (test)
        fprintf(out, ", %" PRId64 " to test", sluice_dataset_rows(test));
    fprintf(out, "; a loss is in nats for each token\n");
}
