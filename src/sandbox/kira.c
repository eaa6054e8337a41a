#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "core/clock.h"
#include "sandbox/api.h"
#include "sandbox/exchange.h"
#include "sandbox/format.h"
#include "sandbox/identity.h"
#include "sandbox/kira_result.h"
#include "sandbox/kira_schema.h"
#include "sandbox/link.h"
#include "sandbox/request.h"
#include "sandbox/server_state.h"

enum { PATH_ID_SIZE = 64, LIST_LIMIT_DEFAULT = 20, LIST_LIMIT_MAX = 100 };

static const struct api_route routes[] = {{"/v1/users", "/verifications", OPERATION_LINK}, {0}};

/* {"code":…,"message":…} */
static void refuse(struct exchange *exchange, unsigned status, const char *code, const char *message)
{
    struct json_writer writer;
    exchange_begin_answer(exchange, status, &writer);
    json_write_object(&writer);
    json_write_member(&writer, "code", slice_from(code));
    json_write_member(&writer, "message", slice_from(message));
    json_write_object_end(&writer);
}

/* {KEY:CODE,"message":…}: the format of the older parts of the API */
static void refuse_under(struct exchange *exchange, unsigned status, const char *key, const char *code,
                         const char *message)
{
    struct json_writer writer;
    exchange_begin_answer(exchange, status, &writer);
    json_write_object(&writer);
    json_write_member(&writer, key, slice_from(code));
    json_write_member(&writer, "message", slice_from(message));
    json_write_object_end(&writer);
}

/* the gateway before the API has a format of its own: {"message":…} and x-amzn-errortype */
static void refuse_at_gateway(struct exchange *exchange, unsigned status, const char *error_type,
                              const char *message)
{
    struct json_writer writer;
    exchange_begin_answer(exchange, status, &writer);
    exchange->error_type = error_type;
    json_write_object(&writer);
    json_write_member(&writer, "message", slice_from(message));
    json_write_object_end(&writer);
}

static void throttle(struct exchange *exchange)
{
    refuse_at_gateway(exchange, 429, "TooManyRequestsException", "Too Many Requests");
    exchange->retry_after = true;
}

static void count(struct exchange *exchange, uint64_t *counter)
{
    server_state_lock(exchange->state);
    (*counter)++;
    server_state_unlock(exchange->state);
}

static bool has_token(struct exchange *exchange)
{
    static const char *const codes[] = {"", "token_expired", "token_revoked", "invalid_token"};
    struct slice token = exchange_bearer(exchange);
    server_state_lock(exchange->state);
    enum token_state state = tokens_check(&exchange->state->tokens, token, clock_mono_ns());
    server_state_unlock(exchange->state);
    if (state == TOKEN_VALID)
        return true;
    /* tokens are revoked only by the sandbox's own control path */
    exchange->caused_by_fault = state == TOKEN_REVOKED;
    count(exchange, &exchange->api_state->stats.bad_tokens);
    refuse_under(exchange, 401, "error", codes[state], "log in again");
    return false;
}

static bool authenticate(struct exchange *exchange, struct workspace *workspace)
{
    (void)workspace;
    const char *api_key = exchange_header(exchange, "x-api-key");
    if (!api_key || strcmp(api_key, credential_kira_api_key) != 0 || exchange_key_is_revoked(exchange)) {
        count(exchange, &exchange->api_state->stats.bad_keys);
        refuse_at_gateway(exchange, 403, "ForbiddenException", "Forbidden");
        return false;
    }
    return slice_is(exchange->path, exchange->api->login_path) || has_token(exchange);
}

/* the key of a POST; empty: none, or a malformed one */
static struct slice idempotency_key(const struct exchange *exchange)
{
    struct slice key = slice_from(exchange_header(exchange, "Idempotency-Key"));
    if (key.len > IDEMPOTENCY_KEY_MAX || !exchange_method_is(exchange, "POST"))
        return slice_make("", 0);
    for (size_t i = 0; i < key.len; i++)
        if (key.data[i] <= ' ' || key.data[i] > '~')
            return slice_make("", 0);
    return key;
}

static void lock_key(struct exchange *exchange)
{
    struct slice key = idempotency_key(exchange);
    if (key.len == 0)
        return;
    server_state_lock(exchange->state);
    struct idempotency_entry *entry = idempotency_ensure(&exchange->state->idempotency, key);
    if (entry->locked)
        refuse_under(exchange, 409, "error_code", "IDEMPOTENCY_CONFLICT", "this request is being worked on");
    else
        entry->locked = exchange->locked = true;
    server_state_unlock(exchange->state);
}

