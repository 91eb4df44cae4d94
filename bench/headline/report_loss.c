/* The loss curve of a training.  The main thread. */
#include "bench/headline/report_loss.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

/* One more element of a growing array; NULL if out of memory.  It doubles when
 * its number comes to a power of two. */
static void *append(void **array, int *n, size_t size)
{
    if ((*n & (*n - 1)) == 0) {
        size_t room = *n ? 2 * (size_t)*n : 1;
        void *larger = reallocarray(*array, room, size);
        if (!larger)
            return NULL;
        *array = larger;
    }
    return (char *)*array + size * (size_t)(*n)++;
}

static double real_of(const json_t *line, const char *key)
{
    const json_t *value = json_object_get(line, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

/* False if out of memory. */
static bool take(struct loss_curve *curve, const json_t *line)
{
    const char *kind = json_string_value(json_object_get(line, "kind"));
    int64_t step = json_integer_value(json_object_get(line, "step"));
    if (kind && !strcmp(kind, "step")) {
        void *losses = curve->losses;
        sluice_html_loss *loss =
            append(&losses, &curve->n_losses, sizeof *loss);
        curve->losses = losses;
        if (loss)
            *loss = (sluice_html_loss){step, real_of(line, "step_loss")};
        return loss;
    }
    if (kind && !strcmp(kind, "epoch")) {
        void *epochs = curve->epochs;
        sluice_html_epoch *epoch =
            append(&epochs, &curve->n_epochs, sizeof *epoch);
        curve->epochs = epochs;
        if (epoch)
            *epoch = (sluice_html_epoch){step, real_of(line, "test_accuracy")};
        return epoch;
    }
    return true;
}

sluice_status loss_curve_read(struct loss_curve *curve, FILE *metrics,
                              sluice_diag *why)
{
    char *text = NULL;
    size_t room = 0;
    sluice_status st = SLUICE_OK;
    rewind(metrics);
    while (!st && getline(&text, &room, metrics) > 0) {
        json_error_t error;
        json_t *line = json_loads(text, 0, &error);
        if (!json_is_object(line))
            st = sluice_diag_set(why, SLUICE_FORMAT, "metrics: %s", error.text);
        else if (!take(curve, line))
            st = sluice_diag_set(why, SLUICE_NO_MEMORY,
                                 "out of memory for the loss curve");
        json_decref(line);
    }
    free(text);
    return st;
}

void loss_curve_fini(struct loss_curve *curve)
{
    free(curve->losses);
    free(curve->epochs);
    *curve = (struct loss_curve){0};
}
