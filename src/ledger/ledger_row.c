#include "ledger/ledger_row.h"

#include <string.h>

#include "core/utf8.h"

enum { NO_STATUS = -1 };

/* How a struct holds a column. */
enum member {
    MEMBER_INT64,
    MEMBER_UINT64,
    MEMBER_UINT32,
    MEMBER_INT,
    MEMBER_STATUS, /* an int, NO_STATUS: absent */
    MEMBER_SLICE,
    MEMBER_STATE,
    MEMBER_TWIN,
    MEMBER_OPERATION,
    MEMBER_VERIFICATION,
    MEMBER_TASK_KIND,
    MEMBER_TASK_STATE,
};

#define COLUMN(row, column, kind, required, held)                                                            \
    {                                                                                                        \
#column, kind, required, held, offsetof(struct row, column)                                          \
    }
#define CUSTOMER(column, kind, required, held) COLUMN(ledger_customer, column, kind, required, held)
#define EVENT(column, kind, required, held)    COLUMN(ledger_event, column, kind, required, held)
#define RUN(column, kind, required, held)      COLUMN(ledger_run, column, kind, required, held)
#define TASK(column, kind, required, held)     COLUMN(ledger_task, column, kind, required, held)

static const struct ledger_column customer_columns[] = {
    CUSTOMER(id, LEDGER_NUMBER, true, MEMBER_INT64),
    CUSTOMER(external_id, LEDGER_TEXT, false, MEMBER_SLICE),
    CUSTOMER(former_key, LEDGER_TEXT, false, MEMBER_SLICE),
    CUSTOMER(state, LEDGER_TEXT, true, MEMBER_STATE),
    CUSTOMER(user_id, LEDGER_TEXT, false, MEMBER_SLICE),
    CUSTOMER(digest, LEDGER_BLOB, false, MEMBER_SLICE),
    CUSTOMER(member_digests, LEDGER_BLOB, false, MEMBER_SLICE),
    CUSTOMER(email_digest, LEDGER_BLOB, false, MEMBER_SLICE),
    CUSTOMER(left_out, LEDGER_BLOB, false, MEMBER_SLICE),
    CUSTOMER(kept, LEDGER_TEXT, false, MEMBER_SLICE),
    CUSTOMER(identity, LEDGER_BLOB, false, MEMBER_SLICE),
    CUSTOMER(twin, LEDGER_TEXT, false, MEMBER_TWIN),
    CUSTOMER(verdict, LEDGER_NUMBER, false, MEMBER_INT64),
    CUSTOMER(operation, LEDGER_TEXT, true, MEMBER_OPERATION),
    CUSTOMER(pending_digest, LEDGER_BLOB, false, MEMBER_SLICE),
    CUSTOMER(pending_member_digests, LEDGER_BLOB, false, MEMBER_SLICE),
    CUSTOMER(pending_email_digest, LEDGER_BLOB, false, MEMBER_SLICE),
    CUSTOMER(idempotency_key, LEDGER_TEXT, false, MEMBER_SLICE),
    CUSTOMER(first_sent_at, LEDGER_NUMBER, false, MEMBER_UINT64),
    CUSTOMER(refusals, LEDGER_NUMBER, true, MEMBER_UINT32),
    CUSTOMER(attempts, LEDGER_NUMBER, true, MEMBER_UINT32),
    CUSTOMER(http_status, LEDGER_NUMBER, false, MEMBER_INT),
    CUSTOMER(code, LEDGER_TEXT, false, MEMBER_SLICE),
    CUSTOMER(message, LEDGER_TEXT, false, MEMBER_SLICE),
    CUSTOMER(request_id, LEDGER_TEXT, false, MEMBER_SLICE),
    CUSTOMER(first_run, LEDGER_NUMBER, false, MEMBER_INT64),
    CUSTOMER(updated_run, LEDGER_NUMBER, false, MEMBER_INT64),
    CUSTOMER(updated_at, LEDGER_NUMBER, true, MEMBER_UINT64),
    CUSTOMER(verification, LEDGER_TEXT, false, MEMBER_VERIFICATION),
    CUSTOMER(verification_word, LEDGER_TEXT, false, MEMBER_SLICE),
    CUSTOMER(verification_reason, LEDGER_TEXT, false, MEMBER_SLICE),
    CUSTOMER(verification_at, LEDGER_NUMBER, false, MEMBER_UINT64),
    CUSTOMER(link_at, LEDGER_NUMBER, false, MEMBER_UINT64),
};

