/* history: the witnesses of a ledger, where they are read and written, and the guard that goes by them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "pipeline/ledger_continuity.h"

#define HEAD  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"

struct place {
    char folder[32], ledger[64], report[64];
    struct job job;
    struct ledger_identity identity;
    struct error error;
};

static int make_place(void **state)
{
    struct place *place = test_calloc(1, sizeof *place);
    snprintf(place->folder, sizeof place->folder, "/tmp/kyc-history-XXXXXX");
    assert_non_null(mkdtemp(place->folder));
    snprintf(place->ledger, sizeof place->ledger, "%s/x.ledger", place->folder);
    snprintf(place->report, sizeof place->report, "%s/report", place->folder);
    place->job = (struct job){.name = "x",
                              .ledger_path = place->ledger,
                              .report_folder = place->report,
                              .run_report = place->report};
    place->identity =
        (struct ledger_identity){.job = "x", .provider = "kira", .base_url = slice_from("https://a.example")};
    *state = place;
    return 0;
}

static int remove_place(void **state)
{
    struct place *place = *state;
    char command[64];
    snprintf(command, sizeof command, "rm -rf %s", place->folder);
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): a fixed command of a test */
    test_free(place);
    return 0;
}

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static const char *beside(const struct place *place, const char *suffix)
{
    static char path[96];
    snprintf(path, sizeof path, "%s%s", place->ledger, suffix);
    return path;
}

/* What ledger_continuity_check_exists says of a ledger that is not there: -2 when it could not even be read.
 */
static int missing(struct place *place)
{
    struct ledger_continuity *history = ledger_continuity_load(&place->job, &place->identity, &place->error);
    int result = history ? ledger_continuity_check_exists(history, &place->error) : -2;

    ledger_continuity_free(history);
    return result;
}

static void the_summary_of_an_old_version_is_a_witness(void **state)
{
    struct place *place = *state;
    char path[80];
    static const struct {
        const char *sentence, *summary;
        int want;
    } examples[] = {
        {"a head", "{\"read\":1,\"chain_head\":\"" HEAD "\"}", -1},
        {"a head of this job", "{\"job\":\"x\",\"chain_head\":\"" HEAD "\"}", -1},
        {"of another job", "{\"job\":\"y\",\"chain_head\":\"" HEAD "\"}", 0},
        {"of a ledger before its first event", "{\"chain_head\":\"" ZEROS "\"}", 0},
        {"none", "{\"read\":1}", 0},
        {"an empty one", "{\"chain_head\":\"\"}", 0},
        {"one that is too short", "{\"chain_head\":\"0123\"}", 0},
        {"one that is no text", "{\"chain_head\":null}", 0},
        {"one inside something else", "{\"plan\":{\"chain_head\":\"" HEAD "\"}}", 0},
        {"a report that was cut", "{\"chain_head\":\"" HEAD "\"", -2},
        {"an empty report", "", -2},
        {"a report that is no object", "[]", -2},
    };
    assert_int_equal(mkdir(place->report, 0700), 0);
    snprintf(path, sizeof path, "%s/summary.json", place->report);
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        write_text(path, examples[i].summary);
        int result = missing(place);
        if (result != examples[i].want)
            fail_msg("%s: %d, %s", examples[i].sentence, result, place->error.text);
        if (result != 0 && (place->error.scope != ERROR_LEDGER || !strstr(place->error.text, path)))
            fail_msg("%s: %s", examples[i].sentence, place->error.text);
    }
    unlink(path);
    assert_int_equal(missing(place), 0);
}

static void a_key_without_its_ledger_is_a_witness(void **state)
{
    struct place *place = *state;
    write_text(beside(place, ".key"), "");
    assert_int_equal(missing(place), -1);
    assert_int_equal(place->error.scope, ERROR_LEDGER);
    assert_non_null(strstr(place->error.text, "x.ledger.key"));
    assert_non_null(strstr(place->error.text, "--new-ledger"));
    write_text(place->ledger, "");
    assert_int_equal(missing(place), 0); /* the making of a first ledger was cut short */
}

