/* What sluice_model_parse() promises for any text: for tests and fuzzing. */
#ifndef SL_TEST_NN_MODEL_PROMISES_H
#define SL_TEST_NN_MODEL_PROMISES_H

#include <stdlib.h>
#include <string.h>

#include <sluice/model.h>

static inline void promise_kept(bool kept)
{
    if (!kept)
        abort();
}

/* The text of a model; the caller frees it. */
static inline char *promise_print(const sluice_model *model)
{
    size_t n = sluice_model_print(model, NULL, 0) + 1;
    char *text = malloc(n);
    promise_kept(text && sluice_model_print(model, text, n) == n - 1 &&
                 strlen(text) == n - 1);
    return text;
}

/* A text is refused in a sentence, or is a model that is printed as the same
 * model.  Returns what sluice_model_parse() does. */
static inline sluice_status promise_model(const char *text)
{
    sluice_diag why = {.text = ""};
    sluice_model *model = NULL, *again = NULL;
    sluice_status st = sluice_model_parse(text, NULL, &model, &why);
    if (st) {
        promise_kept(!model && why.text[0] && st == SLUICE_INVALID);
        return st;
    }
    promise_kept(model && sluice_model_n_layers(model) > 0 &&
                 !sluice_model_is_open(model));
    char *first = promise_print(model);
    if (strlen(first) <= SLUICE_MODEL_MAX_TEXT) {
        promise_kept(!sluice_model_parse(first, NULL, &again, &why));
        promise_kept(sluice_model_n_layers(again) ==
                         sluice_model_n_layers(model) &&
                     sluice_model_n_parameters(again) ==
                         sluice_model_n_parameters(model));
        char *second = promise_print(again);
        promise_kept(!strcmp(first, second));
        free(second);
        sluice_model_destroy(again);
    }
    free(first);
    sluice_model_destroy(model);
    return SLUICE_OK;
}

#endif
