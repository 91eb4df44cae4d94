/* Files of devices.  The main thread. */
#include "bench/plan/machine_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bench/cli/number.h"

enum { LINE = 256 };

static const double SLOWEST = 1e-3, FASTEST = 1e3;

/* "speed 0.5 cap 2G", in any order. */
static sluice_status read_traits(char *rest, sluice_plan_device *device,
                                 sluice_diag *why)
{
    uint64_t cap = 0;
    sluice_status st = SLUICE_OK;
    for (char *word; (word = strtok_r(NULL, " \t\r\n", &rest)) && !st;) {
        char *value = strtok_r(NULL, " \t\r\n", &rest);
        if (!value)
            return sluice_diag_set(why, SLUICE_FORMAT, "\"%.32s\" has no value",
                                   word);
        if (!strcmp(word, "speed"))
            st =
                number_parse_real(value, SLOWEST, FASTEST, &device->speed, why);
        else if (!strcmp(word, "cap"))
            st = number_parse_bytes(value, &cap, why);
        else
            st = sluice_diag_set(why, SLUICE_FORMAT,
                                 "a node has no \"%.32s\": it has speed and "
                                 "cap",
                                 word);
    }
    device->cap_bytes = (size_t)cap;
    return st;
}

static sluice_status read_node(struct machine *machine, const char *count,
                               char *rest, sluice_diag *why)
{
    int64_t n;
    sluice_plan_device device = {.node = machine->n_nodes};
    sluice_status st = number_parse_integer(
        count, 1, SLUICE_MAX_DEVICES - machine->n_devices, &n, why);
    if (!st)
        st = read_traits(rest, &device, why);
    for (int64_t i = 0; i < n && !st; i++)
        machine->devices[machine->n_devices++] = device;
    machine->n_nodes++;
    return st;
}

static sluice_status read_line(struct machine *machine, char *line,
                               sluice_diag *why)
{
    char *rest;
    char *word = strtok_r(line, " \t\r\n", &rest);
    if (!word || *word == '#')
        return SLUICE_OK;
    char *value = strtok_r(NULL, " \t\r\n", &rest);
    if (!value)
        return sluice_diag_set(why, SLUICE_FORMAT, "\"%.32s\" has no value",
                               word);
    if (!strcmp(word, "node"))
        return read_node(machine, value, rest, why);
    if (!strcmp(word, "latency"))
        return number_parse_time(value, &machine->latency_ns, why);
    if (!strcmp(word, "network-latency"))
        return number_parse_time(value, &machine->network_ns, why);
    if (!strcmp(word, "bandwidth"))
        return number_parse_bytes(value, &machine->bandwidth, why);
    if (!strcmp(word, "network-bandwidth"))
        return number_parse_bytes(value, &machine->network_bandwidth, why);
    return sluice_diag_set(why, SLUICE_FORMAT,
                           "no \"%.32s\" is known: give node, latency, "
                           "bandwidth, network-latency or network-bandwidth",
                           word);
}

sluice_status machine_read(const char *path, struct machine *machine,
                           sluice_diag *why)
{
    char line[LINE];
    sluice_diag said;
    sluice_status st = SLUICE_OK;
    FILE *in = fopen(path, "re");
    *machine = (struct machine){0};
    if (!in)
        return sluice_diag_set(why, SLUICE_IO, "%.200s: %s", path,
                               strerror(errno));
    int number = 0;
    while (!st && fgets(line, sizeof line, in)) {
        number++;
        st = read_line(machine, line, &said);
    }
    fclose(in);
    if (st)
        return sluice_diag_set(why, SLUICE_FORMAT, "%.200s: line %d: %.150s",
                               path, number, said.text);
    if (!machine->n_devices)
        return sluice_diag_set(why, SLUICE_FORMAT,
                               "%.200s: there is no node: write \"node 2\" for "
                               "two cores",
                               path);
    return SLUICE_OK;
}