static const struct ledger_column event_columns[] = {
    EVENT(id, LEDGER_NUMBER, true, MEMBER_INT64),
    EVENT(run, LEDGER_NUMBER, false, MEMBER_INT64),
    EVENT(customer, LEDGER_NUMBER, true, MEMBER_INT64),
    EVENT(row, LEDGER_NUMBER, true, MEMBER_INT64),
    EVENT(operation, LEDGER_TEXT, true, MEMBER_SLICE),
    EVENT(outcome, LEDGER_TEXT, true, MEMBER_SLICE),
    EVENT(at, LEDGER_NUMBER, true, MEMBER_UINT64),
    EVENT(attempt, LEDGER_NUMBER, true, MEMBER_UINT32),
    EVENT(latency_ms, LEDGER_NUMBER, true, MEMBER_UINT32),
    EVENT(http_status, LEDGER_NUMBER, false, MEMBER_INT),
    EVENT(seal, LEDGER_BLOB, true, MEMBER_SLICE),
    EVENT(user_id, LEDGER_TEXT, false, MEMBER_SLICE),
    EVENT(digest, LEDGER_BLOB, false, MEMBER_SLICE),
    EVENT(code, LEDGER_TEXT, false, MEMBER_SLICE),
    EVENT(request_id, LEDGER_TEXT, false, MEMBER_SLICE),
    EVENT(body_digest, LEDGER_BLOB, false, MEMBER_SLICE),
    EVENT(chain, LEDGER_BLOB, false, MEMBER_SLICE),
};

static const struct ledger_column run_columns[] = {
    RUN(id, LEDGER_NUMBER, true, MEMBER_INT64),        RUN(epoch, LEDGER_NUMBER, true, MEMBER_INT64),
    RUN(command, LEDGER_TEXT, true, MEMBER_SLICE),     RUN(started, LEDGER_TEXT, true, MEMBER_SLICE),
    RUN(finished, LEDGER_TEXT, false, MEMBER_SLICE),   RUN(status, LEDGER_NUMBER, false, MEMBER_STATUS),
    RUN(version, LEDGER_TEXT, false, MEMBER_SLICE),    RUN(job_digest, LEDGER_TEXT, false, MEMBER_SLICE),
    RUN(inputs, LEDGER_TEXT, false, MEMBER_SLICE),     RUN(counts, LEDGER_TEXT, false, MEMBER_SLICE),
    RUN(chain_head, LEDGER_TEXT, false, MEMBER_SLICE),
};

static const struct ledger_column task_columns[] = {
    TASK(id, LEDGER_NUMBER, true, MEMBER_INT64),
    TASK(customer, LEDGER_NUMBER, true, MEMBER_INT64),
    TASK(kind, LEDGER_TEXT, true, MEMBER_TASK_KIND),
    TASK(slot, LEDGER_TEXT, true, MEMBER_SLICE),
    TASK(state, LEDGER_TEXT, true, MEMBER_TASK_STATE),
    TASK(digest, LEDGER_BLOB, false, MEMBER_SLICE),
    TASK(idempotency_key, LEDGER_TEXT, false, MEMBER_SLICE),
    TASK(attempts, LEDGER_NUMBER, true, MEMBER_UINT32),
    TASK(http_status, LEDGER_NUMBER, false, MEMBER_INT),
    TASK(code, LEDGER_TEXT, false, MEMBER_SLICE),
    TASK(created_at, LEDGER_NUMBER, true, MEMBER_UINT64),
    TASK(updated_at, LEDGER_NUMBER, true, MEMBER_UINT64),
};

