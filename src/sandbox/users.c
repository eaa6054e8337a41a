#include "sandbox/users.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/json.h"
#include "core/memory.h"

enum { CHUNK = 1024 * 1024 };

void users_init(struct users *users)
{
    *users = (struct users){0};
    arena_init(&users->arena, CHUNK);
    users->by_id = hash_table_new();
    users->by_external_id = hash_table_new();
    users->by_email = hash_table_new();
    users->by_link = hash_table_new();
    users->customers = hash_table_new();
    users->documents = hash_table_new();
}

void users_clear(struct users *users)
{
    hash_table_free(users->by_id);
    hash_table_free(users->by_external_id);
    hash_table_free(users->by_email);
    hash_table_free(users->by_link);
    hash_table_free(users->customers);
    hash_table_free(users->documents);
    free(users->all);
    arena_clear(&users->arena);
    *users = (struct users){0};
}

/* e-mails are compared without regard to case */
static struct slice fold_email(struct slice email, char folded[USERS_EMAIL_MAX])
{
    assert(email.len <= USERS_EMAIL_MAX);
    for (size_t i = 0; i < email.len; i++) {
        char c = email.data[i];
        folded[i] = c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
    }
    return slice_make(folded, email.len);
}

static struct user *find_in(struct users *users, struct hash_table *index, struct slice key)
{
    uint32_t row = hash_table_ensure(index, hash_table_hash(key))->mark;
    return row ? users->all[row - 1] : NULL;
}

struct user *users_by_id(struct users *users, struct slice id)
{
    struct user *user = find_in(users, users->by_id, id);
    return user && !user->removed && slice_equal(user->id, id) ? user : NULL;
}

struct user *users_by_external_id(struct users *users, struct slice external_id)
{
    struct user *user = find_in(users, users->by_external_id, external_id);
    return user && slice_equal(user->external_id, external_id) ? user : NULL;
}

struct user *users_by_email(struct users *users, struct slice email)
{
    char wanted[USERS_EMAIL_MAX], found[USERS_EMAIL_MAX];
    if (email.len > USERS_EMAIL_MAX)
        return NULL;
    struct slice folded = fold_email(email, wanted);
    struct user *user = find_in(users, users->by_email, folded);
    return user && slice_equal(fold_email(user->email, found), folded) ? user : NULL;
}

struct user *users_by_link(struct users *users, struct slice link)
{
    struct user *user = find_in(users, users->by_link, link);
    return user && !user->removed ? user : NULL;
}

static void index_user(struct hash_table *index, struct slice key, uint32_t row)
{
    struct hash_table_entry *entry = hash_table_ensure(index, hash_table_hash(key));
    if (entry->mark == 0)
        entry->mark = row;
}

static void count_customer(struct users *users, const struct user *user, struct slice email)
{
    bool named = user->external_id.len > 0;
    struct slice key = named ? user->external_id : email;
    char prefixed[1 + USERS_EMAIL_MAX + 256];
    size_t len = key.len < sizeof prefixed - 1 ? key.len : sizeof prefixed - 1;
    prefixed[0] = named ? 'x' : 'e';
    memcpy(prefixed + 1, key.data, len);
    struct hash_table_entry *entry =
        hash_table_ensure(users->customers, hash_table_hash(slice_make(prefixed, len + 1)));
    if (++entry->value == 2)
        users->duplicates++;
}

/* JSON has line breaks only between its tokens */
static struct slice copy_on_one_line(struct arena *arena, struct slice json)
{
    char *copy = arena_bytes(arena, json.len);
    for (size_t i = 0; i < json.len; i++)
        copy[i] = json.data[i] == '\n' || json.data[i] == '\r' ? ' ' : json.data[i];
    return slice_make(copy, json.len);
}

struct user *users_add(struct users *users, struct user user)
{
    struct user *copy = arena_alloc(&users->arena, sizeof *copy);
    *copy = user;
    copy->creates = 1;
    copy->id = arena_copy(&users->arena, user.id);
    copy->external_id = arena_copy(&users->arena, user.external_id);
    copy->email = arena_copy(&users->arena, user.email);
    copy->body = copy_on_one_line(&users->arena, user.body);

    if (users->count == users->capacity) {
        users->capacity = users->capacity ? 2 * users->capacity : 1024;
        /* NOLINTNEXTLINE(bugprone-sizeof-expression): the array holds pointers. */
        users->all = memory_resize(users->all, users->capacity, sizeof *users->all);
    }
    users->all[users->count++] = copy;

    char folded[USERS_EMAIL_MAX];
    struct slice email = fold_email(copy->email, folded);
    uint32_t row = (uint32_t)users->count;
    index_user(users->by_id, copy->id, row);
    if (copy->external_id.len > 0)
        index_user(users->by_external_id, copy->external_id, row);
    index_user(users->by_email, email, row);
    count_customer(users, copy, email);
    return copy;
}

void users_update(struct users *users, struct user *user, struct slice email, struct slice body)
{
    if (!slice_equal(email, user->email))
        user->email = arena_copy(&users->arena, email);
    user->body = copy_on_one_line(&users->arena, body);
    user->updates++;
}

void users_add_link(struct users *users, struct user *user, struct slice link)
{
    index_user(users->by_link, link, hash_table_ensure(users->by_id, hash_table_hash(user->id))->mark);
}

void users_add_document(struct users *users, struct user *user, const uint8_t digest[DIGEST_SHA256_LEN])
{
    uint8_t key[DIGEST_SHA256_LEN];
    digest_sha256(user->id, slice_make((const char *)digest, DIGEST_SHA256_LEN), key);
    uint64_t hash = hash_table_hash(slice_make((const char *)key, sizeof key));
    user->standing.documents++;
    user->standing.duplicate_documents += hash_table_ensure(users->documents, hash)->mark++ > 0;
}

static void write_counters(struct json_writer *writer, struct user *user)
{
    const char *state = user->removed ? "deleted" : standing_word(standing_now(&user->standing));
    json_write_member_unsigned(writer, "creates", user->creates);
    json_write_member_unsigned(writer, "updates", user->updates);
    json_write_member(writer, "state", slice_from(state));
    json_write_member_unsigned(writer, "links", user->standing.links);
    json_write_member_unsigned(writer, "documents", user->standing.documents);
}

void users_write_line(struct buffer *out, const char *api, struct user *user)
{
    struct json_writer writer;
    json_write_begin(&writer, out);
    json_write_object(&writer);
    if (api) {
        char text[24];
        int len = snprintf(text, sizeof text, "%" PRIu64, user->created_ns);
        json_write_member(&writer, "api", slice_from(api));
        json_write_member(&writer, "at", slice_make(text, (size_t)len));
    }
    json_write_member(&writer, "external_id", user->external_id);
    json_write_member(&writer, "id", user->id);
    json_write_member(&writer, "email", user->email);
    if (!api)
        write_counters(&writer, user);
    json_write_key(&writer, "body");
    buffer_append(out, user->body);
    buffer_append_text(out, "}\n");
}
