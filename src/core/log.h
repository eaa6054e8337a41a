/* log: lines for people and machines on standard error.
 *
 * Standard output carries the result and nothing else; everything else is logged. No line may hold a
 * secret or personal data but the customer's own key. While the terminal shows a progress line, log lines
 * go above it. Thread: any; a line is written with one write(2).
 */
#ifndef KYC_CORE_LOG_H
#define KYC_CORE_LOG_H

#include <stdbool.h>
#include <stddef.h>

#include "core/slice.h"

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

/* text: `kyc-import: warning: FACT`, and a hint (error.h) below it as the line `hint: WHAT TO DO`; any other
 * line end in a message is followed by two blanks, so that no argument can begin a line that looks like one
 * of ours. json: `{"at":"…","level":"warning","message":"FACT","hint":"WHAT TO DO"}`, without "hint" where
 * there is none. max: the least important level that is still written (LOG_INFO by default; -q LOG_WARNING,
 * -v LOG_DEBUG). */
void log_setup(const char *program, enum log_level max, bool json);

void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* As log_info, with further members of the line's object in json: `"records":1,"percent":2`. */
void log_info_members(struct slice members, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* As log_error. For notifications, which third parties read, log_last_error has nothing of it if it has the
 * provider's words or a line of the input. */
struct error;
void log_failure(const struct error *error);

/* The fact of the last message of level error, cut to the size; "": there was none, or it was a failure of
 * scope ERROR_PROVIDER: that may quote the provider, who may name customers. */
void log_last_error(char *text, size_t size);

/* Shows text as the live line at the bottom of the terminal in place of the one before; NULL or "" removes
 * it. The caller has made sure that standard error is a terminal. */
void log_live_line(const char *text);

#endif
