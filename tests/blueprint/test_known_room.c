/* Which producers know of room by what comes back, one claim at a time. */
#include "blueprint/abroad/known_room.h"

#include "support/runner.h"

enum { MOST = 8 };

/* "F0 F1 B0" of a stage. */
struct line {
    struct sl_op ops[2 * MOST];
    struct sl_program program;
};

static void read_line(struct line *line, int stage, const char *text)
{
    *line = (struct line){0};
    line->program.ops = line->ops;
    for (; *text; text++)
        line->ops[line->program.n_ops++] = (struct sl_op){
            .kind = *text == 'F'   ? SL_OP_F
                    : *text == 'B' ? SL_OP_B
                    : *text == 'I' ? SL_OP_I
                                   : SL_OP_W,
            .action.stage = stage,
        };
}

/* Of stages 2 and 3: activations, or gradients. */
static bool is_known(const char *earlier, const char *later, bool up,
                     int capacity)
{
    struct line first, second;
    read_line(&first, 2, earlier);
    read_line(&second, 3, later);
    const struct sl_boundary_way way = {
        up ? &first.program : &second.program,
        up ? &second.program : &first.program,
        up ? 2 : 3,
        up ? 3 : 2,
        capacity,
    };
    return sl_room_is_known(&way);
}

START_TEST(all_forwards_first_are_known_up_to_the_capacity_only)
{
    ck_assert(!is_known("FFFFBBBB", "FFFFBBBB", true, 1));
    ck_assert(!is_known("FFFFBBBB", "FFFFBBBB", true, 3));
    ck_assert(is_known("FFFFBBBB", "FFFFBBBB", true, 4));
    ck_assert(!is_known("FFFF", "FFFF", true, 3));
    ck_assert(is_known("FFFF", "FFFF", true, 4));
}
END_TEST

/* F2 follows B0, which the consumer sent after it had taken item 0. */
START_TEST(one_forward_one_backward_is_known_with_two_places)
{
    ck_assert(is_known("FFBFBFBB", "FBFBFBFB", true, 2));
    ck_assert(!is_known("FFBFBFBB", "FBFBFBFB", true, 1));
    ck_assert(is_known("FFBFBFBB", "FBFBFBFB", false, 2));
    ck_assert(is_known("FFIWFIWFIWIW", "FIFIFIFIWWWW", true, 2));
}
END_TEST

/* B2 goes to a device that may not have taken B1. */
START_TEST(gradients_one_after_the_other_are_not_known)
{
    ck_assert(!is_known("FFFBBB", "FFFBBB", false, 1));
    ck_assert(!is_known("FFFBBB", "FFFBBB", false, 2));
    ck_assert(is_known("FFFBBB", "FFFBBB", false, 3));
}
END_TEST

START_TEST(a_strict_exchange_is_known_with_one_place)
{
    ck_assert(is_known("FBFBFB", "FBFBFB", true, 1));
    ck_assert(is_known("FBFBFB", "FBFBFB", false, 1));
}
END_TEST

/* What another stage of the same device sends back is of other items. */
START_TEST(other_stages_of_the_devices_do_not_count)
{
    struct line line, other;
    read_line(&line, 2, "FBFB");
    read_line(&other, 3, "FBFB");
    line.ops[1].action.stage = 0;
    const struct sl_boundary_way way = {&line.program, &other.program, 2, 3, 1};
    ck_assert(!sl_room_is_known(&way));
}
END_TEST

SLUICE_TEST_MAIN("blueprint.known_room",
                 all_forwards_first_are_known_up_to_the_capacity_only,
                 one_forward_one_backward_is_known_with_two_places,
                 gradients_one_after_the_other_are_not_known,
                 a_strict_exchange_is_known_with_one_place,
                 other_stages_of_the_devices_do_not_count)
