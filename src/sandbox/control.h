/* control: the sandbox's own paths under /_sandbox: counters, users, faults. No fault strikes them.
 *
 * Thread: any; takes the world's lock.
 */
#ifndef KYC_SANDBOX_CONTROL_H
#define KYC_SANDBOX_CONTROL_H

struct exchange;

/* GET  /_sandbox                {"payward":{"users":N,"duplicates":N, … the counters}}
 * GET  /_sandbox/users/NAME     the users of an API, a line each:
 *                               {"external_id","id","email","creates","updates","body"}
 * POST /_sandbox/faults         one KIND:SHARE[@OPERATION] a line, in place of all faults before; 400 when
 * one is wrong POST /_sandbox/reset          the counters to zero; users and nonces stay POST
 * /_sandbox/remove         the user whose id is the body is not found any more POST
 * /_sandbox/revoke-tokens  no login given so far is good any more POST /_sandbox/revoke-keys    no API key is
 * good, at any API, until POST /_sandbox/restore-keys POST /_sandbox/verify/ID      the user of that id takes
 * no update any more (kira) anything else                 404 */
void control_answer(struct exchange *exchange);

#endif