#define COUNT(array) (sizeof(array) / sizeof *(array))
_Static_assert(COUNT(customer_columns) == LEDGER_CUSTOMER_COLUMNS, "the columns of customer");
_Static_assert(COUNT(event_columns) == LEDGER_EVENT_COLUMNS, "the columns of event");
_Static_assert(COUNT(run_columns) == LEDGER_RUN_COLUMNS, "the columns of run");
_Static_assert(COUNT(task_columns) == LEDGER_TASK_COLUMNS, "the columns of task");

const struct ledger_table ledger_customer_table = {"customer", customer_columns, COUNT(customer_columns)};
const struct ledger_table ledger_event_table = {"event", event_columns, COUNT(event_columns)};
const struct ledger_table ledger_run_table = {"run", run_columns, COUNT(run_columns)};
const struct ledger_table ledger_task_table = {"task", task_columns, COUNT(task_columns)};

#define WORD(text)                                                                                           \
    {                                                                                                        \
        (text), sizeof(text) - 1                                                                             \
    }
static const struct slice state_words[] = {
    [LEDGER_JOURNALLED] = WORD("journalled"), [LEDGER_IN_DOUBT] = WORD("in_doubt"),
    [LEDGER_CREATED] = WORD("created"),       [LEDGER_REFUSED] = WORD("refused"),
    [LEDGER_UNSENT] = WORD("unsent"),         [LEDGER_ERASED] = WORD("erased"),
};

static const struct slice twin_words[] = {
    [LEDGER_TWIN_NONE] = {.len = 0},
    [LEDGER_TWIN_REFUSED] = WORD("refused"),
    [LEDGER_TWIN_STOPPED] = WORD("stopped"),
    [LEDGER_TWIN_ALLOWED] = WORD("allowed"),
};

static const struct slice task_kind_words[] = {
    [LEDGER_TASK_LINK] = WORD("link"),
    [LEDGER_TASK_DOCUMENT] = WORD("document"),
};

static const struct slice task_state_words[] = {
    [LEDGER_TASK_JOURNALLED] = WORD("journalled"),
    [LEDGER_TASK_IN_DOUBT] = WORD("in_doubt"),
    [LEDGER_TASK_DONE] = WORD("done"),
    [LEDGER_TASK_REFUSED] = WORD("refused"),
    [LEDGER_TASK_UNSENT] = WORD("unsent"),
    [LEDGER_TASK_ERASED] = WORD("erased"),
};

/* The index of a word; that of another program is `other`. */
static int find_word(const struct slice *words, size_t count, struct slice word, int other)
{
    for (size_t i = 0; i < count; i++)
        if (slice_equal(word, words[i]))
            return (int)i;
    return other;
}

const char *ledger_state_word(enum ledger_state state)
{
    return state_words[state].data;
}

enum ledger_state ledger_state_from(struct slice word)
{
    return (enum ledger_state)find_word(state_words, COUNT(state_words), word, LEDGER_IN_DOUBT);
}

const char *ledger_task_kind_word(enum ledger_task_kind kind)
{
    return task_kind_words[kind].data;
}

const char *ledger_task_state_word(enum ledger_task_state state)
{
    return task_state_words[state].data;
}

/* Unknown is absent. */
static struct slice verification_text(enum verification verification)
{
    return verification == VERIFICATION_UNKNOWN ? slice_make(NULL, 0)
                                                : slice_from(verification_word(verification));
}

enum verification ledger_row_verification(struct slice word)
{
    for (int i = 0; i < VERIFICATION_COUNT; i++)
        if (slice_is(word, verification_word((enum verification)i)))
            return (enum verification)i;
    return VERIFICATION_UNKNOWN;
}

