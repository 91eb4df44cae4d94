/* The tables of links and collectives: what is made for which ends. */
#include "chan/collective_kind.h"
#include "chan/link_kind.h"

#include <string.h>

#include "support/runner.h"

static char anything; /* a world of which only the address is asked */
static sluice_world *const world = (sluice_world *)&anything;

static const char *kind_of_link(const struct sl_link_site *site)
{
    const struct sl_link_kind *kind = NULL;
    for (int i = 0; (kind = sl_link_kind_at(i)) && !kind->joins(site);)
        i++;
    return kind ? kind->name : "none";
}

START_TEST(a_link_is_made_by_where_its_ends_are)
{
    struct sl_link_site here = {.producer = 0, .consumer = 0};
    struct sl_link_site elsewhere = {
        .world = world, .producer = 1, .consumer = 1};
    struct sl_link_site between = {
        .world = world, .producer = 1, .consumer = 2};
    ck_assert_str_eq(kind_of_link(&here), "local");
    ck_assert_str_eq(kind_of_link(&elsewhere), "local");
    ck_assert_str_eq(kind_of_link(&between), "mpi");
    between.rank = 2;
    ck_assert_str_eq(kind_of_link(&between), "mpi");
}
END_TEST

static const char *kind_of_collective(const struct sl_collective_site *site)
{
    const struct sl_collective_kind *kind = NULL;
    for (int i = 0; (kind = sl_collective_kind_at(i)) && !kind->joins(site);)
        i++;
    return kind ? kind->name : "none";
}

START_TEST(a_collective_is_made_by_where_its_members_are)
{
    const int one[] = {2, 2, 2}, several[] = {2, 2, 0};
    struct sl_collective_site site = {
        .world = world, .collective = {.n_members = 3}, .processes = one};
    ck_assert_str_eq(kind_of_collective(&site), "local");
    site.rank = 2;
    ck_assert_str_eq(kind_of_collective(&site), "local");
    ck_assert_int_eq(sl_collective_n_near(&site), 3);
    site.processes = several;
    ck_assert_str_eq(kind_of_collective(&site), "mpi");
    ck_assert_int_eq(sl_collective_n_near(&site), 2);
}
END_TEST

START_TEST(ends_that_no_kind_joins_are_refused_by_number)
{
    const int several[] = {0, 1};
    const struct sl_link_site pair = {.producer = 3, .consumer = 5};
    const struct sl_collective_site members = {.collective = {.n_members = 2},
                                               .processes = several};
    struct sl_link *link;
    struct sl_collective *collective;
    sluice_diag why;
    ck_assert_int_eq(sl_link_make(&pair, &link, &why), SLUICE_INVALID);
    ck_assert(strstr(why.text, "process 3 and process 5"));
    ck_assert_int_eq(sl_collective_make(&members, &collective, &why),
                     SLUICE_INVALID);
    ck_assert(strstr(why.text, "joins 2 members"));
}
END_TEST

START_TEST(what_lies_in_another_process_is_not_made_here)
{
    const int processes[] = {1, 1};
    const struct sl_link_site pair = {
        .world = world,
        .producer = 1,
        .consumer = 1,
        .link = {.slots = {.n_slots = 1}, .capacity = 1}};
    const struct sl_collective_site members = {
        .world = world, .collective = {.n_members = 2}, .processes = processes};
    struct sl_link *link = (struct sl_link *)&anything;
    struct sl_collective *collective = (struct sl_collective *)&anything;
    ck_assert_int_eq(sl_link_make(&pair, &link, NULL), SLUICE_OK);
    ck_assert_ptr_null(link);
    ck_assert_int_eq(sl_collective_make(&members, &collective, NULL),
                     SLUICE_OK);
    ck_assert_ptr_null(collective);
}
END_TEST

static void *refuse(void *context, size_t bytes, size_t align)
{
    (void)context;
    (void)bytes;
    (void)align;
    return NULL;
}

static void release(void *context, void *memory, size_t bytes)
{
    (void)context;
    (void)bytes;
    (void)memory;
}

START_TEST(what_there_is_no_memory_for_is_named)
{
    const sluice_allocator none = {.allocate = refuse, .release = release};
    const int processes[] = {0, 0};
    const struct sl_link_site pair = {
        .link = {.slots = {.n_slots = 1}, .capacity = 1, .allocator = &none}};
    const struct sl_collective_site members = {
        .collective = {.n_members = 2, .allocator = &none},
        .processes = processes};
    struct sl_link *link;
    struct sl_collective *collective;
    sluice_diag why;
    ck_assert_int_eq(sl_link_make(&pair, &link, &why), SLUICE_NO_MEMORY);
    ck_assert_str_eq(why.text, "out of memory for a link between devices");
    ck_assert_int_eq(sl_collective_make(&members, &collective, &why),
                     SLUICE_NO_MEMORY);
    ck_assert_str_eq(why.text, "out of memory for the pipeline's collectives");
}
END_TEST

SLUICE_TEST_MAIN("kinds", a_link_is_made_by_where_its_ends_are,
                 a_collective_is_made_by_where_its_members_are,
                 ends_that_no_kind_joins_are_refused_by_number,
                 what_lies_in_another_process_is_not_made_here,
                 what_there_is_no_memory_for_is_named)
