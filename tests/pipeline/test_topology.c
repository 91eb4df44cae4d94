/* Cores are counted and claimed as a made-up machine has them, pinned as this
 * one allows. */
#include "pipeline/cores/topology.h"

#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/grid.h"
#include "support/judged_pair.h"
#include "support/process.h"
#include "support/runner.h"

enum { PATH_BYTES = 256, SET_BYTES = sizeof(cpu_set_t[SL_CPU_SETS]) };

/* A folder of CPUs as sysfs has it, and which of them may be used. */
struct machine {
    char folder[PATH_BYTES];
    cpu_set_t allowed[SL_CPU_SETS];
};

static void machine_init(struct machine *machine)
{
    *machine = (struct machine){.folder = "topology-XXXXXX"};
    ck_assert(mkdtemp(machine->folder));
}

static void machine_fini(const struct machine *machine)
{
    char command[2 * PATH_BYTES];
    snprintf(command, sizeof command, "rm -r '%s'", machine->folder);
    ck_assert_int_eq(system(command), 0);
}

/* Add a CPU; `siblings` as Linux writes them, or NULL for no such file. */
static void add_cpu(struct machine *machine, int cpu, const char *siblings)
{
    char path[2 * PATH_BYTES];
    CPU_SET_S(cpu, SET_BYTES, machine->allowed);
    snprintf(path, sizeof path, "%s/cpu%d", machine->folder, cpu);
    ck_assert(!mkdir(path, 0777));
    if (!siblings)
        return;
    strcat(path, "/topology");
    ck_assert(!mkdir(path, 0777));
    strcat(path, "/thread_siblings_list");
    FILE *file = fopen(path, "w");
    ck_assert(file);
    ck_assert_int_ge(fprintf(file, "%s\n", siblings), 0);
    ck_assert(!fclose(file));
}

static void forbid(struct machine *machine, int cpu)
{
    CPU_CLR_S(cpu, SET_BYTES, machine->allowed);
}

static struct sl_topology look(const struct machine *machine)
{
    struct sl_topology topology;
    sl_topology_read(&topology, machine->folder, machine->allowed);
    return topology;
}

/* Two cores of two CPUs, numbered as most machines do. */
static void two_cores(struct machine *machine)
{
    machine_init(machine);
    add_cpu(machine, 0, "0,2");
    add_cpu(machine, 1, "1,3");
    add_cpu(machine, 2, "0,2");
    add_cpu(machine, 3, "1,3");
}

START_TEST(the_cpus_of_a_core_count_once)
{
    struct machine machine;
    struct sl_core cores[3];
    two_cores(&machine);
    struct sl_topology topology = look(&machine);
    ck_assert_int_eq(topology.n_cores, 2);
    ck_assert(!sl_topology_claim(&topology, 3, cores));
    ck_assert(sl_topology_claim(&topology, 2, cores));
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(cores[i].cpu, i);
        sl_core_release(&cores[i]);
    }
    machine_fini(&machine);
}
END_TEST

START_TEST(neighbours_in_a_range_are_one_core)
{
    struct machine machine;
    machine_init(&machine);
    add_cpu(&machine, 10, "10-11");
    add_cpu(&machine, 11, "10-11");
    add_cpu(&machine, 8191, "8191");
    ck_assert_int_eq(look(&machine).n_cores, 2);
    machine_fini(&machine);
}
END_TEST

START_TEST(a_core_is_used_by_the_cpu_that_is_allowed)
{
    struct machine machine;
    struct sl_core core;
    two_cores(&machine);
    forbid(&machine, 0);
    forbid(&machine, 1);
    forbid(&machine, 3);
    struct sl_topology topology = look(&machine);
    ck_assert_int_eq(topology.n_cores, 1);
    ck_assert(sl_topology_claim(&topology, 1, &core));
    ck_assert_int_eq(core.cpu, 2);
    sl_core_release(&core);
    machine_fini(&machine);
}
END_TEST

/* A list is damaged, empty, or not there: the CPU is a core of its own. */
START_TEST(a_cpu_without_siblings_is_a_core)
{
    struct machine machine;
    machine_init(&machine);
    add_cpu(&machine, 0, NULL);
    add_cpu(&machine, 1, "");
    add_cpu(&machine, 2, "-1");
    add_cpu(&machine, 3, "99999999999999");
    ck_assert_int_eq(look(&machine).n_cores, 4);
    machine_fini(&machine);
}
END_TEST