static void unlock_key(struct exchange *exchange)
{
    if (!exchange->locked)
        return;
    server_state_lock(exchange->state);
    idempotency_ensure(&exchange->state->idempotency, idempotency_key(exchange))->locked = false;
    exchange->locked = false;
    server_state_unlock(exchange->state);
}

static void log_in(struct exchange *exchange, struct workspace *workspace)
{
    const struct json_node *nodes = request_read(exchange, workspace);
    if (!nodes || !request_check(exchange, kira_schema_login, nodes, false))
        return;
    if (!slice_is(request_text(nodes, "client_id"), credential_kira_client_id) ||
        !slice_is(request_text(nodes, "password"), credential_kira_password)) {
        count(exchange, &exchange->api_state->stats.bad_keys);
        refuse(exchange, 401, "invalid_credentials", "client_id or password is wrong");
        return;
    }
    uint64_t life_ns = exchange->state->options->token_life_ns;
    struct json_writer writer;
    exchange_begin_answer(exchange, 200, &writer);
    json_write_object(&writer);
    json_write_key(&writer, "data");
    json_write_object(&writer);
    server_state_lock(exchange->state);
    exchange->api_state->stats.logins++;
    const char *token = tokens_issue(&exchange->state->tokens, clock_mono_ns() + life_ns);
    json_write_member(&writer, "access_token", slice_from(token));
    server_state_unlock(exchange->state);
    json_write_key(&writer, "expires_in");
    json_write_unsigned(&writer, life_ns / CLOCK_NS_PER_S);
    json_write_member(&writer, "token_type", SLICE_LITERAL("Bearer"));
    json_write_object_end(&writer);
    json_write_object_end(&writer);
}

/* A member of an answer and the member of the user's body it is copied from. */
struct echo {
    const char *name, *member;
};

/* left_out: a member that is not copied; "": none. */
static void write_echoes(struct json_writer *writer, const struct json_node *nodes, const struct echo *echoes,
                         const char *left_out)
{
    for (; echoes->name; echoes++) {
        struct slice text = request_text(nodes, echoes->member);
        if (text.len > 0 && strcmp(echoes->member, left_out) != 0)
            json_write_member(writer, echoes->name, text);
    }
}

static void write_metadata(struct json_writer *writer, const struct json_node *nodes)
{
    size_t index = json_member(nodes, 0, "metadata");
    json_write_key(writer, "metadata");
    json_write_object(writer);
    for (size_t child = index + 1; index && child < nodes[index].end; child = nodes[child].end) {
        char key[256];
        if (snprintf(key, sizeof key, "%.*s", (int)nodes[child].key.len, nodes[child].key.data) <
            (int)sizeof key)
            json_write_member(writer, key, nodes[child].text);
    }
    json_write_object_end(writer);
}

/* of a user as a whole: its verification has a word of its own */
static struct slice status_word(enum standing_state state)
{
    return state == STANDING_REJECTED ? SLICE_LITERAL("REJECTED") : SLICE_LITERAL("active");
}

/* Writes the members of a user into an open object. nodes: of the user's body. */
static void write_user(struct json_writer *writer, const struct exchange *exchange, const struct user *user,
                       const struct json_node *nodes, enum standing_state state)
{
    static const struct echo person[] = {
        {"first_name", "first_name"},
        {"middle_name", "middle_name"},
        {"last_name", "last_name"},
        {"phone", "phone"},
        {"birth_date", "birth_date"},
        {"nationality", "nationality"},
        {"gender", "gender"},
        {"verification_mode", "verification_mode"},
        {"account_purpose", "account_purpose"},
        {"source_of_funds", "source_of_funds"},
        {NULL, NULL},
    };
    static const struct echo address[] = {
        {"street_line_1", "address_street"},
        {"street_line_2", "address_street_2"},
        {"city", "address_city"},
        {"subdivision", "address_state"},
        {"postal_code", "address_zip_code"},
        {"country", "address_country"},
        {NULL, NULL},
    };
    char created_at[CLOCK_RFC3339_SIZE];
    clock_rfc3339(user->created_ns, created_at);
    json_write_member(writer, "id", user->id);
    json_write_member(writer, "type", SLICE_LITERAL("individual"));
    json_write_member(writer, "email", request_text(nodes, "email"));
    json_write_member(writer, "status", status_word(state));
    json_write_member(writer, "created_at", slice_from(created_at));
    json_write_member(writer, "updated_at", slice_from(created_at));
    json_write_member(writer, "verification_status", slice_from(standing_word(state)));
    write_metadata(writer, nodes);
    write_echoes(writer, nodes, person, exchange->fault == FAULT_LEFT_OUT ? "birth_date" : "");
    json_write_key(writer, "residential_address");
    json_write_object(writer);
    write_echoes(writer, nodes, address, "");
    json_write_object_end(writer);
}

