#include "sandbox/state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "core/json.h"
#include "core/memory.h"
#include "sandbox/api.h"
#include "sandbox/link.h"
#include "sandbox/server_state.h"

enum { LINE_MAX_LEN = 64 * 1024 * 1024 };

static struct slice member_text(const struct json_node *nodes, const char *key)
{
    size_t index = json_member(nodes, 0, key);
    return index && nodes[index].kind == JSON_STRING ? nodes[index].text : slice_make(NULL, 0);
}

/* the bytes of the member `body`: it is the last one, and no string before it contains an unescaped quote */
static struct slice body_of(struct slice line)
{
    static const char before[] = ",\"body\":";
    const char *cursor = memmem(line.data, line.len, before, sizeof before - 1);
    if (!cursor)
        return slice_make(NULL, 0);
    cursor += sizeof before - 1;
    return slice_make(cursor, (size_t)(line.data + line.len - 1 - cursor));
}

static bool read_unsigned(struct slice text, uint64_t *number)
{
    char copy[24] = {0};
    if (text.len == 0 || text.len >= sizeof copy)
        return false;
    memcpy(copy, text.data, text.len);
    return keyring_read_nonce(copy, number);
}

static bool load_number(const struct json_node *nodes, const char *key, uint64_t *number)
{
    return read_unsigned(member_text(nodes, key), number);
}

static bool load_nonce(struct server_state *state, const struct json_node *nodes)
{
    struct slice nonce_text = member_text(nodes, "nonce");
    struct slice name = member_text(nodes, "key");
    uint64_t nonce;
    if (!read_unsigned(nonce_text, &nonce))
        return false;
    for (int key = 0; key < CREDENTIAL_COUNT; key++)
        if (slice_is(name, credential_table[key].api_key))
            keyring_use_nonce(&state->keyring, key, nonce);
    return true;
}

static struct api_state *find_api_state(struct server_state *state, struct slice api)
{
    for (size_t i = 0; i < state->api_count; i++)
        if (slice_is(api, state->apis[i].api->name))
            return &state->apis[i];
    return NULL;
}

static bool load_update(struct server_state *state, const struct json_node *nodes, struct slice line)
{
    struct api_state *api_state = find_api_state(state, member_text(nodes, "api"));
    struct user *user = api_state ? users_by_id(&api_state->users, member_text(nodes, "update")) : NULL;
    struct slice email = member_text(nodes, "email"), body = body_of(line);
    if (!user || email.len > USERS_EMAIL_MAX || body.len == 0)
        return false;
    users_update(&api_state->users, user, email, body);
    return true;
}

static bool read_digest(struct slice hex, uint8_t digest[DIGEST_SHA256_LEN])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < DIGEST_SHA256_LEN && hex.len == 2 * DIGEST_SHA256_LEN; i++) {
        const char *high = memchr(digits, hex.data[2 * i], 16),
                   *low = memchr(digits, hex.data[2 * i + 1], 16);
        if (!high || !low)
            return false;
        digest[i] = (uint8_t)((high - digits) * 16 + (low - digits));
    }
    return hex.len == 2 * DIGEST_SHA256_LEN;
}

enum flag {
    FLAG_REMOVED = 1,
    FLAG_REJECTED_AT_ONCE = 2,
    FLAG_LINK_FAILED = 4,
    FLAG_NOT_TRIGGERED = 8,
    FLAG_LINK_OPEN = 16,
    FLAG_MOVED_ALONE = 32
};

static unsigned flags_of(const struct user *user)
{
    const struct standing *standing = &user->standing;
    return (user->removed ? FLAG_REMOVED : 0u) | (standing->rejected_at_once ? FLAG_REJECTED_AT_ONCE : 0u) |
           (standing->link_failed ? FLAG_LINK_FAILED : 0u) |
           (standing->not_triggered ? FLAG_NOT_TRIGGERED : 0u) | (standing->link_open ? FLAG_LINK_OPEN : 0u) |
           (standing->moved_alone ? FLAG_MOVED_ALONE : 0u);
}

static void set_flags(struct user *user, uint64_t flags)
{
    struct standing *standing = &user->standing;
    user->removed = flags & FLAG_REMOVED;
    standing->rejected_at_once = flags & FLAG_REJECTED_AT_ONCE;
    standing->link_failed = flags & FLAG_LINK_FAILED;
    standing->not_triggered = flags & FLAG_NOT_TRIGGERED;
    standing->link_open = flags & FLAG_LINK_OPEN;
    standing->moved_alone = flags & FLAG_MOVED_ALONE;
}

