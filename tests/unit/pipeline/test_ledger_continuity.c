/* ledger_continuity and job_ledger: the records of the last run, and the ledger opened by what they prove. */
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

#include "pipeline/job_ledger.h"
#include "pipeline/ledger_continuity.h"
#include "provider/provider_table.h"

#define HEAD  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"

struct place {
    char folder[40], ledger[64], report[64];
    struct job job;
    const struct provider *provider;
    struct error error;
};

static int make_place(void **state)
{
    struct place *place = test_calloc(1, sizeof *place);
    snprintf(place->folder, sizeof place->folder, "/tmp/kyc-continuity-XXXXXX");
    assert_non_null(mkdtemp(place->folder));
    snprintf(place->ledger, sizeof place->ledger, "%s/x.ledger", place->folder);
    snprintf(place->report, sizeof place->report, "%s/report", place->folder);
    place->job = (struct job){.name = "x",
                              .ledger_path = place->ledger,
                              .report_folder = place->report,
                              .run_report = place->report};
    place->provider = provider_find("kira");
    assert_non_null(place->provider);
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

/* 0: there was never a ledger; -1: there was one; -2: a record of it cannot be read. */
static int missing(struct place *place)
{
    int result = ledger_continuity_check(&place->job, place->provider, NULL, &place->error);

    return result != 0 && strstr(place->error.text, "This file records") ? -2 : result;
}

/* A run of a ledger: opened, started, recorded. */
static int run(struct place *place, bool new_ledger, uint64_t at_ns)
{
    struct ledger *ledger =
        job_ledger_open(&place->job, place->provider, new_ledger ? JOB_LEDGER_RECREATE : JOB_LEDGER_CREATE,
                        NULL, &place->error);
    int result = -1;

    if (ledger && ledger_begin(ledger, &place->error) == 0 &&
        ledger_run_start(ledger, "run", "0", "", at_ns, &place->error) == 0 &&
        ledger_commit(ledger, &place->error) == 0)
        result = ledger_continuity_record(&place->job, place->provider, ledger, &place->error);
    ledger_close(ledger);
    return result;
}

static void the_summary_of_an_old_version_is_a_record(void **state)
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

static void a_key_without_its_ledger_proves_that_there_was_one(void **state)
{
    struct place *place = *state;
    write_text(beside(place, ".key"), "");
    assert_int_equal(missing(place), -1);
    assert_int_equal(place->error.scope, ERROR_LEDGER);
    assert_non_null(strstr(place->error.text, "x.ledger.key"));
    assert_non_null(strstr(place->error.text, "--new-ledger"));
    write_text(beside(place, ".key"), HEAD "\n");
    write_text(place->ledger, ""); /* the making of a first ledger was cut short */
    chmod(beside(place, ".key"), 0600);
    assert_int_equal(run(place, false, 1000000000), 0);
}

static void a_record_that_cannot_be_read_stops_the_run(void **state)
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
    assert_non_null(strstr(place->error.text, "x.ledger.head: it is a folder, not a file"));
}

static void each_run_leaves_a_record_that_an_older_copy_does_not_hold(void **state)
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

static void a_record_names_its_job_and_its_ledger(void **state)
{
    struct place *place = *state;
    char other[80];
    assert_int_equal(run(place, false, 1000000000), 0);
    place->job.name = "y";
    snprintf(other, sizeof other, "%s/y.ledger", place->folder);
    place->job.ledger_path = other;
    assert_int_equal(missing(place), 0); /* another job in the same report folder */
    place->job.name = "x";
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
    assert_non_null(strstr(place->error.text, "can be recorded neither"));
}

/* What is left of a machine whose other folders are new each night. */
static void lose_all_but_the_witness(const struct place *place)
{
    char command[320];

    snprintf(command, sizeof command, "rm -rf %s %s*", place->report, place->ledger);
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c) */
}

static void the_witness_alone_proves_the_last_run(void **state)
{
    struct place *place = *state;
    char command[400], witness[64];
    struct stat about;

    snprintf(witness, sizeof witness, "%s/far/witness", place->folder);
    place->job.ledger_witness = witness;
    assert_int_equal(run(place, false, 1000000000), 0);
    assert_int_equal(stat(witness, &about), 0); /* made with its parents */
    assert_int_equal(about.st_mode & 0777, 0700);
    snprintf(command, sizeof command, "cp %s %s/copy; cp %s.key %s/key", place->ledger, place->folder,
             place->ledger, place->folder);
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c) */
    assert_int_equal(run(place, false, 2000000000), 0);
    lose_all_but_the_witness(place);
    assert_int_equal(run(place, false, 3000000000), -1);
    assert_non_null(strstr(place->error.text, "the ledger is missing, and"));
    assert_non_null(strstr(place->error.text, witness));
    snprintf(command, sizeof command, "cp -p %s/copy %s; cp -p %s/key %s.key", place->folder, place->ledger,
             place->folder, place->ledger);
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c) */
    assert_int_equal(run(place, false, 3000000000), -1);
    assert_non_null(strstr(place->error.text, "does not hold the last run that"));
    assert_non_null(strstr(place->error.text, witness));
    assert_int_equal(run(place, true, 3000000000), 0);
    assert_int_equal(run(place, false, 4000000000), 0);
    place->job.ledger_witness = NULL;
    lose_all_but_the_witness(place);
    assert_int_equal(run(place, false, 5000000000), 0); /* without the setting nothing is known of it */
}

