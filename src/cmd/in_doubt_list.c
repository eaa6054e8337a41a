#include "cmd/in_doubt_list.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "core/shell_word.h"
#include "core/utf8.h"
#include "dispatch/recovery.h"
#include "dispatch/task.h"

enum {
    HTTP_CONFLICT = 409,
    SHOWN_MAX = 20 /* of each piece of advice */,
    LINES_MAX = 256 * 1024 /* of their lines: a key has 128 bytes, a message some hundred */,
    COMMAND_MAX = 64 * 1024,
};

/* Who resolves it. */
enum resolved_by {
    RESOLVED_BY_RUN,
    RESOLVED_BY_PERSON,
    RESOLVED_BY_PERSON_WITH_USER /* who is not absent */
};

/* What is known about a kind of doubt, and what to do: sentences that end before the command. */
struct advice {
    const char *code; /* of the customer; "": by what is beside it */
    enum resolved_by by;
    const char *text;
};

/* The first ones are chosen by find_advice, the others by their code. */
enum { ADVICE_UPDATE, ADVICE_CREATE, ADVICE_HOLD, ADVICE_CONFLICT, ADVICE_BY_CODE };

static const struct advice advices[] = {
    [ADVICE_UPDATE] = {"", RESOLVED_BY_RUN,
                       "An update may have been carried out. The next run that has the rows sends it again:"},
    [ADVICE_CREATE] = {"", RESOLVED_BY_RUN,
                       "A create may have been carried out. The next run that has the rows resolves it"},
    [ADVICE_HOLD] =
        {"", RESOLVED_BY_PERSON,
         "A create may have been carried out, and no run resolves it, because delivery.in_doubt is `hold`. Look for the user at the provider, then:"},
    [ADVICE_CONFLICT] = {"", RESOLVED_BY_PERSON,
                         "The provider reports a conflicting user. Look it up there, then:"},
    [ADVICE_BY_CODE] =
        {"user_id_taken", RESOLVED_BY_PERSON_WITH_USER,
         "The provider's answer named a user that another customer of this ledger has. Compare both at the provider, then:"},
    {"several_users", RESOLVED_BY_PERSON,
     "Several users at the provider match the customer. Find the right one, then:"},
    {"email_alone", RESOLVED_BY_PERSON,
     "A user at the provider has the customer's e-mail, but other data. Compare them, then:"},
    {"user_differs", RESOLVED_BY_PERSON,
     "A user at the provider has the customer's external_id, but other data. Compare them, then:"},
    {"user_not_fetched", RESOLVED_BY_PERSON,
     "The provider lists a user with the customer's e-mail, but answers 404 to a request for it. Run again; or look it up at the provider, then:"},
    {"user_incomplete", RESOLVED_BY_PERSON,
     "A user at the provider matches, but the answer lacks some of the compared fields. Compare them, then:"},
    {"user_unnamed", RESOLVED_BY_PERSON,
     "A user at the provider has the customer's e-mail, but no external_id. Compare them, then:"},
    {"other_customer", RESOLVED_BY_PERSON_WITH_USER,
     "The answer was about another customer. Run again with the rows in the input. If it happens again, the provider or a gateway mixes up answers: ask the provider, then:"},
    {"exists_not_found", RESOLVED_BY_PERSON,
     "The provider answers that the customer exists, but its look-up does not find it. Ask the provider, then:"},
    {"listing_incomplete", RESOLVED_BY_PERSON,
     "The provider's list of users is incomplete (users of this ledger are missing, or its own total is higher), so it cannot prove that there is no such user. Run again; or look it up at the provider, then:"},
};

enum { ADVICE_COUNT = sizeof advices / sizeof *advices };

struct in_doubt_list {
    const struct job *job;
    const struct provider *provider;
    uint64_t counts[ADVICE_COUNT];
    struct buffer lines[ADVICE_COUNT]; /* of the first customers of each */
};

struct in_doubt_list *in_doubt_list_new(const struct job *job, const struct provider *provider)
{
    struct in_doubt_list *list = memory_new(1, sizeof *list);

    list->job = job;
    list->provider = provider;
    for (size_t i = 0; i < ADVICE_COUNT; i++)
        buffer_init(&list->lines[i], LINES_MAX);
    return list;
}

void in_doubt_list_free(struct in_doubt_list *list)
{
    for (size_t i = 0; i < ADVICE_COUNT; i++)
        buffer_clear(&list->lines[i]);
    free(list);
}

/* The index of the advice for a customer. */
static size_t find_advice(const struct in_doubt_list *list, const struct ledger_customer *customer)
{
    struct slice code = customer->code, found = code; /* without what task.c adds to it */

    if (slice_begins_with(code, TASK_CODE_EXISTS))
        found = slice_skip(code, strlen(TASK_CODE_EXISTS));
    if (slice_is(found, advices[ADVICE_BY_CODE].code))
        return ADVICE_BY_CODE;
    if (customer->http_status == HTTP_CONFLICT)
        return ADVICE_CONFLICT;
    for (size_t i = ADVICE_BY_CODE; i < ADVICE_COUNT; i++)
        if (slice_is(code, advices[i].code) || slice_is(found, advices[i].code))
            return i;
    if (customer->user_id.len > 0)
        return ADVICE_UPDATE;
    return list->job->delivery.settle ? ADVICE_CREATE : ADVICE_HOLD;
}