static void set_number(struct ledger_value *value, int64_t number)
{
    value->number = number;
    value->bytes.len = 0;
    value->is_null = number == 0;
}

static void set_bytes(struct ledger_value *value, struct slice bytes)
{
    value->number = 0;
    value->bytes = bytes;
    value->is_null = bytes.len == 0;
}

/* *value is NULL where the member is absent. */
static void read_member(enum member kind, const void *member, struct ledger_value *value)
{
    switch (kind) {
    case MEMBER_SLICE:
        set_bytes(value, *(const struct slice *)member);
        break;
    case MEMBER_INT64:
        set_number(value, *(const int64_t *)member);
        break;
    case MEMBER_UINT64:
        set_number(value, (int64_t)(*(const uint64_t *)member));
        break;
    case MEMBER_UINT32:
        set_number(value, *(const uint32_t *)member);
        break;
    case MEMBER_INT:
        set_number(value, *(const int *)member);
        break;
    case MEMBER_STATUS:
        set_number(value, *(const int *)member);
        value->is_null = value->number == NO_STATUS;
        break;
    case MEMBER_STATE:
        set_bytes(value, state_words[*(const enum ledger_state *)member]);
        break;
    case MEMBER_TWIN:
        set_bytes(value, twin_words[*(const enum ledger_twin *)member]);
        break;
    case MEMBER_OPERATION:
        set_bytes(value, slice_from(operation_word(*(const enum operation *)member)));
        break;
    case MEMBER_VERIFICATION:
        set_bytes(value, verification_text(*(const enum verification *)member));
        break;
    case MEMBER_TASK_KIND:
        set_bytes(value, task_kind_words[*(const enum ledger_task_kind *)member]);
        break;
    case MEMBER_TASK_STATE:
        set_bytes(value, task_state_words[*(const enum ledger_task_state *)member]);
        break;
    }
}

void ledger_row_to_values(const struct ledger_table *table, const void *row, struct ledger_value *values)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct ledger_column *column = &table->columns[i];
        read_member((enum member)column->member, (const char *)row + column->offset, &values[i]);
        if (column->is_required)
            values[i].is_null = false;
    }
}

static bool is_clean(struct slice text)
{
    return text.len == 0 || (!memchr(text.data, '\0', text.len) && utf8_is_valid(text));
}

static struct slice clean(struct slice text, struct arena *arena)
{
    static const char replacement[] = "\xef\xbf\xbd";
    char *bytes = arena_bytes(arena, text.len * (sizeof replacement - 1) + 1);
    size_t len = 0;
    for (struct utf8_char character; text.len > 0; text = slice_skip(text, character.len)) {
        character = utf8_first(text);
        bool is_kept = !character.broken && character.code != 0;
        size_t added = is_kept ? character.len : sizeof replacement - 1;
        memcpy(bytes + len, is_kept ? text.data : replacement, added);
        len += added;
    }
    bytes[len] = '\0';
    return slice_make(bytes, len);
}

struct slice ledger_row_clean_text(struct slice text, struct arena *arena)
{
    return is_clean(text) ? text : clean(text, arena);
}

