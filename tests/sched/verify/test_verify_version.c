/* What the rule `version` counts, against a count by the definition, and what
 * it says. */
#include <sluice/schedule_text.h>

#include "sched/random_plan.h"
#include "sched/verify/findings.h"
#include "support/runner.h"

enum { N_SCHEDULES = 2000, MOST = 4 * NAIVE_MICROBATCHES };

/* One stage's list, and what its actions use or make. */
struct list {
    sluice_action actions[MOST];
    int versions[MOST];
    int n;
};

static void put(struct list *list, sluice_action action, int version)
{
    list->actions[list->n] = action;
    list->versions[list->n++] = version;
}

/* Forwards, with any version that there is, backwards and UPDATEs in any order
 * that is allowed. */
static void write_list(struct list *list, int microbatches, struct dice *dice)
{
    int used[NAIVE_MICROBATCHES];
    int forwards = 0, backwards = 0, newest = 1;
    bool owes = false;
    list->n = 0;
    while (backwards < microbatches || owes) {
        int side = roll(dice, 3);
        if (side == 0 && forwards < microbatches) {
            int m = forwards++;
            used[m] = 1 + roll(dice, newest);
            put(list, (sluice_action){SLUICE_F, 0, m, used[m]}, used[m]);
        } else if (side == 1 && backwards < forwards) {
            int m = backwards++;
            put(list, (sluice_action){SLUICE_B, 0, m, 0}, used[m]);
            owes = true;
        } else if (side == 2 && owes) {
            put(list, (sluice_action){SLUICE_UPDATE, 0, -1, 0}, ++newest);
            owes = false;
        }
    }
}

/* Versions from the oldest that is used behind the UPDATE at `i` on. */
static int kept_at(const struct list *list, int i)
{
    int oldest = list->versions[i];
    for (int j = i + 1; j < list->n; j++)
        if (list->actions[j].kind != SLUICE_UPDATE &&
            list->versions[j] < oldest)
            oldest = list->versions[j];
    return list->versions[i] - oldest + 1;
}

/* Updates between what the gradients of the UPDATE at `i` used and what it is
 * applied to. */
static int stale_at(const struct list *list, int i)
{
    int most = 0;
    for (int j = i - 1; j >= 0 && list->actions[j].kind != SLUICE_UPDATE; j--) {
        int gap = list->versions[i] - 1 - list->versions[j];
        if (list->actions[j].kind == SLUICE_B && gap > most)
            most = gap;
    }
    return most;
}

static sluice_schedule *schedule_of(const struct list *list, int microbatches)
{
    sluice_schedule *schedule = NULL;
    ck_assert(!sluice_schedule_create(1, 1, microbatches, (const int[]){0},
                                      NULL, &schedule, NULL));
    for (int i = 0; i < list->n; i++)
        ck_assert(!sluice_schedule_append(schedule, 0, list->actions[i], NULL));
    return schedule;
}

static sluice_device_facts facts_of(const struct list *list, int microbatches)
{
    sluice_schedule *schedule = schedule_of(list, microbatches);
    sluice_device_facts facts;
    sluice_diag why = {.text = ""};
    ck_assert_msg(!sluice_schedule_verify(schedule, &(sluice_verify_config){0},
                                          &facts, &why),
                  "%s", why.text);
    sluice_schedule_destroy(schedule);
    return facts;
}

START_TEST(versions_and_staleness_are_those_of_their_definition)
{
    struct dice dice = {.at = 0};
    int n_many = 0;
    for (int i = 0; i < N_SCHEDULES; i++) {
        struct list list;
        int versions = 1, staleness = 0, updates = 0;
        int microbatches = 1 + roll(&dice, NAIVE_MICROBATCHES);
        write_list(&list, microbatches, &dice);
        for (int at = 0; at < list.n; at++) {
            if (list.actions[at].kind != SLUICE_UPDATE)
                continue;
            int kept = kept_at(&list, at), stale = stale_at(&list, at);
            versions = kept > versions ? kept : versions;
            staleness = stale > staleness ? stale : staleness;
            updates++;
        }
        sluice_device_facts facts = facts_of(&list, microbatches);
        ck_assert_int_eq(facts.peak_versions, updates > 1 ? versions : 1);
        ck_assert_int_eq(facts.max_staleness, staleness);
        n_many += versions > 2;
    }
    ck_assert_int_gt(n_many, N_SCHEDULES / 10);
}
END_TEST

/* Each action's version, each gradient's UPDATE, each UPDATE's staleness. */
static void assert_found(const struct list *list,
                         const struct sl_findings *found)
{
    int updates = 0;
    for (int i = 0; i < list->n; i++) {
        sluice_action action = list->actions[i];
        if (action.kind == SLUICE_UPDATE) {
            ck_assert_int_eq(sl_staleness_of(found, 0, updates),
                             stale_at(list, i));
            updates++;
            continue;
        }
        ck_assert_int_eq(sl_version_used(found, 0, action.microbatch),
                         list->versions[i]);
        if (action.kind == SLUICE_B)
            ck_assert_int_eq(found->update_of[action.microbatch], updates);
    }
    ck_assert_int_eq(found->n_updates, updates);
}