static bool wants_link(const struct json_node *nodes)
{
    return slice_is(request_text(nodes, "verification_mode"), "verification_link");
}

/* Writes what became of the verification: as it was at the create, for a replay has to be the same. */
static void write_begun(struct json_writer *writer, const struct exchange *exchange, const struct user *user,
                        const struct json_node *nodes)
{
    bool with_link = wants_link(nodes);
    char text[LINK_SIZE];
    json_write_key(writer, "verification_triggered");
    json_write_bool(writer, !with_link && !user->standing.not_triggered);
    if (with_link && user->standing.link_failed)
        json_write_member(writer, "verification_link_error", SLICE_LITERAL("the link could not be made"));
    else if (with_link)
        json_write_member(writer, "verification_link", link_text(text, exchange->api->name, user->id, 0));
}

static void answer_create(struct exchange *exchange, unsigned status, const struct user *user,
                          const struct json_node *nodes)
{
    struct json_writer writer;
    exchange_begin_answer(exchange, status, &writer);
    json_write_object(&writer);
    write_user(&writer, exchange, user, nodes,
               user->standing.rejected_at_once ? STANDING_REJECTED : STANDING_UNVERIFIED);
    write_begun(&writer, exchange, user, nodes);
    if (exchange->fault == FAULT_WARNING)
        kira_result_write_warning(&writer, nodes);
    json_write_object_end(&writer);
}

/* the customer's `external_id`, else that in the metadata; empty: none */
static struct slice external_id_of(const struct json_node *nodes)
{
    struct slice own = request_text(nodes, "external_id");
    size_t metadata = json_member(nodes, 0, "metadata");
    size_t index = own.len == 0 && metadata ? json_member(nodes, metadata, "external_id") : 0;
    return index ? nodes[index].text : own;
}

static void refuse_existing(struct exchange *exchange, const struct user *same)
{
    struct json_writer writer;
    exchange_begin_answer(exchange, 409, &writer);
    json_write_object(&writer);
    json_write_member(&writer, "code", SLICE_LITERAL("resource_conflict"));
    json_write_member(&writer, "message", SLICE_LITERAL("a user with this external_id exists"));
    if (exchange->state->options->conflicts_name_user)
        json_write_member(&writer, "user_id", same->id);
    json_write_object_end(&writer);
}

/* A POST with an idempotency key. */
struct keyed {
    struct idempotency_entry *entry;
    bool used;                         /* it made something: the request repeats that */
    uint8_t digest[DIGEST_SHA256_LEN]; /* of the request */
};

/* path: what the key is used for beside the body; empty: a create. False: answered. */
static bool read_key(struct exchange *exchange, struct slice path, struct keyed *keyed)
{
    struct slice key = idempotency_key(exchange);
    if (key.len == 0) {
        refuse_under(exchange, 400, "error_code", "idempotency_key_missing", "Idempotency-Key is required");
        return false;
    }
    struct server_state *state = exchange->state;
    digest_sha256(buffer_slice(&exchange->body), path, keyed->digest);
    server_state_lock(state);
    struct idempotency_entry *entry = keyed->entry = idempotency_ensure(&state->idempotency, key);
    keyed->used = entry->user && clock_real_ns() - entry->created_ns < state->options->idempotency_life_ns;
    bool same = keyed->used && memcmp(entry->digest, keyed->digest, sizeof keyed->digest) == 0;
    server_state_unlock(state);
    if (keyed->used && !same)
        refuse_under(exchange, 409, "error_code", "idempotency_key_reused",
                     "this key came with another body");
    return !keyed->used || same;
}

