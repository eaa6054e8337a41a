/* history: what the last report says of the ledger, and the guard against a missing one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "pipeline/history.h"

#define HEAD "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static char folder[] = "/tmp/kyc-history-XXXXXX";

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static const char *path_of(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path_of("summary.json"));
    unlink(path_of("x.ledger"));
    return rmdir(folder);
}

static void write_text(const char *name, const char *text)
{
    FILE *file = fopen(path_of(name), "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static void the_head_is_that_of_the_last_report(void **state)
{
    (void)state;
    static const struct {
        const char *sentence, *summary, *want;
    } examples[] = {
        {"a head", "{\"read\":1,\"chain_head\":\"" HEAD "\"}", HEAD},
        {"of a ledger before its first event",
         "{\"chain_head\":\"0000000000000000000000000000000000000000000000000000000000000000\"}", ""},
        {"none", "{\"read\":1}", ""},
        {"an empty one", "{\"chain_head\":\"\"}", ""},
        {"one that is too short", "{\"chain_head\":\"0123\"}", ""},
        {"one that is no text", "{\"chain_head\":null}", ""},
        {"one inside something else", "{\"plan\":{\"chain_head\":\"" HEAD "\"}}", ""},
        {"a report that was cut", "{\"chain_head\":\"" HEAD "\"", NULL},
        {"an empty report", "", NULL},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        char head[LEDGER_HEAD_SIZE] = "left over";
        write_text("summary.json", examples[i].summary);
        struct error error = {0};
        int result = history_head(folder, head, &error);
        if (result != (examples[i].want ? 0 : -1))
            fail_msg("%s: %s", examples[i].sentence, error.text);
        if (strcmp(head, examples[i].want ? examples[i].want : "") != 0)
            fail_msg("%s: `%s`", examples[i].sentence, head);
        if (result != 0 && (error.scope != ERROR_LEDGER || !strstr(error.text, "summary.json is damaged")))
            fail_msg("%s: %s", examples[i].sentence, error.text);
    }
    char head[LEDGER_HEAD_SIZE] = "left over";
    struct error error = {0};
    unlink(path_of("summary.json"));
    assert_int_equal(history_head(folder, head, &error), 0);
    assert_string_equal(head, "");
}

static void a_report_that_names_a_ledger_wants_it_there(void **state)
{
    (void)state;
    struct error error = {0};
    char ledger[256];
    snprintf(ledger, sizeof ledger, "%s", path_of("x.ledger"));
    assert_int_equal(history_check_exists("", ledger, folder, &error), 0);
    assert_int_equal(history_check_exists(HEAD, ledger, folder, &error), -1);
    assert_int_equal(error.scope, ERROR_LEDGER);
    assert_non_null(strstr(error.text, ledger));
    assert_non_null(strstr(error.text, "--new-ledger"));
    write_text("x.ledger", "");
    assert_int_equal(history_check_exists(HEAD, ledger, folder, &error), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_head_is_that_of_the_last_report),
        cmocka_unit_test(a_report_that_names_a_ledger_wants_it_there),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("history", tests, make_folder, remove_folder);
}
