#include "provider/rest_requests.h"

#include <assert.h>
#include <string.h>

#include "provider/payload.h"
#include "provider/remote_user.h"
#include "provider/request_target.h"

static void begin_of_user(const char *method, const char *path, const struct provider_call *call,
                          struct provider_request *request)
{
    request_target_begin(call, method, path, request);
    request_target_add(request, "/");
    request_target_add_encoded(request, slice_from(call->user_id));
}

void rest_requests_build(const char *path, const struct provider_fields *fields,
                         const struct provider_call *call, struct provider_request *request)
{
    switch (call->operation) {
    case OPERATION_CREATE:
        request_target_begin(call, "POST", path, request);
        payload_write(fields, call, NULL, &request->body);
        return;
    case OPERATION_UPDATE:
        begin_of_user("PATCH", path, call, request);
        payload_write(fields, call, NULL, &request->body);
        return;
    case OPERATION_FETCH:
        begin_of_user("GET", path, call, request);
        return;
    case OPERATION_LOOK_UP:
    case OPERATION_LIST:
    case OPERATION_LOGIN:
    case OPERATION_LINK:
    case OPERATION_DOCUMENT:
        break;
    }
    assert(false && "a request that the provider has");
}

bool rest_requests_read_user(const struct provider_fields *fields, const struct json_node *nodes,
                             struct arena *arena, struct provider_user *user)
{
    struct slice id, external_id;
    size_t count = field_count();
    if (!remote_user_identity(fields, nodes, &id, &external_id))
        return false;
    *user = (struct provider_user){.id = arena_copy(arena, id), .external_id = slice_make("", 0)};
    if (external_id.len > 0)
        user->external_id = arena_copy(arena, external_id);
    user->values = arena_alloc(arena, count * sizeof *user->values);
    memset(user->values, 0, count * sizeof *user->values);
    return true;
}
