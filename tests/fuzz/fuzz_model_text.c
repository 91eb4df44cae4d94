/*
 * Any text as a model's.  A short text may name many layers, so memory is
 * bounded by their number, not by the text: SLUICE_MODEL_MAX_LAYERS.
 */
#include "text_target.h"

#include <stdlib.h>
#include <string.h>

#include <sluice/model.h>

static char *print(const sluice_model *model)
{
    size_t n = sluice_model_print(model, NULL, 0) + 1;
    char *text = malloc(n);
    text_require(text != NULL);
    text_require(sluice_model_print(model, text, n) == n - 1);
    return text;
}

static void read_again(const sluice_model *model)
{
    sluice_model *again = NULL;
    char *text = print(model);
    sluice_status st = sluice_model_parse(text, NULL, &again, NULL);
    if (strlen(text) < SLUICE_MODEL_MAX_TEXT) {
        text_require(!st);
        char *same = print(again);
        text_require(!strcmp(text, same));
        free(same);
    }
    sluice_model_destroy(again);
    free(text);
}

static sluice_status parse(const char *text, size_t n,
                           const sluice_allocator *allocator, sluice_diag *why)
{
    sluice_model *model = NULL;
    (void)n;
    sluice_status st = sluice_model_parse(text, allocator, &model, why);
    text_require(!st == (model != NULL));
    if (!st)
        read_again(model);
    sluice_model_destroy(model);
    return st;
}

const struct text_target text_target = {parse, 1024, 256 << 20};
