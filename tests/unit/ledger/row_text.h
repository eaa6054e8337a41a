/* row_text: rows of customers as texts, so that a test states every column of a row in one line.
 *
 * `state=created user=U-1 members=abc attempts=2`: a later value of a column replaces an earlier one; `-` and
 * 0 are absent. A digest is its letters and then zeros; of member digests each letter is every byte of
 * one member's, `?` LEDGER_MEMBER_UNKNOWN, `.` FINGERPRINT_MEMBER_ABSENT. Thread: one.
 */
#ifndef KYC_TESTS_ROW_TEXT_H
#define KYC_TESTS_ROW_TEXT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/arena.h"
#include "ledger/fingerprint.h"
#include "ledger/ledger_apply.h"
#include "ledger/ledger_row.h"

enum { ROW_TEXT_SIZE = 1024 };

enum row_text_kind {
    ROW_INT64,
    ROW_UINT32,
    ROW_INT,
    ROW_WORD,
    ROW_DIGEST,
    ROW_MEMBERS,
    ROW_STATE,
    ROW_TWIN,
    ROW_OPERATION,
    ROW_VERIFICATION
};

struct row_text_column {
    const char *name;
    enum row_text_kind kind;
    size_t offset;
};

#define ROW(name, kind, member)                                                                              \
    {                                                                                                        \
#name, kind, offsetof(struct ledger_customer, member)                                                \
    }
static const struct row_text_column row_text_columns[] = {
    ROW(id, ROW_INT64, id),
    ROW(key, ROW_WORD, external_id),
    ROW(former, ROW_WORD, former_key),
    ROW(state, ROW_STATE, state),
    ROW(user, ROW_WORD, user_id),
    ROW(digest, ROW_DIGEST, digest),
    ROW(members, ROW_MEMBERS, member_digests),
    ROW(email, ROW_MEMBERS, email_digest),
    ROW(left_out, ROW_MEMBERS, left_out),
    ROW(kept, ROW_WORD, kept),
    ROW(identity, ROW_WORD, identity),
    ROW(twin, ROW_TWIN, twin),
    ROW(verdict, ROW_INT64, verdict),
    ROW(operation, ROW_OPERATION, operation),
    ROW(pending, ROW_DIGEST, pending_digest),
    ROW(pending_members, ROW_MEMBERS, pending_member_digests),
    ROW(pending_email, ROW_MEMBERS, pending_email_digest),
    ROW(idempotency, ROW_WORD, idempotency_key),
    ROW(first_sent, ROW_INT64, first_sent_at),
    ROW(refusals, ROW_UINT32, refusals),
    ROW(attempts, ROW_UINT32, attempts),
    ROW(http, ROW_INT, http_status),
    ROW(code, ROW_WORD, code),
    ROW(message, ROW_WORD, message),
    ROW(request, ROW_WORD, request_id),
    ROW(first_run, ROW_INT64, first_run),
    ROW(run, ROW_INT64, updated_run),
    ROW(at, ROW_INT64, updated_at),
    ROW(verification, ROW_VERIFICATION, verification),
    ROW(verification_word, ROW_WORD, verification_word),
    ROW(verification_reason, ROW_WORD, verification_reason),
    ROW(verification_at, ROW_INT64, verification_at),
    ROW(link_at, ROW_INT64, link_at),
};
#undef ROW

enum { ROW_TEXT_COLUMNS = sizeof row_text_columns / sizeof *row_text_columns };
_Static_assert((int)ROW_TEXT_COLUMNS == (int)LEDGER_CUSTOMER_COLUMNS, "every column has its name here");

static const char *const row_text_states[] = {"journalled", "in_doubt", "created",
                                              "refused",    "unsent",   "erased"};
static const char *const row_text_twins[] = {"-", "refused", "stopped", "allowed"};
static const char *const row_text_operations[] = {"create", "update"};
static const char *const row_text_verifications[] = {"-", "pending", "action_needed", "verified", "rejected"};

static inline struct slice row_text_digest(struct arena *arena, const char *letters)
{
    if (!letters || strcmp(letters, "-") == 0)
        return slice_make(NULL, 0);
    char *digest = arena_bytes(arena, FINGERPRINT_LEN);
    memset(digest, 0, FINGERPRINT_LEN);
    memcpy(digest, letters, strlen(letters));
    return slice_make(digest, FINGERPRINT_LEN);
}

static inline struct slice row_text_members(struct arena *arena, const char *letters)
{
    if (!letters || strcmp(letters, "-") == 0)
        return slice_make(NULL, 0);
    size_t count = strlen(letters);
    char *members = arena_bytes(arena, count * FINGERPRINT_MEMBER_LEN + 1);
    for (size_t i = 0; letters[i]; i++) {
        int byte = letters[i] == '?'   ? LEDGER_MEMBER_UNKNOWN
                   : letters[i] == '.' ? FINGERPRINT_MEMBER_ABSENT
                                       : letters[i];
        memset(members + i * FINGERPRINT_MEMBER_LEN, byte, FINGERPRINT_MEMBER_LEN);
    }
    return slice_make(members, count * FINGERPRINT_MEMBER_LEN);
}

static inline struct slice row_text_word(struct arena *arena, const char *word)
{
    return word && strcmp(word, "-") != 0 ? arena_copy(arena, slice_from(word)) : slice_make(NULL, 0);
}