/* Neither a witness that cannot be written nor one that is the only place left ends a run. */
static void a_witness_is_one_of_the_places(void **state)
{
    struct place *place = *state;
    char witness[64];

    snprintf(witness, sizeof witness, "%s/witness", place->folder);
    place->job.ledger_witness = witness;
    write_text(witness, "a file where the folder should be");
    assert_int_equal(run(place, false, 1000000000), 0);
    assert_int_equal(unlink(witness), 0);
    assert_int_equal(unlink(beside(place, ".head")), 0);
    assert_int_equal(mkdir(beside(place, ".head"), 0700), 0);
    char command[192];
    snprintf(command, sizeof command, "rm -r %s; touch %s", place->report, place->report);
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c) */
    assert_int_equal(run(place, true, 2000000000), 0);
    snprintf(command, sizeof command, "rm -r %s; touch %s", witness, witness);
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c) */
    assert_int_equal(run(place, true, 3000000000), -1);
    assert_non_null(strstr(place->error.text, "can be recorded neither"));
}

/* Without a ledger, and beside a key whose ledger is missing. */
static void a_missing_ledger_is_made_by_the_modes_that_may(void **state)
{
    struct place *place = *state;
    static const struct {
        const char *sentence;
        enum job_ledger_mode mode;
        bool had_one;
        enum error_scope want; /* ERROR_NONE: as opened says */
        bool opened;
        const char *message;
    } examples[] = {
        {"any, to read", JOB_LEDGER_READ_ANY, false, ERROR_NONE, false, ""},
        {"any, to read, beside a key", JOB_LEDGER_READ_ANY, true, ERROR_NONE, false, ""},
        {"to read", JOB_LEDGER_READ, false, ERROR_LEDGER, false, "there is no ledger yet\nhint: "},
        {"to read, beside a key", JOB_LEDGER_READ, true, ERROR_LEDGER, false, "the ledger is missing"},
        {"exclusive", JOB_LEDGER_EXCLUSIVE, false, ERROR_LEDGER, false, "there is no ledger yet\nhint: "},
        {"exclusive, beside a key", JOB_LEDGER_EXCLUSIVE, true, ERROR_LEDGER, false, "the ledger is missing"},
        {"to create, beside a key", JOB_LEDGER_CREATE, true, ERROR_LEDGER, false, "the ledger is missing"},
        {"to create", JOB_LEDGER_CREATE, false, ERROR_NONE, true, ""},
        {"to create again, beside a key", JOB_LEDGER_RECREATE, true, ERROR_NONE, true, ""},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        unlink(place->ledger);
        unlink(beside(place, ".key"));
        if (examples[i].had_one) {
            write_text(beside(place, ".key"), HEAD "\n");
            chmod(beside(place, ".key"), 0600);
        }
        place->error = (struct error){.scope = ERROR_USAGE};
        struct ledger *ledger =
            job_ledger_open(&place->job, place->provider, examples[i].mode, NULL, &place->error);
        bool as_wanted =
            examples[i].opened ? ledger != NULL : !ledger && place->error.scope == examples[i].want;
        if (!as_wanted || !strstr(place->error.text, examples[i].message) ||
            (access(place->ledger, F_OK) == 0) != examples[i].opened)
            fail_msg("%s: %s", examples[i].sentence, place->error.text);
        ledger_close(ledger);
    }
}

#define CONTINUITY(test) cmocka_unit_test_setup_teardown(test, make_place, remove_place)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONTINUITY(the_summary_of_an_old_version_is_a_record),
        CONTINUITY(a_key_without_its_ledger_proves_that_there_was_one),
        CONTINUITY(a_record_that_cannot_be_read_stops_the_run),
        CONTINUITY(each_run_leaves_a_record_that_an_older_copy_does_not_hold),
        CONTINUITY(a_record_names_its_job_and_its_ledger),
        CONTINUITY(one_of_the_two_places_is_enough),
        CONTINUITY(the_witness_alone_proves_the_last_run),
        CONTINUITY(a_witness_is_one_of_the_places),
        CONTINUITY(a_missing_ledger_is_made_by_the_modes_that_may),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("ledger_continuity", tests, NULL, NULL);
}