static bool load_standing(struct server_state *state, const struct json_node *nodes)
{
    struct api_state *api_state = find_api_state(state, member_text(nodes, "api"));
    struct user *user = api_state ? users_by_id(&api_state->users, member_text(nodes, "standing")) : NULL;
    if (!user)
        return false;
    uint64_t moves, links, duplicates, flags;
    struct standing *standing = &user->standing;
    unsigned known_links = standing->links;
    bool good = standing_read(member_text(nodes, "state"), &standing->state) &&
                standing_read(member_text(nodes, "next"), &standing->next) &&
                load_number(nodes, "due", &standing->due_ns) &&
                load_number(nodes, "changed", &standing->changed_ns) && load_number(nodes, "moves", &moves) &&
                load_number(nodes, "links", &links) && load_number(nodes, "duplicate_links", &duplicates) &&
                load_number(nodes, "link_at", &standing->link_ns) && load_number(nodes, "flags", &flags);
    if (!good)
        return false;
    standing->moves = (uint32_t)moves;
    standing->links = (uint32_t)links;
    standing->duplicate_links = (uint32_t)duplicates;
    set_flags(user, flags);
    link_index(&api_state->users, api_state->api->name, user, known_links);

    uint8_t digest[DIGEST_SHA256_LEN];
    struct slice document = member_text(nodes, "document");
    if (document.len > 0 && !read_digest(document, digest))
        return false;
    if (document.len > 0)
        users_add_document(&api_state->users, user, digest);
    return true;
}

static bool load_idempotency(struct server_state *state, const struct json_node *nodes)
{
    struct api_state *api_state = find_api_state(state, member_text(nodes, "api"));
    struct user *user = api_state ? users_by_id(&api_state->users, member_text(nodes, "user")) : NULL;
    struct idempotency_entry *entry =
        idempotency_ensure(&state->idempotency, member_text(nodes, "idempotency"));
    uint64_t link;
    if (!load_number(nodes, "link", &link))
        return false;
    entry->link = (uint32_t)link;
    entry->user = user;
    return user && read_digest(member_text(nodes, "sha256"), entry->digest) &&
           read_unsigned(member_text(nodes, "at"), &entry->created_ns);
}

static bool load_user(struct server_state *state, const struct json_node *nodes, struct slice line)
{
    struct api_state *api_state = find_api_state(state, member_text(nodes, "api"));
    struct user user = {
        .id = member_text(nodes, "id"),
        .external_id = member_text(nodes, "external_id"),
        .email = member_text(nodes, "email"),
        .body = body_of(line),
    };
    read_unsigned(member_text(nodes, "at"), &user.created_ns);
    if (!api_state || user.id.len == 0 || user.email.len > USERS_EMAIL_MAX || user.body.len == 0)
        return false;
    users_add(&api_state->users, user);
    return true;
}

static bool load_line(struct server_state *state, struct json_reader *reader, struct slice line)
{
    size_t count;
    struct json_fault fault;
    const struct json_node *nodes = json_reader_parse(reader, line, &count, &fault);
    if (!nodes || nodes[0].kind != JSON_OBJECT)
        return false;
    if (json_member(nodes, 0, "nonce"))
        return load_nonce(state, nodes);
    if (json_member(nodes, 0, "update"))
        return load_update(state, nodes, line);
    if (json_member(nodes, 0, "standing"))
        return load_standing(state, nodes);
    if (json_member(nodes, 0, "idempotency"))
        return load_idempotency(state, nodes);
    return load_user(state, nodes, line);
}

/* returns the bytes up to the last complete line, or -1 */
static off_t load_lines(struct state_file *file, struct server_state *state, struct slice text,
                        struct error *error)
{
    struct json_reader *reader = json_reader_new();
    size_t offset = 0, number = 0;
    off_t result = 0;
    while (offset < text.len) {
        const char *end = memchr(text.data + offset, '\n', text.len - offset);
        if (!end)
            break;
        struct slice line = slice_make(text.data + offset, (size_t)(end - text.data) - offset);
        number++;
        if (!load_line(state, reader, line)) {
            result = error_set(error, ERROR_USAGE,
                               "%s:%zu: not a line of a sandbox's state\nhint: give --state another file",
                               file->path, number);
            break;
        }
        offset += line.len + 1;
        result = (off_t)offset;
    }
    json_reader_free(reader);
    return result;
}

static int load(struct state_file *file, struct server_state *state, struct error *error)
{
    struct stat status;
    if (fstat(file->fd, &status) != 0)
        return error_set(error, ERROR_USAGE, "%s: %s", file->path, strerror(errno));
    if (file_kind_fault(status.st_mode))
        return error_set(error, ERROR_USAGE, "--state %s: %s", file->path, file_kind_fault(status.st_mode));
    if (status.st_size == 0)
        return 0;
    size_t size = (size_t)status.st_size;
    void *text = mmap(NULL, size, PROT_READ, MAP_PRIVATE, file->fd, 0);
    if (text == MAP_FAILED)
        return error_set(error, ERROR_USAGE, "%s: %s", file->path, strerror(errno));
    off_t good = load_lines(file, state, slice_make(text, size), error);
    munmap(text, size);
    if (good < 0)
        return -1;
    if ((size_t)good < size && ftruncate(file->fd, good) != 0)
        return error_set(error, ERROR_USAGE, "%s: %s", file->path, strerror(errno));
    return 0;
}

