/*
 * The order that DualPipe and DualPipe-V share (DeepSeek-AI, 2024, section
 * 3.2.1).  There the forward of one stream and the backward of the other
 * overlap; a CPU thread does one after the other.
 */
#include "sched/generators/patterns/dual.h"

#include <stdint.h>

enum { MAX_OWED = SLUICE_SCHEDULE_MAX_DEVICES + 1 };

/* What has been written. */
struct dual {
    struct sl_writer *writer;
    struct sl_stream stream[2];
    int n_forward[2];
    int n_backward[2];
    int n_weight[2];        /* W's, or B's, which have them inside */
    bool splits;            /* backwards are I's; their W's are owed */
    int first_owed, n_owed; /* in `owed`: never more than one phase's */
    uint8_t owed[MAX_OWED]; /* to which stream; first in, first out */
};

static void forward(struct dual *dual, int i)
{
    struct sl_stream stream = dual->stream[i];
    int m = stream.first + dual->n_forward[i]++;
    sl_write(dual->writer, SLUICE_F, stream.stage, m);
}

/* No B follows an I whose W is still owed: a stream's W's come in its order. */
static void backward(struct dual *dual, int i)
{
    struct sl_stream stream = dual->stream[i];
    int m = stream.first + dual->n_backward[i]++;
    sl_write(dual->writer, dual->splits ? SLUICE_I : SLUICE_B, stream.stage, m);
    if (dual->splits)
        dual->owed[(dual->first_owed + dual->n_owed++) % MAX_OWED] = (uint8_t)i;
    else
        dual->n_weight[i]++;
}

static void weight(struct dual *dual)
{
    int i = dual->owed[dual->first_owed];
    struct sl_stream stream = dual->stream[i];
    dual->first_owed = (dual->first_owed + 1) % MAX_OWED;
    dual->n_owed--;
    sl_write(dual->writer, SLUICE_W, stream.stage,
             stream.first + dual->n_weight[i]++);
}

/* Phases 1 to 3: until both streams flow both ways. */
static void warm_up(struct dual *dual, int far, int half)
{
    for (int i = 0; i < 2 * (half - far - 1); i++)
        forward(dual, 0);
    for (int i = 0; i < far + 1; i++) {
        forward(dual, 0);
        forward(dual, 1);
    }
    dual->splits = true;
    for (int i = 0; i < half - far - 1; i++) {
        backward(dual, 1);
        weight(dual);
        forward(dual, 1);
    }
    dual->splits = false;
}

/* Phases 4 and 5. */
static void steady(struct dual *dual, int n, int far, int half)
{
    for (int i = 0; i < n - 2 * half + far + 1; i++) {
        forward(dual, 0);
        backward(dual, 1);
        forward(dual, 1);
        backward(dual, 0);
    }
    for (int i = 0; i < half - far - 1; i++) {
        backward(dual, 1);
        forward(dual, 1);
        backward(dual, 0);
    }
}

/* Phases 6 to 8: from the middle of 6 on W's fill the time that others need to
 * hand gradients on. */
static void cool_down(struct dual *dual, int far, int half)
{
    int n = far + 1;
    for (int i = 0; i < n; i++) {
        dual->splits |= i == n / 2 && far % 2 == 1;
        backward(dual, 1);
        dual->splits |= i == n / 2 && far % 2 == 0;
        backward(dual, 0);
    }
    dual->splits = true;
    for (int i = 0; i < half - far - 1; i++) {
        weight(dual);
        backward(dual, 0);
    }
    while (dual->n_owed)
        weight(dual);
}

void sl_write_dual(struct sl_writer *writer, struct sl_stream first,
                   struct sl_stream second, int n, int far, int half)
{
    struct dual dual = {.writer = writer, .stream = {first, second}};
    warm_up(&dual, far, half);
    steady(&dual, n, far, half);
    cool_down(&dual, far, half);
    sl_write_updates(writer);
}
