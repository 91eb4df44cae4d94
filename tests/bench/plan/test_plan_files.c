/* Files of devices and of costs: every sentence with which one is refused. */
#include "bench/plan/costs_file.h"
#include "bench/plan/machine_file.h"

#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include <sluice/schedule.h>

#include "support/runner.h"

struct refusal {
    const char *text;
    const char *says; /* after the path and ": " */
};

#define HEAD                                                                   \
    "team,microbatches,layer,F,B,I,W,R,UPDATE,first_F,first_B,REDUCE_GRAD,"    \
    "once"
#define NUMBERS "10,20,9,11,10,3,5,6,7,0"

static const struct refusal of_machines[] = {
    {"", "there is no node: write \"node 2\" for two cores"},
    {"latency 1us\n", "there is no node: write \"node 2\" for two cores"},
    {"# one\n\nnode\n", "line 3: \"node\" has no value"},
    {"node x\n", "line 1: \"x\" is not an integer from 1 to 64"},
    {"node 63\nnode 2\n", "line 2: \"2\" is not an integer from 1 to 1"},
    {"node 64\nnode 1\n",
     "line 2: another node, after 64 devices: a plan has no more"},
    {"node 2 speed\n", "line 1: \"speed\" has no value"},
    {"node 2 speed 0\n", "line 1: \"0\" is not a number from 0.001 to 1000"},
    {"node 2 cap 1X\n",
     "line 1: \"1X\" is not a number of bytes up to 2^52, such as 65536, 64K "
     "or 1.5G"},
    {"node 2 weight 1\n",
     "line 1: a node has no \"weight\": it has speed and cap"},
    {"latency 3\n", "line 1: \"3\" is not a time of at most an hour with its "
                    "unit (ns, us, ms or s), such as 100us"},
    {"speed 2\n", "line 1: no \"speed\" is known: give node, latency, "
                  "bandwidth, wake, network-latency or network-bandwidth"},
    {"node 1\nnode \xff\n", "line 2: has a byte 255 at position 5: write "
                            "ASCII, or a remark, which begins with #"},
};

static const struct refusal of_costs[] = {
    {"layer,F\n", "line 1 is not \"" HEAD "\", which may end in \",S,T\""},
    {HEAD ",S\n", "line 1 is not \"" HEAD "\", which may end in \",S,T\""},
    {HEAD ",S,T\n1,4,0," NUMBERS "\n",
     "line 2 is not 15 whole numbers between commas"},
    {HEAD "\nwake,-1\n",
     "line 2 has no time to wake: write \"wake,50000\" for 50 us"},
    {HEAD "\nwake,1us\n",
     "line 2 has no time to wake: write \"wake,50000\" for 50 us"},
    {HEAD "\n1,4,0,1\n", "line 2 is not 13 whole numbers between commas"},
    {HEAD "\n1,4,0," NUMBERS ",7\n",
     "line 2 is not 13 whole numbers between commas"},
    {HEAD "\n1,4,0,10,20,9,11,10,3,5,6,7,2\n",
     "line 2 has 2 as once: write 0 or 1"},
    {HEAD "\n1,4,2," NUMBERS "\n",
     "line 2 is of layer 2, and the model has 2 layers"},
    {HEAD "\n1,4,-1," NUMBERS "\n",
     "line 2 is of layer -1, and the model has 2 layers"},
    {HEAD "\n1,4,0," NUMBERS "\n",
     "has no costs of layer 1 with 4 micro-batches and teams of 1: measure "
     "them, or leave 4 out of --microbatches or 1 out of --team"},
    {HEAD "\n2,4,0," NUMBERS "\n1,4,1," NUMBERS "\n",
     "has no costs of layer 0 with 4 micro-batches and teams of 1: measure "
     "them, or leave 4 out of --microbatches or 1 out of --team"},
};

static void write_file(const char *text)
{
    FILE *out = fopen("plan_file", "we");
    ck_assert_ptr_nonnull(out);
    fputs(text, out);
    ck_assert_int_eq(fclose(out), 0);
}

static sluice_status read_machine(const char *path, sluice_diag *why)
{
    struct machine machine;
    return machine_read(path, &machine, why);
}

static sluice_status read_costs(const char *path, sluice_diag *why)
{
    static const int microbatches[] = {4}, team[] = {1};
    static const struct costs_shape shape = {team, 1, microbatches, 1, 2, NULL};
    int64_t cells[2][2 * SLUICE_N_ACTION_KINDS];
    const struct costs_tables tables = {cells[0], cells[1], NULL, NULL};
    return costs_read(path, &shape, &tables, why);
}

typedef sluice_status reader(const char *path, sluice_diag *why);

static void assert_says(reader *read, const char *text, const char *says)
{
    sluice_diag why = {.text = ""};
    write_file(text);
    ck_assert_int_eq(read("plan_file", &why), SLUICE_FORMAT);
    ck_assert_msg(!strncmp(why.text, "plan_file: ", 11) &&
                      !strcmp(why.text + 11, says),
                  "%s\nnot: %s", why.text, says);
    remove("plan_file");
}