/* With the server state's lock held. Keeps what the key has made. False: answered 500. */
static bool keep_key(struct exchange *exchange, const struct keyed *keyed, struct user *user,
                     uint64_t created_ns, uint32_t link)
{
    struct idempotency_entry *entry = keyed->entry;
    entry->user = user;
    entry->link = link;
    entry->created_ns = created_ns;
    memcpy(entry->digest, keyed->digest, sizeof entry->digest);
    if (server_state_record_idempotency(exchange->state, exchange->api_state, entry))
        return true;
    refuse(exchange, 500, "state", "the sandbox cannot write its state");
    return false;
}

/* with the server state's lock held */
static void create_user(struct exchange *exchange, const struct json_node *nodes, const struct keyed *keyed)
{
    struct users *users = &exchange->api_state->users;
    struct slice external_id = external_id_of(nodes), email = request_text(nodes, "email");
    const struct user *same = external_id.len > 0 ? users_by_external_id(users, external_id) : NULL;
    if (exchange->state->options->kira_unique_external_id && same) {
        refuse_existing(exchange, same);
        return;
    }
    char id[IDENTITY_UUID_SIZE];
    unsigned number = 0;
    do
        identity_write_uuid(id, "kira user", external_id.len ? external_id : email, number++);
    while (users_by_id(users, slice_from(id)));
    struct user *user = request_add_user(exchange, slice_from(id), external_id, email);
    if (!user || (wants_link(nodes) && !user->standing.link_failed && !request_add_link(exchange, user)))
        return;
    if (keep_key(exchange, keyed, user, user->created_ns, 0))
        answer_create(exchange, 201, user, nodes);
}

static void create(struct exchange *exchange, struct workspace *workspace)
{
    struct keyed keyed;
    if (!read_key(exchange, slice_make("", 0), &keyed))
        return;
    const struct json_node *nodes = request_read(exchange, workspace);
    if (!nodes || !request_check(exchange, kira_schema_user, nodes, false))
        return;
    server_state_lock(exchange->state);
    if (keyed.used) {
        exchange->api_state->stats.replays++;
        keyed.entry->user->creates++;
        answer_create(exchange, 200, keyed.entry->user, nodes);
    } else {
        create_user(exchange, nodes, &keyed);
    }
    server_state_unlock(exchange->state);
}

/* with the server state's lock held; NULL: answered */
static struct user *find(struct exchange *exchange, struct slice id)
{
    struct user *user = users_by_id(&exchange->api_state->users, id);
    if (!user)
        refuse(exchange, 404, "resource_not_found", "there is no such user");
    return user;
}

/* With the server state's lock held; leaves the user's object open. Returns the nodes of its body. */
static const struct json_node *begin_user(struct exchange *exchange, struct workspace *workspace,
                                          struct user *user, struct json_writer *writer)
{
    size_t node_count;
    struct json_fault fault;
    const struct json_node *nodes = json_reader_parse(workspace->second, user->body, &node_count, &fault);
    exchange_begin_answer(exchange, 200, writer);
    json_write_object(writer);
    write_user(writer, exchange, user, nodes, standing_now(&user->standing));
    return nodes;
}

/* The members of an update that would change the user. */
static uint64_t changed_members(struct exchange *exchange, struct workspace *workspace,
                                const struct user *user, const struct json_node *nodes, struct slice left_out)
{
    size_t node_count;
    struct json_fault fault;
    struct merge_side old = {user->body,
                             json_reader_parse(workspace->second, user->body, &node_count, &fault)};
    return kira_result_changed_members(old, (struct merge_side){buffer_slice(&exchange->body), nodes},
                                       left_out);
}

/* link: its number and one */
static void answer_link(struct exchange *exchange, unsigned status, const struct user *user, uint32_t link)
{
    struct json_writer writer;
    char text[LINK_SIZE], id[IDENTITY_UUID_SIZE];
    identity_write_uuid(id, "kira verification", user->id, link);
    exchange_begin_answer(exchange, status, &writer);
    json_write_object(&writer);
    json_write_member(&writer, "id", slice_from(id));
    json_write_member(&writer, "user_id", user->id);
    json_write_member(&writer, "type", SLICE_LITERAL("embedded-link"));
    json_write_member(&writer, "verification_link", link_text(text, exchange->api->name, user->id, link - 1));
    json_write_object_end(&writer);
}