static void a_witness_that_cannot_be_read_stops_the_run(void **state)
{
    struct place *place = *state;
    static const char *const texts[] = {
        "",
        "{",
        "[]",
        "{}",
        "{\"chain_head\":\"" HEAD "\"}",
        "{\"chain_head\":\"" HEAD "\",\"run\":\"1\",\"started\":\"2026-11-28T00:00:00.000Z\"}",
        "{\"chain_head\":\"0123\",\"run\":1,\"started\":\"2026-11-28T00:00:00.000Z\"}",
        "{\"chain_head\":\"" HEAD
        "\",\"run\":1,\"started\":\"2026-11-28T00:00:00.000Z and more than a time\"}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        write_text(beside(place, ".head"), texts[i]);
        if (missing(place) != -2 || !strstr(place->error.text, "x.ledger.head: it is damaged"))
            fail_msg("%zu: %s", i, place->error.text);
    }
    unlink(beside(place, ".head"));
    assert_int_equal(mkdir(beside(place, ".head"), 0700), 0);
    assert_int_equal(missing(place), -2);
    assert_non_null(strstr(place->error.text, "x.ledger.head: it is a folder, not a file. "));
}

/* A run of a ledger: opened behind the guard, started, noted. */
static int run(struct place *place, bool new_ledger, uint64_t at_ns)
{
    struct ledger *ledger = ledger_continuity_open(&place->job, &place->identity, new_ledger, &place->error);
    int result = -1;

    if (ledger && ledger_begin(ledger, &place->error) == 0 &&
        ledger_run_start(ledger, "run", "0", "", at_ns, &place->error) == 0 &&
        ledger_commit(ledger, &place->error) == 0)
        result = ledger_continuity_record(&place->job, &place->identity, ledger, &place->error);
    ledger_close(ledger);
    return result;
}

static void each_run_leaves_a_witness_that_an_older_copy_does_not_hold(void **state)
{
    struct place *place = *state;
    char command[320];
    assert_int_equal(run(place, false, 1000000000), 0);
    snprintf(command, sizeof command, "cp %s %s/copy", place->ledger, place->folder);
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c) */
    assert_int_equal(run(place, false, 2000000000), 0);
    assert_int_equal(run(place, false, 3000000000), 0);
    snprintf(command, sizeof command, "cp %s/copy %s; rm -f %s-*", place->folder, place->ledger,
             place->ledger);
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c) */
    assert_int_equal(run(place, false, 4000000000), -1);
    assert_int_equal(place->error.scope, ERROR_LEDGER);
    assert_non_null(strstr(place->error.text, "older"));
    unlink(beside(place, ".head"));
    assert_int_equal(run(place, false, 4000000000), -1); /* the report folder has the other one */
    assert_int_equal(run(place, true, 4000000000), 0);
    assert_int_equal(run(place, false, 5000000000), 0);
}

static void a_witness_names_its_job_and_its_ledger(void **state)
{
    struct place *place = *state;
    char other[80];
    assert_int_equal(run(place, false, 1000000000), 0);
    place->identity.job = place->job.name = "y";
    snprintf(other, sizeof other, "%s/y.ledger", place->folder);
    place->job.ledger_path = other;
    assert_int_equal(missing(place), 0); /* another job in the same report folder */
    place->identity.job = place->job.name = "x";
    assert_int_equal(missing(place), -1); /* this job, with another ledger */
    assert_non_null(strstr(place->error.text, "x.ledger then)"));
    assert_int_equal(run(place, true, 2000000000), 0);
    assert_int_equal(run(place, false, 3000000000), 0); /* each of the two has its own from then on */
    place->job.ledger_path = place->ledger;
    assert_int_equal(run(place, false, 4000000000), 0);
}

static void one_of_the_two_places_is_enough(void **state)
{
    struct place *place = *state;
    write_text(place->report, "a file where the folder should be");
    assert_int_equal(run(place, false, 1000000000), 0);
    assert_int_equal(unlink(beside(place, ".head")), 0);
    assert_int_equal(mkdir(beside(place, ".head"), 0700), 0);
    assert_int_equal(run(place, true, 2000000000), -1);
    assert_int_equal(place->error.scope, ERROR_LEDGER);
    assert_non_null(strstr(place->error.text, "cannot be written"));
}

#define HISTORY(test) cmocka_unit_test_setup_teardown(test, make_place, remove_place)

int main(void)
{
    const struct CMUnitTest tests[] = {
        HISTORY(the_summary_of_an_old_version_is_a_witness),
        HISTORY(a_key_without_its_ledger_is_a_witness),
        HISTORY(a_witness_that_cannot_be_read_stops_the_run),
        HISTORY(each_run_leaves_a_witness_that_an_older_copy_does_not_hold),
        HISTORY(a_witness_names_its_job_and_its_ledger),
        HISTORY(one_of_the_two_places_is_enough),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("history", tests, NULL, NULL);
}