static bool is_identifier(const char *name)
{
    static const char *const names[] = {"external_id", "former_key", "user_id", "slot"};
    for (size_t i = 0; i < COUNT(names); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

void ledger_row_clean(const struct ledger_table *table, struct ledger_value *values, struct arena *arena)
{
    for (size_t i = 0; i < table->count; i++)
        if (table->columns[i].type == LEDGER_TEXT && !values[i].is_null &&
            !is_identifier(table->columns[i].name))
            values[i].bytes = ledger_row_clean_text(values[i].bytes, arena);
}

static void write_member(enum member kind, const struct ledger_value *value, struct arena *arena,
                         void *member)
{
    switch (kind) {
    case MEMBER_INT64:
        *(int64_t *)member = value->number;
        break;
    case MEMBER_UINT64:
        *(uint64_t *)member = (uint64_t)value->number;
        break;
    case MEMBER_UINT32:
        *(uint32_t *)member = (uint32_t)value->number;
        break;
    case MEMBER_INT:
        *(int *)member = (int)value->number;
        break;
    case MEMBER_STATUS:
        *(int *)member = value->is_null ? NO_STATUS : (int)value->number;
        break;
    case MEMBER_STATE:
        *(enum ledger_state *)member = ledger_state_from(value->bytes);
        break;
    case MEMBER_TWIN:
        *(enum ledger_twin *)member =
            (enum ledger_twin)find_word(twin_words, COUNT(twin_words), value->bytes, LEDGER_TWIN_REFUSED);
        break;
    case MEMBER_OPERATION:
        *(enum operation *)member = slice_is(value->bytes, "update") ? OPERATION_UPDATE : OPERATION_CREATE;
        break;
    case MEMBER_VERIFICATION:
        *(enum verification *)member = ledger_row_verification(value->bytes);
        break;
    case MEMBER_TASK_KIND:
        *(enum ledger_task_kind *)member = (enum ledger_task_kind)find_word(
            task_kind_words, COUNT(task_kind_words), value->bytes, LEDGER_TASK_DOCUMENT);
        break;
    case MEMBER_TASK_STATE:
        *(enum ledger_task_state *)member = (enum ledger_task_state)find_word(
            task_state_words, COUNT(task_state_words), value->bytes, LEDGER_TASK_IN_DOUBT);
        break;
    case MEMBER_SLICE:
        *(struct slice *)member =
            arena && value->bytes.len > 0 ? arena_copy(arena, value->bytes) : value->bytes;
        break;
    }
}

const char *ledger_row_from_values(const struct ledger_table *table, const struct ledger_value *values,
                                   struct arena *arena, void *row)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct ledger_column *column = &table->columns[i];
        if (column->is_required && values[i].is_null)
            return column->name;
        write_member((enum member)column->member, &values[i], arena, (char *)row + column->offset);
    }
    return NULL;
}

const char *ledger_customer_lacks(const struct ledger_customer *customer)
{
    bool is_in_doubt = customer->state == LEDGER_JOURNALLED || customer->state == LEDGER_IN_DOUBT;

    if (customer->external_id.len == 0 && customer->state != LEDGER_UNSENT)
        return "external_id";
    if (customer->state == LEDGER_CREATED && customer->user_id.len == 0)
        return "user_id";
    if (customer->user_id.len >= OUTCOME_USER_ID_SIZE)
        return "user_id that an answer can have";
    if (customer->state != LEDGER_CREATED && customer->user_id.len > 0)
        return "state created, and a user_id";
    if (is_in_doubt && customer->first_sent_at == 0)
        return "first_sent_at";
    if (is_in_doubt && customer->operation == OPERATION_UPDATE)
        return "open create, and is in doubt";
    if (customer->first_sent_at != 0 && !is_in_doubt && customer->operation == OPERATION_CREATE)
        return "state in_doubt, and an open create";
    if (customer->first_sent_at != 0 && !is_in_doubt && customer->state != LEDGER_CREATED)
        return "user_id, and an open update";
    if (customer->first_sent_at != 0 && customer->pending_digest.len == 0)
        return "pending_digest";
    if (customer->digest.len > 0 && customer->member_digests.len == 0)
        return "member_digests";
    if (customer->pending_digest.len > 0 && customer->pending_member_digests.len == 0)
        return "pending_member_digests";
    return NULL;
}

bool ledger_customer_is_held(const struct ledger_customer *customer)
{
    return customer->state == LEDGER_REFUSED && slice_is(customer->code, LEDGER_HELD);
}

bool ledger_customer_is_untouched(const struct ledger_customer *customer)
{
    bool is_final = customer->state == LEDGER_UNSENT || customer->state == LEDGER_REFUSED;

    return is_final && customer->attempts == 0 && customer->refusals == 0 &&
           customer->twin != LEDGER_TWIN_ALLOWED;
}
