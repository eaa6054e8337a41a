#!/usr/bin/perl
# notify: a program or a webhook is told how run, refresh, links and documents ended, on the statuses that the job chooses;
# whatever happens to the notification, the command's own status stays.
use strict;
use warnings;
use Cwd qw(abs_path);
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Test::More;
use Time::HiRes qw(time);
use KycHostile;
use KycParallel;
use KycRun;
use KycTest;

my $json = JSON::PP->new->utf8;
my @wide = ('--nonce-window', 10_000_000_000);

# A job with these lines of `notify`.
sub notifying
{
    my ($server, $lines, %option) = @_;
    my $case = case_new($server, rows => 2, %option);
    write_file("$case->{folder}/job.yaml", read_file("$case->{folder}/job.yaml") . "notify:\n" . join '', map { "  $_\n" } @$lines);
    return $case;
}

# A program below the case's folder.
sub program_of
{
    my ($case, $text, $mode) = @_;
    write_file("$case->{folder}/tell", "#!/bin/sh\n$text");
    chmod $mode || 0755, "$case->{folder}/tell" or die $!;
}

sub told { my ($case) = @_; return -e "$case->{folder}/told.json" ? read_file("$case->{folder}/told.json") : ''; }

my $keep = "cat > \"\$(dirname \"\$0\")/told.json\"\n";

parallel 'a program' => sub {
    my $sandbox = sandbox_start(@wide);
    my $case = notifying($sandbox, ['command: [tell/../tell, "two words", "$HOME; echo"]'], bad => 1);
    mkdir "$case->{folder}/x";
    write_file("$case->{folder}/job.yaml", read_file("$case->{folder}/job.yaml") =~ s{tell/../tell}{x/../tell}r);
    local $ENV{KYC_TEST_OTHER} = 'of nobody\'s business';
    program_of($case, $keep . 'cd "$(dirname "$0")"; for word; do echo "$word"; done > words; env | sort > environment; ls -l /proc/self/fd > fds; '
        . "ps -o pgid= -p \$\$ > group; echo \$\$ > pid; ulimit -c > core\n"
        . "'" . abs_path(program('kyc-import')) . "' status job.yaml > status.txt 2> status.err; echo \$? > status.code\n");
    my ($status, $out, $err) = case_run($case, '-q');
    is($status, 1, 'a rejected row is status 1') or diag $err;
    my $told = eval { $json->decode(told($case)) } or diag $err, told($case);
    is($told->{notification}, 1, 'the form has a version');
    is("$told->{job} $told->{command} $told->{status}", 'test run 1', 'job, command and status');
    is($told->{meaning}, 'some records need a look', 'what the status means');
    like($told->{text}, qr/^test on \S+: run ended with status 1 \(some records need a look\): 2 created, 0 updated, 1 rejected, 0 refused, 0 in doubt, 0 unsent$/, 'a line for people');
    is($told->{error}, undef, 'there was no error');
    is($told->{summary}{created}, 2, 'the counts are those of summary.json');
    is_deeply($told->{summary}{rejects_by_rule}, case_summary($case)->{rejects_by_rule}, 'rejects by rule, too');
    is($told->{summary}{chain_head}, case_summary($case)->{chain_head}, 'and the head of the ledger');
    like($told->{report}, qr{^/.*/reports/test$}, 'where the report is');
    like("$told->{started} $told->{finished}", qr/^\d{4}-\d\d-\d\dT\S+Z \d{4}-\d\d-\d\dT\S+Z$/, 'from when to when');
    unlike(told($case), qr/example\.com|Morgan|cust-0|not an address/, 'without any value of a record');
    is(read_file("$case->{folder}/words"), "two words\n\$HOME; echo\n", 'its words are not read by a shell');
    my $environment = read_file("$case->{folder}/environment");
    my @names = grep { !/^(?:PWD|OLDPWD|SHLVL|_)$/ } $environment =~ /^(\w+)=/mg;
    is((join ' ', grep { !/^(?:PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_ALL|TZ|TMPDIR|KYC_(?:JOB|COMMAND|STATUS|REPORT))$/ } @names), '', 'nothing else of our environment, so no credentials');
    like($environment, qr/^KYC_COMMAND=run\nKYC_JOB=test\nKYC_REPORT=\S+\nKYC_STATUS=1$/m, 'but job, command, status and report');
    is(() = read_file("$case->{folder}/fds") =~ / \d+ -> /g, 4, 'no open file of ours: three, and the folder that is listed');
    is(read_file("$case->{folder}/group") + 0, read_file("$case->{folder}/pid") + 0, 'it has a process group of its own');
    is(read_file("$case->{folder}/status.code"), "0\n", 'the ledger is closed and the report written: it can ask for the status') or diag read_file("$case->{folder}/status.err");
    like(read_file("$case->{folder}/status.txt"), qr/ended \S+ with status 1/, 'which has the end of this run');
    sandbox_stop($sandbox);
};