static void make_link(struct exchange *exchange, struct workspace *workspace, struct slice id)
{
    struct keyed keyed;
    if (!read_key(exchange, id, &keyed))
        return;
    const struct json_node *nodes = request_read(exchange, workspace);
    if (!nodes || !request_check(exchange, kira_schema_verification, nodes, false))
        return;
    server_state_lock(exchange->state);
    struct user *user = find(exchange, id);
    if (user && keyed.used) {
        exchange->api_state->stats.replays++;
        answer_link(exchange, 200, user, keyed.entry->link);
    } else if (user && request_needs_link(exchange, user) && request_add_link(exchange, user) &&
               keep_key(exchange, &keyed, user, user->standing.link_ns, user->standing.links)) {
        answer_link(exchange, 201, user, user->standing.links);
    }
    server_state_unlock(exchange->state);
}

/* With the server state's lock held. False: answered 500. */
static bool send_documents(struct exchange *exchange, struct user *user)
{
    standing_act(&user->standing, exchange->state->options, user->id);
    if (server_state_keep_standing(exchange->state, exchange->api_state, user, NULL))
        return true;
    refuse(exchange, 500, "state", "the sandbox cannot write its state");
    return false;
}

static void update(struct exchange *exchange, struct workspace *workspace, struct slice id)
{
    const struct json_node *nodes = request_read(exchange, workspace);
    if (!nodes || !request_check(exchange, kira_schema_user, nodes, true))
        return;
    struct json_writer writer;
    struct slice left_out = exchange->fault == FAULT_NOT_TAKEN ? nodes[1].key : slice_make("", 0);
    uint64_t changed = 0;
    server_state_lock(exchange->state);
    struct user *user = find(exchange, id);
    if (user)
        changed = changed_members(exchange, workspace, user, nodes, left_out);
    bool has_documents = kira_result_has_changed(nodes, changed, "identifying_information");
    if (user && standing_now(&user->standing) == STANDING_VERIFIED) {
        refuse(exchange, 403, "user_verified", "a verified user cannot be changed");
    } else if (user && request_update(exchange, workspace, nodes, user, left_out) &&
               (!has_documents || send_documents(exchange, user))) {
        begin_user(exchange, workspace, user, &writer);
        kira_result_write_updated_fields(&writer, nodes, changed);
        if (exchange->fault == FAULT_WARNING)
            kira_result_write_warning(&writer, nodes);
        json_write_key(&writer, "requires_reverification");
        json_write_bool(&writer, has_documents);
        json_write_object_end(&writer);
    }
    server_state_unlock(exchange->state);
}

static void look_up(struct exchange *exchange, struct workspace *workspace, struct slice id)
{
    server_state_lock(exchange->state);
    struct user *user = find(exchange, id);
    if (user) {
        struct json_writer writer;
        const struct json_node *nodes = begin_user(exchange, workspace, user, &writer);
        if (standing_now(&user->standing) != STANDING_VERIFIED)
            kira_result_write_missing_fields(&writer, nodes);
        json_write_object_end(&writer);
    }
    server_state_unlock(exchange->state);
}

/* a decimal parameter of the query; false: it is not one, or above max */
static bool read_parameter(const struct exchange *exchange, const char *name, uint64_t max, uint64_t *number)
{
    const char *text = exchange_parameter(exchange, name);
    return !text || (keyring_read_nonce(text, number) && *number <= max);
}

static void write_listed(struct json_writer *writer, struct user *user, bool with_state)
{
    char created_at[CLOCK_RFC3339_SIZE];
    clock_rfc3339(user->created_ns, created_at);
    json_write_object(writer);
    json_write_member(writer, "id", user->id);
    json_write_member(writer, "type", SLICE_LITERAL("individual"));
    json_write_member(writer, "email", user->email);
    json_write_member(writer, "status", status_word(standing_now(&user->standing)));
    json_write_member(writer, "created_at", slice_from(created_at));
    if (with_state)
        json_write_member(writer, "verification_status",
                          slice_from(standing_word(standing_now(&user->standing))));
    json_write_object_end(writer);
}

/* state: STANDING_STATES for any */
static bool is_listed(struct user *user, const char *email, bool any_case, const char *created_from,
                      enum standing_state state)
{
    if (user->removed || (state != STANDING_STATES && standing_now(&user->standing) != state))
        return false;
    if (email && (strlen(email) != user->email.len ||
                  (any_case ? strncasecmp(email, user->email.data, user->email.len)
                            : strncmp(email, user->email.data, user->email.len)) != 0))
        return false;
    char created_at[CLOCK_RFC3339_SIZE];
    return !created_from || strcmp(clock_rfc3339(user->created_ns, created_at), created_from) >= 0;
}