static inline int row_text_index(const char *word, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(word, words[i]) == 0)
            return (int)i;
    fail_msg("`%s` is not a word of this column", word);
    return 0;
}

#define ROW_TEXT_INDEX(word, words) row_text_index(word, words, sizeof(words) / sizeof *(words))

static inline void row_text_set(struct arena *arena, const struct row_text_column *column, const char *value,
                                void *member)
{
    switch (column->kind) {
    case ROW_INT64:
        *(int64_t *)member = strtoll(value, NULL, 10);
        break;
    case ROW_UINT32:
        *(uint32_t *)member = (uint32_t)strtoul(value, NULL, 10);
        break;
    case ROW_INT:
        *(int *)member = (int)strtol(value, NULL, 10);
        break;
    case ROW_WORD:
        *(struct slice *)member = row_text_word(arena, value);
        break;
    case ROW_DIGEST:
        *(struct slice *)member = row_text_digest(arena, value);
        break;
    case ROW_MEMBERS:
        *(struct slice *)member = row_text_members(arena, value);
        break;
    case ROW_STATE:
        *(enum ledger_state *)member = (enum ledger_state)ROW_TEXT_INDEX(value, row_text_states);
        break;
    case ROW_TWIN:
        *(enum ledger_twin *)member = (enum ledger_twin)ROW_TEXT_INDEX(value, row_text_twins);
        break;
    case ROW_OPERATION:
        *(enum operation *)member = (enum operation)ROW_TEXT_INDEX(value, row_text_operations);
        break;
    case ROW_VERIFICATION:
        *(enum verification *)member = (enum verification)ROW_TEXT_INDEX(value, row_text_verifications);
        break;
    }
}

/* Sets the columns that the text names. */
static inline void row_text_apply(struct arena *arena, const char *text, struct ledger_customer *row)
{
    char copy[ROW_TEXT_SIZE], *rest = copy, *pair;
    assert_true(strlen(text) < sizeof copy);
    memcpy(copy, text, strlen(text) + 1);
    while ((pair = strtok_r(rest, " ", &rest))) {
        char *value = strchr(pair, '=');
        size_t i = 0;
        assert_non_null(value);
        *value++ = '\0';
        while (i < ROW_TEXT_COLUMNS && strcmp(row_text_columns[i].name, pair) != 0)
            i++;
        if (i == ROW_TEXT_COLUMNS)
            fail_msg("no column `%s`", pair);
        row_text_set(arena, &row_text_columns[i], value, (char *)row + row_text_columns[i].offset);
    }
}

static inline struct ledger_customer row_text_make(struct arena *arena, const char *text)
{
    struct ledger_customer row = {.id = 0};
    row_text_apply(arena, text, &row);
    return row;
}

static inline void row_text_bytes(struct slice bytes, size_t width, char *out, size_t size)
{
    size_t len = 0;
    for (size_t i = 0; i < bytes.len && len + 1 < size; i += width) {
        unsigned char byte = (unsigned char)bytes.data[i];
        for (size_t j = 1; j < width; j++) /* another length or mixed bytes never equal a text */
            if (i + j >= bytes.len || (unsigned char)bytes.data[i + j] != byte)
                byte = '!';
        if (width == 1 && byte == 0)
            break;
        out[len++] = byte == LEDGER_MEMBER_UNKNOWN ? '?' : byte == 0 ? '.' : (char)byte;
    }
    out[len] = '\0';
    if (bytes.len == 0)
        snprintf(out, size, "-");
}

/* Every column of the row. */
static inline const char *row_text_describe(const struct ledger_customer *row, char out[ROW_TEXT_SIZE])
{
    size_t len = 0;
    for (size_t i = 0; i < ROW_TEXT_COLUMNS; i++) {
        const struct row_text_column *column = &row_text_columns[i];
        const void *member = (const char *)row + column->offset;
        char value[128];
        switch (column->kind) {
        case ROW_INT64:
            snprintf(value, sizeof value, "%lld", (long long)*(const int64_t *)member);
            break;
        case ROW_UINT32:
            snprintf(value, sizeof value, "%u", *(const uint32_t *)member);
            break;
        case ROW_INT:
            snprintf(value, sizeof value, "%d", *(const int *)member);
            break;
        case ROW_WORD:
        case ROW_DIGEST:
            row_text_bytes(*(const struct slice *)member, 1, value, sizeof value);
            break;
        case ROW_MEMBERS:
            row_text_bytes(*(const struct slice *)member, FINGERPRINT_MEMBER_LEN, value, sizeof value);
            break;
        case ROW_STATE:
            snprintf(value, sizeof value, "%s", row_text_states[*(const enum ledger_state *)member]);
            break;
        case ROW_TWIN:
            snprintf(value, sizeof value, "%s", row_text_twins[*(const enum ledger_twin *)member]);
            break;
        case ROW_OPERATION:
            snprintf(value, sizeof value, "%s", row_text_operations[*(const enum operation *)member]);
            break;
        case ROW_VERIFICATION:
            snprintf(value, sizeof value, "%s", row_text_verifications[*(const enum verification *)member]);
            break;
        }
        len += (size_t)snprintf(out + len, ROW_TEXT_SIZE - len, "%s=%s ", column->name, value);
        assert_true(len < ROW_TEXT_SIZE);
    }
    return out;
}

#endif