parallel 'the statuses' => sub {
    my $sandbox = sandbox_start(@wide);
    my $case = notifying($sandbox, ['command: ./tell']);
    program_of($case, $keep);
    is((case_run($case, '-q'))[0], 0, 'a run without a fault');
    is(told($case), '', 'notifies nobody by default');
    is((case_run($case, '-q', '--set', 'notify.on=[0]'))[0], 0, 'with on: [0]');
    is($json->decode(told($case))->{status}, 0, 'it does');
    unlink "$case->{folder}/told.json";
    is((case_run($case, '-q', '--input', "$case->{folder}/none.csv"))[0], 3, 'a missing export');
    my $told = $json->decode(told($case));
    is("$told->{status} " . (defined $told->{summary} ? 'counts' : 'no counts'), '3 no counts', 'is told, without counts');
    like($told->{error}, qr/none\.csv/, 'with the error') or diag told($case);
    like($told->{text}, qr/none\.csv/, 'which is in the line for people, too');
    unlink "$case->{folder}/told.json";
    is((case_run($case, '-q', '--strict', '--input', "$case->{folder}/none.csv"))[0], 3, 'of --strict, too');
    is($json->decode(told($case))->{status}, 3, 'likewise');
    unlink "$case->{folder}/told.json";
    write_file("$case->{folder}/bad.csv", csv_rows(3, 1));
    is((case_run($case, '-q', '--strict', '--input', "$case->{folder}/bad.csv"))[0], 1, '--strict with a bad row');
    like($json->decode(told($case))->{text}, qr/: 1 rejected, so nothing was sent \(--strict\)$/, 'says that nothing was sent');
    unlink "$case->{folder}/told.json";
    case_run($case, '-q', 'check', '--input', "$case->{folder}/bad.csv");
    case_run($case, '-q', '--dry-run', '--input', "$case->{folder}/bad.csv");
    is(told($case), '', 'a check notifies nobody');
    rename "$case->{folder}/test.ledger", "$case->{folder}/away";
    is((case_run($case, '-q'))[0], 5, 'a ledger that is gone');
    is($json->decode(told($case))->{status}, 5, 'is told');
    rename "$case->{folder}/away", "$case->{folder}/test.ledger";
    unlink "$case->{folder}/told.json";
    open my $lock, '<', "$case->{folder}/test.ledger.lock" or die $!;
    flock $lock, 2 or die $!;
    is((case_run($case, '-q'))[0], 7, 'a ledger that another run holds');
    is(told($case), '', 'notifies nobody by default');
    is((case_run($case, '-q', '--set', 'notify.on=[7]'))[0], 7, 'with on: [7]');
    is($json->decode(told($case))->{status}, 7, 'it does');
    close $lock;
    unlink "$case->{folder}/told.json";
    sandbox_faults($sandbox, 'status-500:100%@fetch');
    for my $command ('refresh', 'documents', 'links') {
        my ($status, undef, $err) = case_run($case, $command, '-q', '--set', 'notify.on=[0,1,2,3,4,5]');
        my $told = $json->decode(told($case) || '{}');
        is("$told->{command} $told->{status}", "$command $status", "$command is told with its status") or diag $err;
        like($told->{text}, qr/: 0 became rejected, 0 need action, \d+ not read/, 'with what has changed') if $command eq 'refresh';
        unlink "$case->{folder}/told.json";
    }
    sandbox_stop($sandbox);
};

