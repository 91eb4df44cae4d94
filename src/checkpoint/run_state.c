/* The numbers of a training as texts.  Any thread; no state. */
#include "checkpoint/run_state.h"

#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind {
    NATURAL, /* an int64_t or uint64_t from 0 to `most` */
    REAL,    /* a double; NaN and infinities have names */
};

static const struct number {
    const char *key;
    enum kind kind;
    size_t offset;
    uint64_t most;
    bool may_lack; /* is 0 in a file that has none */
} numbers[SL_N_RUN_NUMBERS] = {
    {"sluice.step", NATURAL, offsetof(struct sl_run_state, n_steps),
     UINT64_MAX},
    {"sluice.learning_rate", REAL, offsetof(struct sl_run_state, learning_rate),
     0},
    {"sluice.epoch", NATURAL, offsetof(struct sl_run_state, epoch), INT_MAX},
    {"sluice.rows_done", NATURAL, offsetof(struct sl_run_state, rows_done),
     INT64_MAX},
    {"sluice.loss_sum", REAL, offsetof(struct sl_run_state, loss_sum), 0},
    {"sluice.correct", NATURAL, offsetof(struct sl_run_state, correct),
     INT64_MAX},
    {"sluice.ignored", NATURAL, offsetof(struct sl_run_state, ignored),
     INT64_MAX, true},
    {"sluice.was_tested", NATURAL, offsetof(struct sl_run_state, was_tested),
     1},
    {"sluice.test_loss", REAL, offsetof(struct sl_run_state, test_loss), 0},
    {"sluice.test_accuracy", REAL, offsetof(struct sl_run_state, test_accuracy),
     0},
};

/* Losses may be none where training goes on all the same. */
static void write_real(double value, char text[SL_REAL_TEXT])
{
    if (isnan(value))
        snprintf(text, SL_REAL_TEXT, "nan");
    else if (isinf(value))
        snprintf(text, SL_REAL_TEXT, "%s", value < 0 ? "-inf" : "inf");
    else
        sl_real_write(value, false, text);
}

static bool read_real(const char *text, double *value)
{
    if (!strcmp(text, "nan"))
        *value = (double)NAN;
    else if (!strcmp(text, "inf") || !strcmp(text, "-inf"))
        *value = text[0] == '-' ? -(double)INFINITY : (double)INFINITY;
    else
        return sl_real_read(text, value);
    return true;
}

static bool read_natural(const char *text, uint64_t most, uint64_t *value)
{
    uint64_t read = 0;
    for (const char *at = text; *at; at++) {
        uint64_t digit = (uint64_t)(*at - '0');
        if (*at < '0' || *at > '9' || read > (UINT64_MAX - digit) / 10)
            return false;
        read = 10 * read + digit;
    }
    *value = read;
    return *text && read <= most;
}

void sl_run_state_write(const struct sl_run_state *state,
                        struct sl_metadata_pair *pairs,
                        struct sl_run_text *texts)
{
    for (int i = 0; i < SL_N_RUN_NUMBERS; i++) {
        const char *from = (const char *)state + numbers[i].offset;
        uint64_t natural;
        double real;
        if (numbers[i].kind == REAL) {
            memcpy(&real, from, sizeof real);
            write_real(real, texts[i].text);
        } else {
            memcpy(&natural, from, sizeof natural);
            snprintf(texts[i].text, sizeof texts[i].text, "%" PRIu64, natural);
        }
        pairs[i] = (struct sl_metadata_pair){numbers[i].key, texts[i].text};
    }
}

sluice_status sl_run_state_read(struct sl_run_state *state,
                                const sluice_safetensors *file,
                                const char *path, sluice_diag *why)
{
    struct sl_run_state read = {0};
    for (int i = 0; i < SL_N_RUN_NUMBERS; i++) {
        char *to = (char *)&read + numbers[i].offset;
        const char *text = sl_safetensors_metadata(file, numbers[i].key);
        uint64_t natural = 0;
        double real = 0;
        if (!text && numbers[i].may_lack)
            continue;
        bool good =
            text && (numbers[i].kind == REAL
                         ? read_real(text, &real)
                         : read_natural(text, numbers[i].most, &natural));
        if (!good)
            return sluice_diag_set(
                why, SLUICE_FORMAT, "%.150s: the metadata's \"%s\" is %s", path,
                numbers[i].key,
                text ? "not a number that it can be" : "missing");
        if (numbers[i].kind == REAL)
            memcpy(to, &real, sizeof real);
        else
            memcpy(to, &natural, sizeof natural);
    }
    *state = read;
    return SLUICE_OK;
}