START_TEST(without_sysfs_cores_are_counted_but_none_claimed)
{
    struct machine machine;
    struct sl_core core;
    two_cores(&machine);
    machine_fini(&machine);
    struct sl_topology topology = look(&machine);
    ck_assert_int_eq(topology.n_cores, 4);
    ck_assert(!sl_topology_claim(&topology, 1, &core));
    for (int cpu = 0; cpu < 4; cpu++)
        forbid(&machine, cpu);
    ck_assert_int_eq(look(&machine).n_cores, 1);
}
END_TEST

START_TEST(a_claimed_core_is_free_again_only_when_released)
{
    struct machine machine;
    struct sl_core first, second, third;
    two_cores(&machine);
    struct sl_topology one = look(&machine);
    forbid(&machine, 0); /* to the other, core 0 is CPU 2 */
    struct sl_topology other = look(&machine);
    ck_assert(sl_topology_claim(&one, 1, &first));
    ck_assert_int_eq(first.cpu, 0);
    ck_assert(sl_topology_claim(&other, 1, &second));
    ck_assert_int_eq(second.cpu, 1);
    ck_assert(!sl_topology_claim(&other, 1, &third));
    sl_core_release(&first);
    ck_assert(sl_topology_claim(&other, 1, &third));
    ck_assert_int_eq(third.cpu, 2);
    sl_core_release(&second);
    sl_core_release(&third);
    machine_fini(&machine);
}
END_TEST

START_TEST(a_claim_that_fails_leaves_no_core_claimed)
{
    struct machine machine;
    struct sl_core core, both[2];
    two_cores(&machine);
    struct sl_topology topology = look(&machine);
    int n_open = sl_test_descriptors();
    for (int i = 0; i < 10; i++)
        ck_assert(!sl_topology_claim(&topology, 3, both));
    ck_assert(sl_topology_claim(&topology, 1, &core));
    ck_assert(!sl_topology_claim(&topology, 2, both));
    sl_core_release(&core);
    ck_assert_int_eq(sl_test_descriptors(), n_open);
    ck_assert(sl_topology_claim(&topology, 2, both));
    sl_core_release(&both[0]);
    sl_core_release(&both[1]);
    machine_fini(&machine);
}
END_TEST

/* The child claims core 0 and says so, then waits for the end of its input. */
static void claim_as_child(const struct sl_topology *topology, int said,
                           int input)
{
    struct sl_core core;
    char byte = sl_topology_claim(topology, 1, &core) ? 'y' : 'n';
    if (write(said, &byte, 1) == 1 && read(input, &byte, 1) == 0)
        _exit(0);
    _exit(1);
}

START_TEST(a_claim_holds_against_other_processes_and_ends_with_its_own)
{
    struct machine machine;
    struct sl_core core;
    int said[2], input[2], status;
    char byte = 0;
    two_cores(&machine);
    struct sl_topology topology = look(&machine);
    ck_assert(!pipe(said) && !pipe(input));
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        close(input[1]);
        claim_as_child(&topology, said[1], input[0]);
    }
    close(said[1]);
    ck_assert_int_eq(read(said[0], &byte, 1), 1);
    ck_assert_int_eq(byte, 'y');
    ck_assert(sl_topology_claim(&topology, 1, &core));
    ck_assert_int_eq(core.cpu, 1);
    sl_core_release(&core);
    close(input[1]); /* the child exits without releasing its core */
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    ck_assert(sl_topology_claim(&topology, 1, &core));
    ck_assert_int_eq(core.cpu, 0);
    sl_core_release(&core);
    close(said[0]);
    close(input[0]);
    machine_fini(&machine);
}
END_TEST

/* What a thread that pins itself to the last CPU it may use finds out. */
struct pinned {
    int cpu;     /* of the last one allowed */
    int seen_on; /* where it ran afterwards */
    int n_cores; /* counted afterwards */
    sluice_status st;
};

static void *pin_to_the_last(void *context)
{
    struct pinned *pinned = context;
    cpu_set_t allowed[SL_CPU_SETS] = {0};
    struct sl_topology topology;
    sched_getaffinity(0, SET_BYTES, allowed);
    for (int cpu = 0; cpu < SL_MOST_CPUS; cpu++)
        if (CPU_ISSET_S(cpu, SET_BYTES, allowed))
            pinned->cpu = cpu;
    pinned->st = sl_core_pin(&(struct sl_core){.cpu = pinned->cpu});
    pinned->seen_on = sched_getcpu();
    sl_topology_init(&topology);
    pinned->n_cores = topology.n_cores;
    return NULL;
}