parallel 'an interrupted run' => sub {
    my $sandbox = sandbox_start(@wide, '--fault', 'slow:100%@create', '--slow-for', '2s');
    my $case = notifying($sandbox, ['command: ./tell', 'on: [6]']);
    program_of($case, $keep . "grep -E '^Sig(Blk|Ign)' /proc/self/status > \"\$(dirname \"\$0\")/signals\"\n");
    my $pid = case_start($case, '-q', '--set', 'delivery.in_flight=1');
    for (1 .. 100) {
        last if eval { (case_ledger($case, q(SELECT count(*) FROM customer WHERE state = 'journalled')))[0][0] > 0 };
        select undef, undef, undef, 0.1;
    }
    kill TERM => $pid;
    waitpid $pid, 0;
    is($? >> 8, 6, 'a run that is ended by SIGTERM is status 6');
    is($json->decode(told($case) || '{}')->{status}, 6, 'and told, where the job asks for it');
    my @masks = read_file("$case->{folder}/signals") =~ /^Sig\w+:\s+(\w+)$/mg;
    is(scalar(grep { hex(substr $_, -8) & 0x7fffffff } @masks), 0, 'no signal is blocked or ignored for the program') or diag "@masks";
    sandbox_stop($sandbox);
};

# Whatever a program does: status 1 of the run stays, within the time, and a warning says what happened.
parallel 'programs that fail' => sub {
    my $sandbox = sandbox_start(@wide);
    my $case = notifying($sandbox, ['command: [./tell]', 'timeout: 60s'], bad => 1);
    for my $row (
        ['exits 3', "echo 'no route to pager'; echo; exit 3\n", qr/^kyc-import: warning: nobody was notified of status 1: \S+tell ended with status 3; it wrote: no route to pager$/m],
        ['hangs', "sleep 60\n", qr/tell did not end within notify\.timeout, and was killed$/m],
        ['hangs in a child that ignores signals', "trap '' TERM INT HUP\n(trap '' TERM; sleep 60)\n", qr/was killed$/m],
        ['floods its output and hangs', "exec yes 'a line that is repeated'\n", qr/was killed; it wrote: a line that is repeated\n/],
        ['ends by a signal', "kill -SEGV \$\$\n", qr/tell was ended by signal 11$/m],
        ['writes what a terminal obeys', "printf 'a\\033[2Jb'; exit 1\n", qr/it wrote: a\?\[2Jb$/m],
        ['leaves a process behind that keeps its output open', "sleep 60 &\necho \$! > \"\$(dirname \"\$0\")/left\"\nexit 4\n", qr/ended with status 4$/m],
        ['closes its input', "exec <&-\nexit 5\n", qr/ended with status 5$/m],
        ['is no program', undef, qr/tell: there is no such file$/m],
        ['is not executable', "exit 0\n", qr/tell: it is not executable$/m, 0600],
        ['is no program of its interpreter\'s', "exit 0\n", qr/tell: (?:No such file or directory)$/m, undef, '#!/nowhere/sh'],
        ['may be changed by everybody', "exit 0\n", qr/tell: every account may change this program/, 0777],
    ) {
        my ($sentence, $text, $want, $mode, $first) = @$row;
        unlink "$case->{folder}/tell";
        program_of($case, $text, $mode) if defined $text;
        if ($first) { write_file("$case->{folder}/tell", "$first\n$text"); chmod 0755, "$case->{folder}/tell" }
        my $start = time;
        my ($status, undef, $err) = case_run($case, '-q', $want =~ /killed/ ? ('--set', 'notify.timeout=2s') : ());
        is($status, 1, "$sentence: the status of the run stays");
        like($err, $want, "$sentence: a warning says so") or diag $err;
        cmp_ok(time - $start, '<', 15, "$sentence: in time");
        cmp_ok(length $err, '<', 4000, "$sentence: a bounded output");
    }
    kill KILL => read_file("$case->{folder}/left") + 0;
    for my $row (['reads nothing', "exit 0\n"], ['reads a little', "head -c 1 > /dev/null\n"], ['floods its output and ends', "head -c 5000000 /dev/zero\n"]) {
        my ($sentence, $text) = @$row;
        program_of($case, $text);
        my ($status, undef, $err) = case_run($case, '-q');
        is($status, 1, "$sentence: the status of the run stays");
        unlike($err, qr/notified/, "$sentence: and all is well") or diag $err;
    }
    sandbox_stop($sandbox);
};

# The service's own account may write its job files: it shall not become root when an administrator types a command.
parallel 'root' => sub {
    plan skip_all => 'only root can give a file away' if $> != 0;
    my $sandbox = sandbox_start(@wide);
    my $case = notifying($sandbox, ['command: ./tell'], bad => 1);
    program_of($case, $keep);
    for my $row (['the job file', 'job.yaml', qr/tell: the job file belongs to another account, which could run what it likes as root/], ['the program', 'tell', qr/tell: another account owns this program/]) {
        my ($what, $file, $want) = @$row;
        chown 12_345, 12_345, "$case->{folder}/$file" or die $!;
        my ($status, undef, $err) = case_run($case, '-q');
        is($status, 1, "$what is of another account: the status of the run stays");
        like($err, $want, 'a warning says why the program is not run') or diag $err;
        is(told($case), '', 'and it is not');
        my ($checked, $out) = case_run($case, 'probe');
        like($out, $want, 'probe says so, too') or diag $out;
        chown 0, 0, "$case->{folder}/$file" or die $!;
    }
    sandbox_stop($sandbox);
};

# What webhooks answer.
sub webhook
{
    my ($reply) = @_;
    return hostile_start(sub {
        my ($socket, $head, $body) = @_;
        $reply->($socket, $head, $body);
    });
}

parallel 'a webhook' => sub {
    my $sandbox = sandbox_start(@wide);
    my $folder = scratch_folder();
    my $server = webhook(sub { my ($socket, $head, $body) = @_; write_file("$folder/hook", $head . $body); print {$socket} hostile_answer(200, 'ok') });
    local $ENV{TEST_HOOK} = "$server->{url}/services/T000/SECRETPATH?key=SECRETKEY";
    local $ENV{TEST_HOOK_TOKEN} = 'SECRETTOKEN';
    my $case = notifying($sandbox, ['url: env:TEST_HOOK', 'token: env:TEST_HOOK_TOKEN'], bad => 1);
    my ($status, $out, $err) = case_run($case, '-v');
    is($status, 1, 'a run with a rejected row');
    my ($head, $body) = split /\r\n\r\n/, read_file("$folder/hook"), 2;
    like($head, qr{^POST /services/T000/SECRETPATH\?key=SECRETKEY HTTP/1\.1\r\n}, 'is posted');
    like($head, qr{\r\nAuthorization: Bearer SECRETTOKEN(?:\r\n|\z)}i, 'with the token');
    like($head, qr{\r\nContent-Type: application/json(?:\r\n|\z)}i, 'as JSON');
    is($json->decode($body)->{status}, 1, 'the same object');
    like($err, qr{^kyc-import: notified \Q$server->{url}\E of status 1$}m, 'the log names the host');
    unlike($out . $err, qr/SECRET/, 'and nothing that is secret');
    ($status, $out, $err) = case_run($case, 'probe');
    like($out, qr{notify .*\Q$server->{url}\E \(not tried: --notify sends a test\)}, 'probe looks at it') or diag $out, $err;
    unlink "$folder/hook";
    ($status, $out, $err) = case_run($case, 'probe', '--notify');
    like($out, qr{notify .*a test was sent to \Q$server->{url}\E$}m, 'probe --notify sends a test');
    like(read_file("$folder/hook"), qr/"text":"test on \S+: probe ended with status 0 \(all is well\): a test of notify, nothing has happened"/, 'which says what it is');
    unlike($out . $err, qr/SECRET/, 'nothing secret here, either');
    delete local $ENV{TEST_HOOK};
    ($status, $out, $err) = case_run($case, '-q');
    is($status, 1, 'a webhook whose variable is not set');
    like($err, qr{job\.yaml:\d+:\d+: `url`: the environment variable TEST_HOOK is not set}, 'is a warning');
    like($err, qr/nobody was notified of status 1/, 'twice');
    ($status, $out) = case_run($case, 'probe');
    is($status, 1, 'and probe does not like it');
    local $ENV{TEST_HOOK} = 'http://hooks.example.com/SECRETPATH';
    ($status, $out, $err) = case_run($case, '-q');
    is($status, 1, 'http:// to another machine');
    like($err, qr{`url`: env:TEST_HOOK must begin with https://: http:// is for loopback only}, 'is not used');
    unlike($out . $err, qr/SECRET/, 'and not shown');
    hostile_end($server);
    sandbox_stop($sandbox);
};

# Ctrl-C, or the end of a service: nobody waits for a pager any more.
parallel 'interrupted while it notifies' => sub {
    my $sandbox = sandbox_start(@wide);
    my $folder = scratch_folder();
    my $server = webhook(sub { write_file("$folder/asked", ''); sleep 60 });
    my $case = notifying($sandbox, ['command: ./tell', 'timeout: 40s'], bad => 1);
    program_of($case, "touch \"\$(dirname \"\$0\")/asked\"\nsleep 60 & echo \$! > \"\$(dirname \"\$0\")/left\"\nwait\n");
    my $hook = notifying($sandbox, ["url: $server->{url}/x", 'timeout: 40s'], bad => 1);
    for my $row (['a program', $case, "$case->{folder}/asked", 'INT'], ['a program that is hung up', $case, "$case->{folder}/asked", 'HUP'], ['a webhook', $hook, "$folder/asked", 'TERM']) {
        my ($sentence, $this, $asked, $signal) = @$row;
        unlink $asked;
        my $pid = case_start($this, '-q');
        for (1 .. 200) { last if -e $asked; select undef, undef, undef, 0.05 }
        ok(-e $asked, "$sentence: is notified");
        select undef, undef, undef, 0.2;
        my $start = time;
        kill $signal => $pid;
        waitpid $pid, 0;
        is($?, 1 << 8, "$sentence: the status of the run stays");
        cmp_ok(time - $start, '<', 5, "$sentence: and nothing waits");
    }
    my $left = read_file("$case->{folder}/left") + 0;
    my $state = sub { return eval { (read_file("/proc/$left/stat") =~ /\) (\S)/)[0] } // 'gone' };
    for (1 .. 100) { last if $state->() =~ /^(?:gone|Z)$/; select undef, undef, undef, 0.05 } # init collects it
    like($state->(), qr/^(?:gone|Z)$/, 'the program is ended with its children');
    hostile_end($server);
    sandbox_stop($sandbox);
};

# What surrounds the program changes neither where the notification goes nor what is in it.
parallel 'a hostile environment' => sub {
    my $sandbox = sandbox_start(@wide);
    my $folder = scratch_folder();
    my $server = webhook(sub { my ($socket, $head, $body) = @_; write_file("$folder/hook", $head); print {$socket} hostile_answer(200, 'ok') });
    my $thief = webhook(sub { my ($socket, $head) = @_; write_file("$folder/stolen", $head); print {$socket} hostile_answer(200, 'ok') });
    local $ENV{HOME} = $folder;
    write_file("$folder/.netrc", "default login thief password SECRETWORD\n");
    write_file("$folder/.curlrc", "proxy = $thief->{url}\n");
    local @ENV{qw(http_proxy https_proxy all_proxy HTTP_PROXY ALL_PROXY)} = ($thief->{url}) x 5;
    local @ENV{qw(CURL_HOME SSLKEYLOGFILE NO_PROXY)} = ($folder, "$folder/keys", '');
    local $ENV{TEST_HOOK} = "$server->{url}/hook";
    my $case = notifying($sandbox, ['url: env:TEST_HOOK', 'token: env:TEST_HOOK_TOKEN'], bad => 1);
    local $ENV{TEST_HOOK_TOKEN} = 'word';
    my ($status, undef, $err) = case_run($case, '-q');
    is($status, 1, 'with proxies and passwords in the environment') or diag $err;
    my $head = eval { read_file("$folder/hook") } // '';
    like($head, qr{^POST /hook HTTP/1\.1\r\n}, 'the notification goes to its receiver') or diag $err;
    is_deeply([$head =~ /^Authorization: (.*)\r$/mg], ['Bearer word'], 'with its own token');
    ok(!-e "$folder/stolen" && !-e "$folder/keys", 'and to nobody else');
    for my $row (
        ['a line end in the token', 'TEST_HOOK_TOKEN', "SECRET\r\nX-More: y", qr/`token`: env:TEST_HOOK_TOKEN has more than one line/],
        ['a control byte in the token', 'TEST_HOOK_TOKEN', "SECRET\t\x01", qr/`token`: env:TEST_HOOK_TOKEN holds a NUL or another control byte/],
        ['a line end in the URL', 'TEST_HOOK', "$server->{url}/SECRET\r\nX-More: y", qr/`url`: env:TEST_HOOK has more than one line/],
        ['a blank in the URL', 'TEST_HOOK', "$server->{url}/SECRET y", qr/`url`: env:TEST_HOOK holds a character that a URL cannot have/],
        ['a user in the URL', 'TEST_HOOK', 'http://127.0.0.1@SECRET.example.com/', qr/`url`: env:TEST_HOOK must not hold a user or a password/],
        ['a host that looks like loopback', 'TEST_HOOK', 'http://127.0.0.1.SECRET.example.com/', qr/`url`: env:TEST_HOOK must begin with https/],
    ) {
        my ($sentence, $name, $value, $want) = @$row;
        local $ENV{$name} = $value;
        unlink "$folder/hook";
        ($status, undef, $err) = case_run($case, '-q');
        is($status, 1, "$sentence: the status of the run stays");
        like($err, $want, "$sentence: a warning") or diag $err;
        unlike($err, qr/SECRET/, "$sentence: without the value");
        ok(!-e "$folder/hook" && !-e "$folder/stolen", "$sentence: nothing is sent");
    }
    hostile_end($_) for $server, $thief;
    sandbox_stop($sandbox);
};

parallel 'webhooks that fail' => sub {
    my $sandbox = sandbox_start(@wide);
    my $count = sub { scalar hostile_requests($_[0]) };
    for my $row (
        ['500', sub { print {$_[0]} hostile_answer(500, 'SECRETPATH') }, qr/answered HTTP 500$/m, 3],
        ['404', sub { print {$_[0]} hostile_answer(404, 'none') }, qr/answered HTTP 404$/m, 1],
        ['a redirect', sub { print {$_[0]} hostile_answer(302, '', 'Location: /SECRETPATH/there') }, qr/answered HTTP 302, a redirect, which is not followed$/m, 1],
        ['no answer', sub { sleep 30 }, qr/127\.0\.0\.1:\d+: (?:Operation timed out|Timeout)/, 1],
        ['an answer that is cut off', sub { print {$_[0]} "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab" }, qr/nobody was notified of status 1: http:/, 3],
        ['an endless answer', sub { my ($socket) = @_; print {$socket} "HTTP/1.1 500 X\r\n\r\n"; print {$socket} 'x' x 65536 or last for 1 .. 10_000 }, qr/answered HTTP 500$/m, 3],
        ['an endless head', sub { my ($socket) = @_; print {$socket} "HTTP/1.1 200 OK\r\n"; print {$socket} 'X-Y: ' . 'x' x 8192 . "\r\n" or last for 1 .. 10_000 }, qr/nobody was notified of status 1: http:/, 3],
        ['not HTTP', sub { print {$_[0]} "220 mail.example.com ESMTP\r\n" }, qr/nobody was notified of status 1: http:/, 3],
    ) {
        my ($sentence, $reply, $want, $times) = @$row;
        my $server = webhook($reply);
        my $case = notifying($sandbox, ["url: $server->{url}/SECRETPATH", $sentence eq 'no answer' ? 'timeout: 5s' : 'timeout: 60s'], bad => 1);
        my $start = time;
        my ($status, $out, $err) = case_run($case, '-q');
        is($status, 1, "$sentence: the status of the run stays");
        like($err, $want, "$sentence: a warning says so") or diag $err;
        unlike($err, qr/SECRET/, "$sentence: without the path");
        cmp_ok(time - $start, '<', 15, "$sentence: in time");
        is($count->($server), $times, "$sentence: tried so often");
        hostile_end($server);
    }
    my $closed = webhook(sub { });
    hostile_end($closed);
    my $case = notifying($sandbox, ["url: $closed->{url}/x", 'timeout: 2s'], bad => 1);
    my ($status, undef, $err) = case_run($case, '-q');
    is($status, 1, 'nobody listens: the status of the run stays');
    like($err, qr/nobody was notified of status 1: \Q$closed->{url}\E: Failed to connect/, 'and a warning says so') or diag $err;

    # It comes back while it is tried.
    my $folder = scratch_folder();
    my $server = webhook(sub { my ($socket) = @_; my $again = -e "$folder/again"; write_file("$folder/again", ''); print {$socket} hostile_answer($again ? 204 : 503, '') });
    $case = notifying($sandbox, ["url: $server->{url}/x"], bad => 1);
    (undef, undef, $err) = case_run($case, '-q');
    unlike($err, qr/notified/, 'a 503 and then a 204: it is notified');
    is($count->($server), 2, 'by the second attempt');
    hostile_end($server);
    sandbox_stop($sandbox);
};

parallel 'TLS' => sub {
    my $folder = scratch_folder();
    tls_certificate("$folder/tls", 'localhost');
    my $sandbox = sandbox_start(@wide, '--tls-pem', "$folder/tls.pem");
    my $case = notifying($sandbox, ["url: https://localhost:$sandbox->{tls_port}/hook"], bad => 1);
    my (undef, undef, $err) = case_run($case, '-q');
    like($err, qr/nobody was notified of status 1: https:.*certificate/, 'a certificate that nobody knows is not trusted') or diag $err;
    (undef, undef, $err) = case_run($case, '-q', '--set', "provider.ca_file=$folder/tls.crt");
    like($err, qr/answered HTTP 404$/m, 'but with provider.ca_file') or diag $err;
    write_file("$case->{folder}/job.yaml", read_file("$case->{folder}/job.yaml") =~ s{https://localhost}{https://127.0.0.1}r);
    (undef, undef, $err) = case_run($case, '-q', '--set', "provider.ca_file=$folder/tls.crt");
    unlike($err, qr/answered/, 'for its own name alone');
    sandbox_stop($sandbox);
};

parallel 'the setting' => sub {
    my $sandbox = sandbox_start(@wide);
    for my $row (
        [['command: tell'], qr/the program of `command` should be a path.*\nhint: write its whole path/s],
        [['command: [tell, x]'], qr/the program of `command` should be a path/],
        [['command: /bin/mail -s x'], qr/the program of `command` should be a path/],
        [['command: []'], qr/`command` should be a program's path/],
        [['command: [/bin/x, [y]]'], qr/this should be a value, and is a list|should be/],
        [['url: ftp://example.com/x'], qr/`url` must begin with https:/],
        [['url: http://example.com/x'], qr/`url` must begin with https:/],
        [['url: https://me:SECRET@example.com/x'], qr/`url` must not hold a user or a password\nhint: give a token by notify\.token/],
        [['url: https://example.com/x#SECRET'], qr/`url` must not have a fragment/],
        [['url: "https://example.com/a b"'], qr/`url` holds a character that a URL cannot have/],
        [['url: https://example.com/x', 'token: SECRET'], qr/`token` is not a reference to a secret/],
        [['url: https://example.com/x', 'command: /bin/true'], qr/`notify` needs one of `command` and `url`, not both/],
        [['on: [1]'], qr/`notify` needs `command` or `url`/],
        [['command: /bin/true', 'token: env:X'], qr/`token` belongs to `url`/],
        [['command: /bin/true', 'on: [8]'], qr/`on` should be a list of exit statuses from 0 to 7/],
        [['command: /bin/true', 'on: always'], qr/`on` should be a list of exit statuses/],
        [['command: /bin/true', 'timeout: 0s'], qr/`timeout`/],
        [['command: /bin/true', 'timout: 9s'], qr/unknown key `timout` in `notify`\n.*\nhint: did you mean `timeout`\?/s],
    ) {
        my ($lines, $want) = @$row;
        my $case = notifying($sandbox, $lines);
        my ($status, undef, $err) = case_run($case, 'check', '-q');
        is($status, 2, "@$lines: status 2");
        like($err, qr/job\.yaml:\d+:\d+: /, "@$lines: with its place");
        like($err, $want, "@$lines: and the reason") or diag $err;
        unlike($err, qr/SECRET/, "@$lines: not the value");
    }
    my $case = notifying($sandbox, ['command: /bin/true']);
    for my $setting ('notify.command=/bin/sh', 'notify.url=https://example.com/SECRET', 'notify.token=SECRET', 'notify={command: /bin/sh}', 'notify.command[0]=/bin/sh') {
        my ($status, undef, $err) = case_run($case, '-q', '--set', $setting);
        is($status, 2, "--set $setting is refused");
        like($err, qr/^kyc-import: error: --set notify\.\w+: .*\nhint: write /m, 'with the reason') or diag $err;
        unlike($err, qr/SECRET/, 'not the value');
    }
    sandbox_stop($sandbox);
};
parallel_run(4);
done_testing;