int state_file_open(struct state_file *file, const char *path, struct server_state *state,
                    struct error *error)
{
    *file = (struct state_file){.path = path};
    buffer_init(&file->line, LINE_MAX_LEN);
    file->fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0600);
    if (file->fd < 0)
        return error_set(error, ERROR_USAGE, "--state %s: %s", path, strerror(errno));
    if (flock(file->fd, LOCK_EX | LOCK_NB) != 0) {
        error_set(error, ERROR_USAGE, "--state %s: another sandbox uses it", path);
        state_file_close(file);
        return -1;
    }
    if (load(file, state, error) != 0) {
        state_file_close(file);
        return -1;
    }
    return 0;
}

void state_file_close(struct state_file *file)
{
    close(file->fd);
    buffer_clear(&file->line);
}

int state_file_add_user(struct state_file *file, const char *api, struct user *user)
{
    buffer_reset(&file->line);
    users_write_line(&file->line, api, user);
    return file_write_all(file->fd, buffer_slice(&file->line));
}

int state_file_add_update(struct state_file *file, const char *api, const struct user *user)
{
    struct json_writer writer;
    buffer_reset(&file->line);
    json_write_begin(&writer, &file->line);
    json_write_object(&writer);
    json_write_member(&writer, "api", slice_from(api));
    json_write_member(&writer, "update", user->id);
    json_write_member(&writer, "email", user->email);
    json_write_key(&writer, "body");
    buffer_append(&file->line, user->body);
    buffer_append_text(&file->line, "}\n");
    return file_write_all(file->fd, buffer_slice(&file->line));
}

/* numbers are text: JSON's own lose digits */
static void write_number(struct json_writer *writer, const char *key, uint64_t number)
{
    char text[24];
    int len = snprintf(text, sizeof text, "%" PRIu64, number);
    json_write_member(writer, key, slice_make(text, (size_t)len));
}

int state_file_add_standing(struct state_file *file, const char *api, const struct user *user,
                            const uint8_t *document)
{
    char digest[2 * DIGEST_SHA256_LEN + 1];
    const struct standing *standing = &user->standing;
    struct json_writer writer;
    buffer_reset(&file->line);
    json_write_begin(&writer, &file->line);
    json_write_object(&writer);
    json_write_member(&writer, "api", slice_from(api));
    json_write_member(&writer, "standing", user->id);
    json_write_member(&writer, "state", slice_from(standing_word(standing->state)));
    json_write_member(&writer, "next", slice_from(standing_word(standing->next)));
    write_number(&writer, "due", standing->due_ns);
    write_number(&writer, "changed", standing->changed_ns);
    write_number(&writer, "moves", standing->moves);
    write_number(&writer, "links", standing->links);
    write_number(&writer, "duplicate_links", standing->duplicate_links);
    write_number(&writer, "link_at", standing->link_ns);
    write_number(&writer, "flags", flags_of(user));
    if (document)
        json_write_member(&writer, "document", slice_from(digest_hex(document, DIGEST_SHA256_LEN, digest)));
    json_write_object_end(&writer);
    buffer_append_char(&file->line, '\n');
    return file_write_all(file->fd, buffer_slice(&file->line));
}

int state_file_add_idempotency(struct state_file *file, const char *api,
                               const struct idempotency_entry *entry)
{
    char text[24], digest[2 * DIGEST_SHA256_LEN + 1];
    int len = snprintf(text, sizeof text, "%" PRIu64, entry->created_ns);
    struct json_writer writer;
    buffer_reset(&file->line);
    json_write_begin(&writer, &file->line);
    json_write_object(&writer);
    json_write_member(&writer, "api", slice_from(api));
    json_write_member(&writer, "idempotency", entry->key);
    json_write_member(&writer, "user", entry->user->id);
    json_write_member(&writer, "sha256", slice_from(digest_hex(entry->digest, DIGEST_SHA256_LEN, digest)));
    json_write_member(&writer, "at", slice_make(text, (size_t)len));
    write_number(&writer, "link", entry->link);
    json_write_object_end(&writer);
    buffer_append_char(&file->line, '\n');
    return file_write_all(file->fd, buffer_slice(&file->line));
}

int state_file_add_nonce(struct state_file *file, const char *api_key, uint64_t nonce)
{
    char line[128];
    int len = snprintf(line, sizeof line, "{\"nonce\":\"%" PRIu64 "\",\"key\":\"%s\"}\n", nonce, api_key);
    return file_write_all(file->fd, slice_make(line, (size_t)len));
}