START_TEST(what_is_handed_on_about_each_action_is_by_the_definition)
{
    struct dice dice = {.at = 0};
    for (int i = 0; i < N_SCHEDULES; i++) {
        struct list list;
        struct sl_findings found;
        int microbatches = 1 + roll(&dice, NAIVE_MICROBATCHES);
        write_list(&list, microbatches, &dice);
        sluice_device_facts facts = facts_of(&list, microbatches);
        sluice_schedule *schedule = schedule_of(&list, microbatches);
        ck_assert(
            !sl_verify(schedule, &(sluice_verify_config){0}, &found, NULL));
        assert_found(&list, &found);
        ck_assert_int_eq(found.versions[0], facts.peak_versions);
        ck_assert_int_eq(sl_max_staleness(&found), facts.max_staleness);
        sl_findings_fini(&found);
        sluice_schedule_destroy(schedule);
    }
}
END_TEST

static sluice_schedule *read_csv(const char *text)
{
    sluice_schedule *schedule = NULL;
    sluice_diag why = {.text = ""};
    ck_assert_msg(!sluice_schedule_parse_csv(text, strlen(text), SLUICE_CSV_NEW,
                                             NULL, &schedule, &why),
                  "%s", why.text);
    return schedule;
}

static void assert_refused(const char *text, const char *says)
{
    sluice_schedule *schedule = read_csv(text);
    sluice_diag why = {.text = ""};
    ck_assert_int_eq(sluice_schedule_verify(
                         schedule, &(sluice_verify_config){0}, NULL, &why),
                     SLUICE_SCHEDULE);
    ck_assert_str_eq(why.text, says);
    sluice_schedule_destroy(schedule);
}

START_TEST(an_update_before_its_gradient_is_to_be_moved)
{
    assert_refused("0F0,0UPDATE,0B0,0UPDATE\n",
                   "complete: 0UPDATE at position 1 of device 0 has no "
                   "gradient to apply: the next of its stage is that of 0B0 at "
                   "position 2: move it behind that, or remove it");
    assert_refused("0F0,0F1,0B0,0UPDATE,0UPDATE,0I1,0W1\n",
                   "complete: 0UPDATE at position 4 of device 0 has no "
                   "gradient to apply: the next of its stage is that of 0W1 at "
                   "position 6: move it behind that, or remove it");
}
END_TEST

START_TEST(an_update_with_no_gradient_left_is_one_too_many)
{
    assert_refused("0F0,1F0,1B0,0B0,0UPDATE,1UPDATE,0UPDATE\n",
                   "complete: 0UPDATE at position 6 of device 0 is there "
                   "twice: after that at position 4 no gradient comes: "
                   "remove one");
}
END_TEST

START_TEST(versions_that_are_not_there_are_refused)
{
    assert_refused("0F0@2,0B0,0UPDATE,0F1,0B1,0UPDATE\n",
                   "version: 0F0@2 at position 0 of device 0 comes when the "
                   "newest version is 1: use that, an older one, or wait for "
                   "an UPDATE");
    assert_refused("0F0,0B0@2,0UPDATE,0F1,0B1,0UPDATE\n",
                   "version: 0B0@2 at position 1 of device 0 belongs to a "
                   "forward with version 1: name that one, or none");
}
END_TEST

START_TEST(copies_have_one_update_a_stage)
{
    assert_refused("0F0,0B0,0UPDATE,0UPDATE\n1F1,1B1,1UPDATE\n",
                   "complete: 0UPDATE at position 3 of device 0 is there "
                   "twice: with 2 copies of the model a stage has one UPDATE: "
                   "remove one");
}
END_TEST

START_TEST(a_send_behind_an_update_keeps_no_version)
{
    static const char text[] =
        "0F0,0SEND_F0,0RECV_B0,0B0,0UPDATE,0F1,0SEND_F1,0RECV_B1,0B1,0UPDATE\n"
        "1RECV_F0,1F0,1B0,1UPDATE,1SEND_B0,1RECV_F1,1F1,1B1,1UPDATE,1SEND_B1\n";
    sluice_schedule *schedule = read_csv(text);
    sluice_device_facts facts[2];
    ck_assert(!sluice_schedule_verify(schedule, &(sluice_verify_config){0},
                                      facts, NULL));
    ck_assert_int_eq(facts[0].peak_versions, 1);
    ck_assert_int_eq(facts[1].peak_versions, 1);
    sluice_schedule_destroy(schedule);
}
END_TEST

SLUICE_TEST_MAIN("sched.verify_version",
                 versions_and_staleness_are_those_of_their_definition,
                 what_is_handed_on_about_each_action_is_by_the_definition,
                 an_update_before_its_gradient_is_to_be_moved,
                 an_update_with_no_gradient_left_is_one_too_many,
                 versions_that_are_not_there_are_refused,
                 copies_have_one_update_a_stage,
                 a_send_behind_an_update_keeps_no_version)
