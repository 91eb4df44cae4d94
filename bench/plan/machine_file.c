/* Files of devices.  The main thread. */
#include "bench/plan/machine_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bench/cli/number.h"
#include "bench/plan/text_lines.h"

static const double SLOWEST = 1e-3, FASTEST = 1e3;

/* "speed 0.5 cap 2G", in any order. */
static sluice_status read_traits(char *rest, sluice_plan_device *device,
                                 sluice_diag *why)
{
    uint64_t cap = 0;
    sluice_status st = SLUICE_OK;
    for (char *word; (word = strtok_r(NULL, " \t", &rest)) && !st;) {
        char *value = strtok_r(NULL, " \t", &rest);
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
    int room = SLUICE_MAX_DEVICES - machine->n_devices;
    if (!room)
        return sluice_diag_set(why, SLUICE_FORMAT,
                               "another node, after %d devices: a plan has no "
                               "more",
                               SLUICE_MAX_DEVICES);
    sluice_status st = number_parse_integer(count, 1, room, &n, why);
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
    char *word = strtok_r(line, " \t", &rest);
    if (!word || *word == '#')
        return SLUICE_OK;
    char *value = strtok_r(NULL, " \t", &rest);
    if (!value)
        return sluice_diag_set(why, SLUICE_FORMAT, "\"%.32s\" has no value",
                               word);
    if (!strcmp(word, "node"))
        return read_node(machine, value, rest, why);
    if (!strcmp(word, "latency"))
        return number_parse_time(value, &machine->latency_ns, why);
    if (!strcmp(word, "wake"))
        return number_parse_time(value, &machine->wake_ns, why);
    if (!strcmp(word, "network-latency"))
        return number_parse_time(value, &machine->network_ns, why);
    if (!strcmp(word, "bandwidth"))
        return number_parse_bytes(value, &machine->bandwidth, why);
    if (!strcmp(word, "network-bandwidth"))
        return number_parse_bytes(value, &machine->network_bandwidth, why);
    return sluice_diag_set(why, SLUICE_FORMAT,
                           "no \"%.32s\" is known: give node, latency, "
                           "bandwidth, wake, network-latency or "
                           "network-bandwidth",
                           word);
}

sluice_status machine_parse(FILE *in, struct machine *machine, sluice_diag *why)
{
    struct text_lines lines = {.in = in};
    sluice_diag said;
    bool more = true;
    *machine = (struct machine){0};
    sluice_status st = text_lines_next(&lines, &more, &said);
    while (!st && more) {
        st = read_line(machine, lines.line, &said);
        if (!st)
            st = text_lines_next(&lines, &more, &said);
    }
    if (st)
        return sluice_diag_set(why, st == SLUICE_IO ? st : SLUICE_FORMAT,
                               "line %d: %.200s", lines.number, said.text);
    if (!machine->n_devices)
        return sluice_diag_set(why, SLUICE_FORMAT,
                               "there is no node: write \"node 2\" for two "
                               "cores");
    return SLUICE_OK;
}

sluice_status machine_read(const char *path, struct machine *machine,
                           sluice_diag *why)
{
    sluice_diag said;
    FILE *in = fopen(path, "re");
    if (!in)
        return sluice_diag_set(why, SLUICE_IO, "%.200s: %s", path,
                               strerror(errno));
    sluice_status st = machine_parse(in, machine, &said);
    fclose(in);
    return st ? sluice_diag_set(why, st, "%.200s: %.250s", path, said.text)
              : SLUICE_OK;
}
