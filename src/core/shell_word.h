/* shell_word: a word of a command that a person may copy into a shell.
 *
 * Thread: any; pure.
 */
#ifndef KYC_CORE_SHELL_WORD_H
#define KYC_CORE_SHELL_WORD_H

#include "core/buffer.h"
#include "core/slice.h"

/* Appends word as it is, or in single quotes where a POSIX shell would read it otherwise. What a terminal
 * must not be sent is escaped as by utf8_append_escaped: such a word is shown, and cannot be copied. */
void shell_word_append(struct buffer *out, struct slice word);

#endif
