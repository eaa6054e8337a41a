#include "job/job_keys.h"
#include "job/job_parts.h"
#include "job/job_scalar.h"
#include "unit/job/job_text.h"

enum { PATH_MAX_LEN = 128, SET_MAX = 512 };

/* Where the keys of a table are written in a job file. */
struct place {
    const struct job_key *keys;
    char path[PATH_MAX_LEN];    /* of the mapping: `input.csv.`; "" of the file */
    const char *before, *after; /* of the --set for an example that is a whole item; NULL: the key's value */
};

static const struct {
    const struct job_key *keys;
    const char *before, *after;
} items[] = {
    {job_where_keys, "input.where=[", "]"},
    {job_rule_keys, "rules=[", "]"},
    {job_mapping_keys, "fields={external_id: id, ", "}"},
    {job_document_keys, "fields={external_id: id, documents: [", "]}"},
};

static void each_row(const struct place *place,
                     void (*visit)(const struct place *place, const struct job_key *row))
{
    for (const struct job_key *row = place->keys; row->name; row++) {
        visit(place, row);
        if (!row->keys && !row->items)
            continue;
        struct place below = {.keys = row->keys ? row->keys : row->items};
        text_format(below.path, sizeof below.path, "%s%s.", place->path, row->name);
        for (size_t i = 0; row->items && i < sizeof items / sizeof *items; i++)
            if (items[i].keys == row->items)
                below.before = items[i].before, below.after = items[i].after;
        each_row(&below, visit);
    }
}

static void each_key(void (*visit)(const struct place *place, const struct job_key *row))
{
    const struct place file = {.keys = job_file_keys};
    const struct place documents = {job_document_keys, "documents.", items[3].before, items[3].after};
    each_row(&file, visit);
    each_row(&documents, visit);
}

static void check_texts(const struct place *place, const struct job_key *row)
{
    const char *form = row->form ? row->form : job_scalar_form(row->read);
    if (!row->words == !(form && *form))
        fail_msg("%s%s: its words are its form, or it has another", place->path, row->name);
    if (!row->standard == !row->absent)
        fail_msg("%s%s: a default, or what applies without it", place->path, row->name);
    if (!row->help || strlen(row->help) < 10)
        fail_msg("%s%s: what does it do?", place->path, row->name);
    else if (strchr(".\n", row->help[strlen(row->help) - 1]))
        fail_msg("%s%s: its help is one line without a full stop", place->path, row->name);
    bool is_provider =
        strcmp(place->path, "provider.") == 0 && strcmp(row->name, "name") == 0; /* not known here */
    if (!row->example == !(row->keys || is_provider))
        fail_msg("%s%s: an example", place->path, row->name);
    if (row->standard && row->example && strcmp(row->standard, row->example) == 0)
        fail_msg("%s%s: the example shows the default", place->path, row->name);
}

static void every_key_has_what_a_person_needs(void **state)
{
    (void)state;
    each_key(check_texts);
}

/* What the file has beside the --set: a base that each example can be added to. */
#define BASE JOB_HEAD "input: {path: in.csv, format: csv}\n" JOB_PROVIDER JOB_FIELDS

static void check_value(const struct place *place, const struct job_key *row, const char *value)
{
    char set[SET_MAX];
    struct error error;
    bool is_notify = strcmp(place->path, "notify.") == 0;
    bool is_secret = strcmp(row->name, "credentials") == 0 || is_notify; /* refused by --set */
    if (!place->before)
        text_format(set, sizeof set, "%s%s%s%s", place->path, row->name, is_secret ? ": " : "=", value);
    else if (row->example && !strstr(value, row->name))
        fail_msg("%s%s: the example has no `%s`", place->path, row->name, row->name);
    else
        text_format(set, sizeof set, "%s%s%s", place->before, value, place->after);
    /* A password belongs to a ledger in PostgreSQL. */
    const char *sets[] = {set, "ledger=postgresql://kyc@db.example.com/kyc", "ledger_key=env:A_KEY"};
    size_t set_count = strcmp(row->name, "ledger_password") == 0 ? 3 : 1;
    const struct job_overrides overrides = {.sets = sets, .set_count = is_secret ? 0 : set_count};
    char text[SET_MAX];
    if (is_notify) {
        bool has_target = strcmp(row->name, "command") == 0 || strcmp(row->name, "url") == 0;
        text_format(text, sizeof text, BASE "notify: {%s%s: %s}\n",
                    has_target ? "" : "url: https://example.com/hook, ", row->name, value);
    } else {
        text_format(text, sizeof text, JOB_HEAD JOB_INPUT JOB_FIELDS "provider: {%s: %s, name: payward}\n",
                    row->name, value);
    }
    struct job *job = job_text_load_with(is_secret ? text : BASE, &overrides, &error);
    if (!job)
        fail_msg("%s: %s", set, error.text);
    job_free(job);
}

static void check_example(const struct place *place, const struct job_key *row)
{
    if (row->example)
        check_value(place, row, row->example);
    if (row->standard && !place->before)
        check_value(place, row, row->standard);
}

static void every_example_and_default_is_accepted(void **state)
{
    (void)state;
    each_key(check_example);
}

/* The defaults by hand, of the settings that a run depends on. */
static void a_job_that_sets_nothing_has_the_defaults(void **state)
{
    (void)state;
    struct job *job = job_text_load(JOB_WHOLE "rules: [{field: email, required: true}]\n");
    assert_int_equal(job->input.delimiter, ',');
    assert_int_equal(job->input.quote, '"');
    assert_int_equal(job->input.escape, 0);
    assert_int_equal(job->input.null_count, 1);
    assert_int_equal(job->input.null_values[0].len, 0);
    assert_int_equal(job->input.max_record, 1048576);
    assert_int_equal(job->input.min_records, 1);
    assert_false(job->input.strips_guards);
    assert_int_equal(job->delivery.rate.per_ns, 0);
    assert_int_equal(job->delivery.burst, 5);
    assert_int_equal(job->delivery.in_flight, 0);
    assert_int_equal(job->delivery.attempts, 6);
    assert_int_equal(job->delivery.timeout_ns, 30000000000);
    assert_int_equal(job->delivery.retry_for_ns, 600000000000);
    assert_int_equal(job->delivery.canary, 10);
    assert_int_equal(job->delivery.refused_in_a_row, 25);
    assert_int_equal(job->delivery.refused_share, 20);
    assert_int_equal(job->delivery.updated_share, 10);
    assert_int_equal(job->delivery.twins_share, 20);
    assert_null(job->delivery.shared);
    assert_null(job->ledger_witness);
    assert_null(job->ledger_password.data);
    assert_true(job->delivery.update && job->delivery.settle && job->delivery.refuse_twins);
    assert_int_equal(job->mappings[0].unmatched, JOB_UNMATCHED_REJECT);
    assert_int_equal(job->rules[0].level, VERDICT_REJECT);
    job_free(job);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_has_what_a_person_needs),
        cmocka_unit_test(every_example_and_default_is_accepted),
        cmocka_unit_test(a_job_that_sets_nothing_has_the_defaults),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("job_keys", tests, job_text_setup, job_text_teardown);
}