static void assert_too_long(reader *read, const char *says)
{
    char text[600];
    memset(text, '1', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_says(read, text, says);
}

static void assert_unreadable(reader *read)
{
    sluice_diag why = {.text = ""};
    ck_assert_int_eq(read("not/there", &why), SLUICE_IO);
    ck_assert_str_eq(why.text, "not/there: No such file or directory");
    ck_assert_int_eq(read("/", &why), SLUICE_IO);
}

START_TEST(every_refusal_of_a_machine_says_line_and_what_to_write)
{
    for (size_t i = 0; i < sizeof of_machines / sizeof *of_machines; i++)
        assert_says(read_machine, of_machines[i].text, of_machines[i].says);
    assert_too_long(read_machine,
                    "line 1: is longer than 510 bytes: end it before");
    assert_unreadable(read_machine);
}
END_TEST

START_TEST(every_refusal_of_costs_says_line_and_what_is_wrong)
{
    for (size_t i = 0; i < sizeof of_costs / sizeof *of_costs; i++)
        assert_says(read_costs, of_costs[i].text, of_costs[i].says);
    assert_too_long(read_costs,
                    "line 1 is longer than 510 bytes: end it before");
    assert_unreadable(read_costs);
}
END_TEST

/* A file is not longer than 64 bytes. */
static sluice_status write_costs(bool is_full, sluice_diag *why)
{
    static const int microbatches[] = {4}, team[] = {1};
    static const struct costs_shape shape = {team, 1, microbatches, 1, 2, NULL};
    static int64_t cells[2][2 * SLUICE_N_ACTION_KINDS];
    const struct costs_tables tables = {cells[0], cells[1], NULL, NULL};
    struct rlimit before, full;
    ck_assert(!getrlimit(RLIMIT_FSIZE, &before));
    full = before;
    full.rlim_cur = 64;
    if (is_full)
        ck_assert(!setrlimit(RLIMIT_FSIZE, &full));
    sluice_status st = costs_write("plan_file", &shape, &tables, why);
    ck_assert(!setrlimit(RLIMIT_FSIZE, &before));
    return st;
}

START_TEST(costs_are_written_as_a_whole_or_not_at_all)
{
    sluice_diag why = {.text = ""};
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(write_costs(true, &why), SLUICE_IO);
    ck_assert_msg(!strncmp(why.text, "plan_file: ", 11), "%s", why.text);
    ck_assert(access("plan_file", F_OK));
    ck_assert_int_eq(write_costs(false, &why), SLUICE_OK);
    ck_assert_int_eq(read_costs("plan_file", &why), SLUICE_OK);
    ck_assert_int_eq(write_costs(true, &why), SLUICE_IO);
    ck_assert_int_eq(read_costs("plan_file", &why), SLUICE_OK);
    remove("plan_file");
    ck_assert_int_eq(costs_write("not/there", &(struct costs_shape){0},
                                 &(struct costs_tables){0}, &why),
                     SLUICE_IO);
}
END_TEST

START_TEST(a_machine_has_what_its_lines_say)
{
    struct machine machine;
    write_file("# J\xc3\xbcrgen's\nlatency 300ns\r\nbandwidth 8G\n"
               "network-latency 50us\nnetwork-bandwidth 1G\n"
               "node 2\nnode 1 cap 2G speed 0.5");
    ck_assert_int_eq(machine_read("plan_file", &machine, NULL), SLUICE_OK);
    remove("plan_file");
    ck_assert_int_eq(machine.n_devices, 3);
    ck_assert_int_eq(machine.n_nodes, 2);
    ck_assert_int_eq(machine.latency_ns, 300);
    ck_assert_int_eq(machine.network_ns, 50000);
    ck_assert_uint_eq(machine.bandwidth, 8ULL << 30);
    ck_assert_uint_eq(machine.network_bandwidth, 1ULL << 30);
    ck_assert_int_eq(machine.devices[1].node, 0);
    ck_assert(machine.devices[2].speed == 0.5);
    ck_assert_uint_eq(machine.devices[2].cap_bytes, 2ULL << 30);
}
END_TEST

/* What a thread takes to wake, and S and T, are read as they were written. */
START_TEST(costs_are_read_as_they_were_written)
{
    enum { CELLS = 2 * SLUICE_N_ACTION_KINDS };
    static const int one[] = {1}, four[] = {4};
    const struct costs_shape shape = {one, 1, four, 1, 2, NULL, true};
    int64_t written[2][CELLS] = {{0}}, again[2][CELLS], wake[] = {12345, 0};
    for (int i = 0; i < CELLS; i++)
        written[0][i] = i % SLUICE_N_ACTION_KINDS <= SLUICE_UPDATE ? 10 + i : 0;
    const struct costs_tables from = {written[0], written[1], NULL, NULL, wake};
    const struct costs_tables to = {again[0], again[1], NULL, NULL, &wake[1]};
    /* Another name of an older file stays that of the older file. */
    write_file("older\n");
    ck_assert_int_eq(link("plan_file", "plan_file_older"), 0);
    ck_assert(!costs_write("plan_file", &shape, &from, NULL));
    FILE *older = fopen("plan_file_older", "re");
    ck_assert_ptr_nonnull(older);
    ck_assert_int_eq(fgetc(older), 'o');
    fclose(older);
    remove("plan_file_older");
    ck_assert(!costs_read("plan_file", &shape, &to, NULL));
    remove("plan_file");
    ck_assert_mem_eq(written, again, sizeof written);
    ck_assert_int_eq(wake[1], 12345);
}
END_TEST

SLUICE_TEST_MAIN("bench.plan_files",
                 every_refusal_of_a_machine_says_line_and_what_to_write,
                 every_refusal_of_costs_says_line_and_what_is_wrong,
                 costs_are_written_as_a_whole_or_not_at_all,
                 costs_are_read_as_they_were_written,
                 a_machine_has_what_its_lines_say)