/* the listing has no metadata: a client has to fetch each hit by its id */
static void list(struct exchange *exchange)
{
    uint64_t limit = LIST_LIMIT_DEFAULT, offset = 0, total = 0;
    const char *email = exchange_parameter(exchange, "email");
    const char *created_from = exchange_parameter(exchange, "created_from");
    if (!created_from)
        created_from = exchange_parameter(exchange, "created_after");
    struct slice since = slice_from(created_from);
    const char *state_word = exchange_parameter(exchange, "verification_status");
    enum standing_state wanted = STANDING_STATES;
    if ((state_word && !standing_read(slice_from(state_word), &wanted)) ||
        !read_parameter(exchange, "limit", LIST_LIMIT_MAX, &limit) || limit == 0 ||
        !read_parameter(exchange, "offset", UINT32_MAX, &offset) ||
        (created_from && !(format_is_date_time(since) && since.data[since.len - 1] == 'Z'))) {
        refuse_under(exchange, 400, "details", "limit, offset, created_from or verification_status",
                     "a parameter is out of range");
        return;
    }
    struct json_writer writer;
    exchange_begin_answer(exchange, 200, &writer);
    json_write_object(&writer);
    json_write_key(&writer, "data");
    json_write_array(&writer);
    server_state_lock(exchange->state);
    const struct users *users = &exchange->api_state->users;
    bool any_case = !exchange->state->options->lower_case_emails;
    bool with_states = !exchange->state->options->kira_list_without_states;
    for (size_t row = 0; row < users->count; row++) {
        if (!is_listed(users->all[row], email, any_case, created_from, wanted))
            continue;
        if (total >= offset && total < offset + limit)
            write_listed(&writer, users->all[row], with_states);
        total++;
    }
    server_state_unlock(exchange->state);
    json_write_array_end(&writer);
    json_write_key(&writer, "total");
    json_write_unsigned(&writer, total);
    json_write_key(&writer, "limit");
    json_write_unsigned(&writer, limit);
    json_write_key(&writer, "offset");
    json_write_unsigned(&writer, offset);
    json_write_object_end(&writer);
}

static bool has_version(struct exchange *exchange)
{
    const char *version = exchange_header(exchange, "X-Api-Version");
    if (version && slice_is(slice_from(version), "2026-04-14"))
        return true;
    refuse_under(exchange, 400, "details", "X-Api-Version must be 2026-04-14",
                 "the version is missing or unknown");
    return false;
}

static void handle(struct exchange *exchange, struct workspace *workspace)
{
    struct slice part;
    char text[PATH_ID_SIZE];
    bool get = exchange_method_is(exchange, "GET"), post = exchange_method_is(exchange, "POST");
    bool link = exchange->operation == OPERATION_LINK;
    bool users = link ? exchange_path_is_below(exchange, routes->before, routes->after, &part)
                      : exchange_path_is(exchange, exchange->api->users_path, &part);
    bool known =
        link || (users && (part.len == 0 ? get || post : get || exchange_method_is(exchange, "PUT")));
    if (slice_is(exchange->path, exchange->api->login_path) && post)
        log_in(exchange, workspace);
    else if (!known) /* the gateway's misleading answer to an unknown route, PATCH included */
        refuse_at_gateway(exchange, 403, "MissingAuthenticationTokenException",
                          "Missing Authentication Token");
    else if (!has_version(exchange))
        return;
    else if (link)
        make_link(exchange, workspace, exchange_decode(part, text, sizeof text));
    else if (post)
        create(exchange, workspace);
    else if (part.len == 0)
        list(exchange);
    else if (get)
        look_up(exchange, workspace, exchange_decode(part, text, sizeof text));
    else
        update(exchange, workspace, exchange_decode(part, text, sizeof text));
}

const struct api api_kira = {
    .name = "kira",
    .users_path = "/v1/users",
    .routes = routes,
    .login_path = "/auth",
    .body_max = 10 * 1000 * 1000,
    .trace_header = "x-amzn-requestid",
    .faults_before = "{\"code\":\"validation_error\",\"message\":\"the body is not right\",\"details\":",
    .faults_after = "}",
    .fault_field = "path",
    .authenticate = authenticate,
    .handle = handle,
    .throttle = throttle,
    .refuse = refuse,
    .lock = lock_key,
    .unlock = unlock_key,
};
