/* Room that a producer knows of.  The thread that creates the pipeline. */
#include "blueprint/abroad/known_room.h"

static bool is_forward(const struct sl_op *op, int stage)
{
    return op->kind == SL_OP_F && op->action.stage == stage;
}

static bool is_backward(const struct sl_op *op, int stage)
{
    return (op->kind == SL_OP_B || op->kind == SL_OP_I) &&
           op->action.stage == stage;
}

/* Whether an operation takes or publishes an item at a boundary of its stage:
 * an activation if `up`, else a gradient. */
static bool moves(const struct sl_op *op, int stage, bool up)
{
    return up ? is_forward(op, stage) : is_backward(op, stage);
}

/* How far the consumer has come, as the producer knows it. */
struct progress {
    const struct sl_program *program;
    int at; /* its next operation */
    int n_taken;
    int n_returned;
};

static void follow(struct progress *consumer, int n_returned, int stage,
                   bool up)
{
    for (; consumer->n_returned < n_returned; consumer->at++) {
        const struct sl_op *op = &consumer->program->ops[consumer->at];
        consumer->n_taken += moves(op, stage, up);
        consumer->n_returned += moves(op, stage, !up);
    }
}

bool sl_room_is_known(const struct sl_boundary_way *way)
{
    bool up = way->to > way->from;
    struct progress consumer = {.program = way->consumer};
    int n_sent = 0, n_back = 0;
    for (int i = 0; i < way->producer->n_ops; i++) {
        const struct sl_op *op = &way->producer->ops[i];
        n_back += moves(op, way->from, !up);
        if (!moves(op, way->from, up))
            continue;
        follow(&consumer, n_back, way->to, up);
        if (n_sent - way->capacity >= consumer.n_taken)
            return false;
        n_sent++;
    }
    return true;
}