START_TEST(only_cpus_that_the_thread_may_run_on_count)
{
    struct pinned pinned = {0};
    pthread_t thread;
    ck_assert(!pthread_create(&thread, NULL, pin_to_the_last, &pinned));
    pthread_join(thread, NULL);
    ck_assert_int_eq(pinned.st, SLUICE_OK);
    ck_assert_int_eq(pinned.seen_on, pinned.cpu);
    ck_assert_int_eq(pinned.n_cores, 1);
}
END_TEST

START_TEST(a_cpu_that_is_not_there_is_refused)
{
    struct sl_core core = {.cpu = SL_MOST_CPUS - 1};
    ck_assert_int_eq(sl_core_pin(&core), SLUICE_SYSTEM);
}
END_TEST

START_TEST(no_two_pipelines_have_devices_on_one_core)
{
    enum { PIPELINES = 4 };
    struct sl_test_problem p = {0};
    sluice_pipeline *pipes[PIPELINES];
    sluice_device_info infos[PIPELINES];
    sl_test_problem_init(&p, SL_TEST_RELU, 2, 4, NULL);
    p.config.schedule.devices = 1;
    p.config.pinning = SLUICE_PIN_AUTO;
    int n_open = sl_test_descriptors();
    for (int i = 0; i < PIPELINES; i++) {
        ck_assert(!sluice_pipeline_create(&p.config, p.model, &pipes[i], NULL));
        sluice_pipeline_device(pipes[i], 0, &infos[i]);
        for (int other = 0; other < i; other++)
            ck_assert(infos[i].core < 0 || infos[i].core != infos[other].core);
    }
    for (int i = 0; i < PIPELINES; i++)
        sluice_pipeline_destroy(pipes[i]);
    ck_assert_int_eq(sl_test_descriptors(), n_open);
    sl_test_problem_fini(&p);
}
END_TEST

static void keep_note(void *context, sluice_log_level level, const char *text)
{
    char *note = context;
    if (level == SLUICE_LOG_INFO && strstr(text, "is pinned"))
        strcpy(note, "told");
}

/* As many pipelines as there are cores, and one more: one at least has none.
 * Which one also depends on other programs, which may give a core back. */
START_TEST(a_pipeline_that_finds_no_free_core_says_so)
{
    struct sl_topology topology;
    struct sl_test_problem p = {0};
    sluice_pipeline *pipes[SLUICE_MAX_DEVICES];
    sluice_device_info info;
    char note[8];
    sl_topology_init(&topology);
    int n = topology.n_cores < SLUICE_MAX_DEVICES ? topology.n_cores + 1 : 1;
    int n_without = 0;
    sl_test_problem_init(&p, SL_TEST_RELU, 2, 4, NULL);
    p.config.schedule.devices = 1;
    p.config.pinning = SLUICE_PIN_AUTO;
    p.config.log = keep_note;
    p.config.log_context = note;
    for (int i = 0; i < n; i++) {
        note[0] = '\0';
        ck_assert(!sluice_pipeline_create(&p.config, p.model, &pipes[i], NULL));
        sluice_pipeline_device(pipes[i], 0, &info);
        ck_assert_int_eq(info.core < 0, note[0] != '\0');
        n_without += info.core < 0;
    }
    ck_assert(n == 1 || n_without > 0);
    for (int i = 0; i < n; i++)
        sluice_pipeline_destroy(pipes[i]);
    sl_test_problem_fini(&p);
}
END_TEST

SLUICE_TEST_MAIN("pipeline.topology", the_cpus_of_a_core_count_once,
                 neighbours_in_a_range_are_one_core,
                 a_core_is_used_by_the_cpu_that_is_allowed,
                 a_cpu_without_siblings_is_a_core,
                 without_sysfs_cores_are_counted_but_none_claimed,
                 a_claimed_core_is_free_again_only_when_released,
                 a_claim_that_fails_leaves_no_core_claimed,
                 a_claim_holds_against_other_processes_and_ends_with_its_own,
                 only_cpus_that_the_thread_may_run_on_count,
                 a_cpu_that_is_not_there_is_refused,
                 no_two_pipelines_have_devices_on_one_core,
                 a_pipeline_that_finds_no_free_core_says_so)