static void append_command(const struct in_doubt_list *list, const char *command, struct buffer *out)
{
    buffer_printf(out, "kyc-import %s ", command);
    shell_word_append(out, slice_from(list->job->path));
}

/* What a person runs for this customer. */
static void append_command_for(const struct in_doubt_list *list, const struct advice *advice,
                               const struct ledger_customer *customer, struct buffer *out)
{
    if (advice->by == RESOLVED_BY_RUN) {
        append_command(list, "run", out);
        return;
    }
    append_command(list, "resolve", out);
    buffer_append_text(out, " --key ");
    shell_word_append(out, customer->external_id);
    buffer_append_text(out, " --user USER_ID");
}

static void append_customer(const struct in_doubt_list *list, const struct advice *advice,
                            const struct ledger_customer *customer, struct buffer *out)
{
    buffer_append_text(out, "    ");
    utf8_append_escaped(out, customer->external_id);
    if (customer->http_status)
        buffer_printf(out, "  HTTP %d", customer->http_status);
    if (customer->code.len) {
        buffer_append_text(out, "  ");
        utf8_append_escaped(out, customer->code);
    }
    if (customer->http_status == HTTP_CONFLICT && customer->message.len) { /* may name the user */
        buffer_append_text(out, "  ");
        utf8_append_escaped(out, customer->message);
    }
    buffer_append_char(out, '\n');
    if (advice->by == RESOLVED_BY_RUN)
        return;
    buffer_append_text(out, "      ");
    append_command_for(list, advice, customer, out);
    buffer_append_char(out, '\n');
}

void in_doubt_list_add(struct in_doubt_list *list, const struct ledger_customer *customer)
{
    size_t index = find_advice(list, customer);

    if (list->counts[index]++ < SHOWN_MAX)
        append_customer(list, &advices[index], customer, &list->lines[index]);
}

/* The sentences before the customers, and the command that is one for all of them. */
static void write_advice(const struct in_doubt_list *list, size_t index, struct buffer *out)
{
    const struct advice *advice = &advices[index];

    buffer_printf(out, "\n  %s", advice->text);
    if (index == ADVICE_CREATE)
        buffer_printf(out, " (%s):", list->provider->recovery_help);
    if (advice->by == RESOLVED_BY_RUN) {
        buffer_append_text(out, "\n      ");
        append_command(list, "run", out);
    } else {
        buffer_printf(out, "\n  (USER_ID is the provider's id of the user%s)",
                      advice->by == RESOLVED_BY_PERSON
                          ? "; if there is no such user: --absent instead of --user USER_ID"
                          : "");
    }
    buffer_append_char(out, '\n');
}

/* Where there is more than one to look up: the way by a file. */
static void write_file_way(const struct in_doubt_list *list, struct buffer *out)
{
    buffer_append_text(
        out, "\n  For many at once, fill in the column user_id (or the word absent) of a list:\n      ");
    append_command(list, "results", out);
    buffer_append_text(out, " --state in_doubt > in-doubt.csv\n      ");
    append_command(list, "resolve", out);
    buffer_append_text(out, " --from in-doubt.csv\n");
}

void in_doubt_list_write(const struct in_doubt_list *list, struct buffer *out)
{
    uint64_t total = 0, by_person = 0;

    for (size_t i = 0; i < ADVICE_COUNT; i++) {
        total += list->counts[i];
        by_person += advices[i].by == RESOLVED_BY_RUN ? 0 : list->counts[i];
    }
    if (total == 0)
        return;
    buffer_printf(out, "\n%" PRIu64 " in doubt (the request may have been carried out):\n", total);
    for (size_t i = 0; i < ADVICE_COUNT; i++) {
        if (list->counts[i] == 0)
            continue;
        write_advice(list, i, out);
        buffer_append(out, buffer_slice(&list->lines[i]));
        if (list->counts[i] > SHOWN_MAX) {
            buffer_printf(out, "    … and %" PRIu64 " more: ", list->counts[i] - SHOWN_MAX);
            append_command(list, i == ADVICE_UPDATE ? "status" : "results", out);
            buffer_append_text(out, i == ADVICE_UPDATE ? " --json\n" : " --state in_doubt\n");
        }
    }
    if (by_person > 1)
        write_file_way(list, out);
}

void in_doubt_list_write_json(const struct in_doubt_list *list, const struct ledger_customer *customer,
                              struct json_writer *json)
{
    size_t index = find_advice(list, customer);
    const struct advice *advice = &advices[index];
    struct buffer text;

    buffer_init(&text, COMMAND_MAX);
    json_write_key(json, "what_to_do");
    buffer_append_text(&text, advice->text);
    if (index == ADVICE_CREATE)
        buffer_printf(&text, " (%s):", list->provider->recovery_help);
    json_write_any(json, buffer_slice(&text));
    buffer_reset(&text);
    append_command_for(list, advice, customer, &text);
    json_write_key(json, "command");
    json_write_any(json, buffer_slice(&text));
    buffer_clear(&text);
}
