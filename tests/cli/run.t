#!/usr/bin/perl
# run: every exit status that can be provoked, the results of the provider's answers, and that each summary adds up.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Compress::Gzip qw(gzip);
use IO::Socket::INET;
use JSON::PP ();
use Test::More;
use Time::HiRes qw(sleep time);
use KycTest;
use KycRun;
use KycParallel;

my @wide = ('--nonce-window', 10_000_000_000);

sub payward { return sandbox_counts($_[0]{sandbox})->{payward} }

sub wait_until
{
    my ($condition) = @_;
    my $give_up = time + 20;
    sleep 0.02 while !$condition->() && time < $give_up;
}

# A provider that sends its answers in turn, the last one from then on: [status, body] or [status, body, header].
sub scripted
{
    my (@answers) = @_;
    my $server = IO::Socket::INET->new(Listen => 20, LocalAddr => '127.0.0.1', ReuseAddr => 1) or die "listen: $!";
    my $sandbox = {url => 'http://127.0.0.1:' . $server->sockport, out => "x: payward: api_key scripted-key-$$, api_secret ZGVtby1zZWNyZXQ=\n"};
    $sandbox->{pid} = fork // die "fork: $!";
    if (!$sandbox->{pid}) {
        while (my $client = $server->accept) {
            my ($head, $len, $body) = ('', 0, '');
            while (my $line = readline $client) {
                $len = $1 if $line =~ /^content-length: *(\d+)/i;
                last if $line eq "\r\n";
            }
            read $client, $body, $len if $len;
            my ($status, $text, $header) = @{@answers > 1 ? shift @answers : $answers[0]};
            printf {$client} "HTTP/1.1 %d X\r\nContent-Length: %d\r\nConnection: close\r\n%s\r\n%s", $status, length $text, $header ? "$header\r\n" : '', $text;
            close $client;
        }
        POSIX::_exit(0);
    }
    return $sandbox;
}
sub scripted_end { kill 'KILL', $_[0]{pid}; waitpid $_[0]{pid}, 0 }

parallel 'a run and another' => sub {
    my $case = case_new(my $sandbox = sandbox_start(@wide), rows => 100, bad => 5);
    my ($summary, $err, $out) = run_of($case, 'the first', 1);
    is_deeply([@$summary{qw(read valid rejected created unchanged requests)}], [105, 100, 5, 100, 0, 100], 'the first creates all');
    like($out, qr/100/, 'the result is on standard output');
    my $rejects = read_file("$case->{folder}/reports/test/rejects.csv.gz");
    case_run($case, 'check', '-q');
    ok(read_file("$case->{folder}/reports/test/check/rejects.csv.gz") eq $rejects, 'check gives the same reject file, byte for byte');
    is(case_summary($case)->{plan}{unchanged}, 100, 'and its plan has nothing to do');
    ($summary) = run_of($case, 'the second', 1);
    is_deeply([@$summary{qw(created unchanged requests)}], [0, 100, 0], 'the second sends nothing');
    is((stat "$case->{folder}/test.ledger")[2] & 07777, 0600, 'the ledger is 0600');
    is((stat "$case->{folder}/test.ledger.key")[2] & 07777, 0600, 'and its key');
    $case->{bad_rows} = 5;
    is_settled($case, 'the end');
    my $clean = case_new($sandbox, rows => 3, csv => csv_rows(3, 0, 5000));
    my ($status, $said, $complaint) = case_run($clean, '-q');
    is("$status|$said|$complaint", '0||', '-q is silent when all is well');
    sandbox_stop($sandbox);
};

parallel '7: two at once' => sub {
    my $sandbox = sandbox_start(@wide);
    my $case = case_new($sandbox, rows => 60, set => {'delivery.rate' => '30/s', 'delivery.burst' => 1});
    my $pid = case_start($case, '-q');
    wait_until(sub { payward($case)->{users} > 2 });
    my ($status, $out, $err) = case_run($case, '-q');
    is($status, 7, 'the same ledger is status 7');
    like($err, qr/test\.ledger.*\b$pid\b/s, 'the message names it and the process') or diag $err;
    my $other = case_new($sandbox, rows => 5);
    ($status, $out, $err) = case_run($other, '-q');
    is($status, 7, 'the same API key in another job is status 7');
    like($err, qr/credentials\.api_key.*\b$pid\b/s, 'the message says so and names the process') or diag $err;
    ok(!-e "$other->{folder}/reports/test/summary.json", 'what did not begin wrote no report');
    is((case_run($other, 'check', '-q'))[0], 0, 'a check needs no lock');
    ($status) = case_run($case, 'check', '-q');
    is($status, 0, 'nor does one of the job that runs');
    waitpid $pid, 0;
    is($? >> 8, 0, 'the first is not disturbed');
    is((case_run($other, '-q', '--input', "$other->{folder}/export.csv"))[0], 0, 'once it has ended, the key is free');
    sandbox_stop($sandbox);
};

parallel '6: interrupted' => sub {
    my $sandbox = sandbox_start(@wide, '--latency', '40ms..80ms');
    my $case = case_new($sandbox, rows => 240, set => {'delivery.rate' => '25/s', 'delivery.burst' => 1});
    for my $signal (qw(INT TERM HUP)) {
        my $before = payward($case)->{users};
        my $pid = case_start($case);
        wait_until(sub { payward($case)->{users} > $before + 5 });
        kill $signal, $pid;
        waitpid $pid, 0;
        is($? >> 8, 6, "SIG$signal is status 6");
        my $summary = case_summary($case);
        adds_up($summary, "SIG$signal");
        cmp_ok($summary->{unsent}, '>', 0, "SIG$signal: something was not sent");
        is($summary->{in_doubt}, 0, "SIG$signal: what was in flight was finished");
        is($summary->{input}[0]{complete}, JSON::PP::false, "SIG$signal: the input was not read to its end");
        like(read_file("$case->{folder}/err"), qr/run again to resume/, "SIG$signal: the message says what to do");
    }
    my $before = payward($case)->{users};
    my $pid = case_start($case, '-q');
    wait_until(sub { payward($case)->{users} > $before + 5 });
    kill 'INT', $pid;
    sleep 0.01;
    kill 'INT', $pid;
    my $asked = time;
    waitpid $pid, 0;
    is($? >> 8, 6, 'twice is status 6');
    cmp_ok(time - $asked, '<', 5, 'at once');
    adds_up(case_summary($case), 'twice');
    # The kernel and the shell may both signal one hangup: requests in flight are still awaited.
    write_file("$case->{folder}/export.csv", csv_rows(480));
    $before = payward($case)->{users};
    $pid = case_start($case, '-q');
    wait_until(sub { payward($case)->{users} > $before + 5 });
    kill 'HUP', $pid;
    sleep 0.01;
    kill 'HUP', $pid;
    waitpid $pid, 0;
    is($? >> 8, 6, 'two hangups are status 6');
    is(case_summary($case)->{in_doubt}, 0, 'and one stop');
    # As nohup starts it: SIGHUP is ignored, and SIGTERM is not.
    $before = payward($case)->{users};
    {
        local $SIG{HUP} = 'IGNORE';
        $pid = case_start($case, '-q');
    }
    wait_until(sub { payward($case)->{users} > $before + 5 });
    kill 'HUP', $pid;
    $before = payward($case)->{users};
    wait_until(sub { payward($case)->{users} > $before + 8 });
    is(waitpid($pid, POSIX::WNOHANG()), 0, 'nohup: it continues');
    kill 'TERM', $pid;
    waitpid $pid, 0;
    is($? >> 8, 6, 'nohup: SIGTERM stops it');
    $case->{set}{'delivery.rate'} = '2000/s';
    my ($summary) = run_of($case, 'resumed', 0);
    $case->{valid} = 480;
    is_settled($case, 'and resumed to the same end');
    sandbox_stop($sandbox);

    $pid = fork;
    if (!$pid) {
        my @command = case_arguments($case, 'check', '--input', '-');
        open STDIN, '-|', 'sleep 30';
        open STDERR, '>', '/dev/null';
        exec {$command[0]} @command;
    }
    sleep 0.3;
    kill 'INT', $pid;
    my $ended = 0;
    wait_until(sub { $ended = waitpid($pid, POSIX::WNOHANG()) == $pid });
    ok($ended, 'a check that waits for its first byte can be interrupted');
    kill 'KILL', $pid;
};

parallel '5: the ledger' => sub {
    my $sandbox = sandbox_start(@wide);
    my $case = case_new($sandbox, rows => 20);
    my $ledger = "$case->{folder}/test.ledger";
    run_of($case, 'a run', 0);
    my $report = read_file("$case->{folder}/reports/test/summary.json");
    rename $ledger, "$ledger.away";
    my ($status, $out, $err) = case_run($case);
    is($status, 5, 'a ledger that went missing is status 5');
    like($err, qr/test\.ledger.*missing.*--new-ledger/s, 'the message says both ways out');
    is(read_file("$case->{folder}/reports/test/summary.json"), $report, 'the last report stays');
    ok(!-e $ledger, 'and none was made');
    is((case_run($case, 'check', '-q'))[0], 0, 'a check works without it');
    ($status) = case_run($case);
    is($status, 5, 'and does not make the run forget');
    rename "$ledger.away", $ledger;
    run_of($case, 'put back', 0);

    rename "$ledger.key", "$ledger.key.away";
    ($status, $out, $err) = case_run($case);
    is($status, 5, 'a key that went missing is status 5');
    like($err, qr/\.key/, 'and named');
    rename "$ledger.key.away", "$ledger.key";
    ($status, $out, $err) = case_run($case, '--set', 'job=other', '--set', "ledger=sqlite:test.ledger");
    is($status, 5, 'the ledger of another job is status 5');
    like($err, qr/test.*other|other.*test/s, 'the message has both names');
    ($status, $out, $err) = case_run($case, '--set', "provider.base_url=http://127.0.0.1:9/payward");
    is($status, 5, 'another base URL is status 5');
    like($err, qr/base.?url/i, 'and reported');

    my $good = read_file($ledger);
    write_file($ledger, 'this is no ledger' x 1000);
    ($status, $out, $err) = case_run($case);
    is($status, 5, 'a file that is no ledger is status 5');
    is((case_run($case, 'status'))[0], 5, 'for status too');
    write_file($ledger, $good);
    unlink glob "$ledger-*";
    ($status, $out, $err) = case_run($case, '--set', 'ledger=sqlite:no/such/folder/x.ledger', '--new-ledger');
    is($status, 5, 'a folder that is not there is status 5');
    like($err, qr{no/such/folder}, 'and named');
    unlink $ledger, glob "$ledger-*";
    my ($summary) = run_of($case, '--new-ledger starts over', 0, '--new-ledger');
    is($summary->{created}, 20, 'with every customer');
    is(payward($case)->{users}, 20, 'and at the provider no customer has two users');
    run_of($case, 'and then as ever', 0);

    SKIP: {
        my $small = scratch_folder();
        skip 'no mount here', 6 if system("mount -t tmpfs -o size=300k tmpfs '$small' 2>/dev/null") != 0;
        my $full = case_new($sandbox, csv => csv_rows(3000, 0, 10_000), rows => 3000, set => {'delivery.rate' => '4000/s'});
        ($status, $out, $err) = case_run($full, '--set', "ledger=sqlite:$small/full.ledger");
        is($status, 5, 'a full disk is status 5');
        like($err, qr{\Q$small\E/full\.ledger.*(?:full|space)}s, 'named, with what to do') or diag $err;
        is(scalar(() = $err =~ /error:/g), 1, 'and reported once') or diag $err;
        my $short = -e "$full->{folder}/reports/test/summary.json" ? case_summary($full) : undef;
        ok($short, 'it still reports');
        adds_up($short, 'a full disk') if $short;
        system("mount -o remount,size=200m '$small'");
        ($summary) = run_of($full, 'with room again', 0, '--set', "ledger=sqlite:$small/full.ledger");
        is(payward($full)->{users}, 3020, 'no customer is lost, and none has two users');
        system("mount -o remount,ro '$small'");
        ($status, $out, $err) = case_run($full, '--set', "ledger=sqlite:$small/full.ledger");
        is($status, 5, 'a read-only ledger is status 5') or diag $err;
        like($err, qr{\Q$small\E}, 'and named');
        system("umount '$small'");
    }
    sandbox_stop($sandbox);
};

parallel '3: the input breaks off' => sub {
    my $sandbox = sandbox_start(@wide);
    my $case = case_new($sandbox, rows => 300);
    gzip(\csv_rows(300), \my $bytes);
    my $cut = length($bytes) - 300;
    write_file("$case->{folder}/cut.csv.gz", substr $bytes, 0, $cut);
    my ($summary, $err) = run_of($case, 'a truncated gzip', 3, '--input', "$case->{folder}/cut.csv.gz");
    like($err, qr/cut\.csv\.gz.*\b$cut\b/s, 'file and offset are named');
    cmp_ok($summary->{created}, '>', 10, 'the rows before it are created');
    is($summary->{rejects_by_rule}{'record/cut'}, 1, 'the record at the cut is not');
    is(payward($case)->{users}, $summary->{created}, 'as the provider says');
    run_of($case, 'the whole file after that', 0);
    is_settled($case, 'the end');
    sandbox_stop($sandbox);
};

parallel '4: the provider refuses everything' => sub {
    my $sandbox = sandbox_start(@wide);
    my $case = case_new($sandbox, rows => 500);
    local $ENV{TEST_API_SECRET_1} = 'AAAAAAAAAAAAAAAA';
    my ($summary, $err) = run_of($case, 'a wrong secret', 4);
    cmp_ok(payward($case)->{requests}, '<=', 8, 'burns no more requests than are in flight');
    is($summary->{created}, 0, 'no user is created');
    is($summary->{in_doubt}, 0, 'no row is in doubt');
    like($err, qr/credentials/, 'the message says what to look at');
    unlike((case_run($case, 'status'))[1], qr/refused/, 'status does not call a customer refused that is sent again');
    unlike($err, qr/AAAAAAAA/, 'and not the secret');
    $ENV{TEST_API_SECRET_1} = (sandbox_keys($sandbox))[0][1];
    sandbox_reset($sandbox);
    run_of($case, 'with the right one', 0);
    is_settled($case, 'the end');
    sandbox_stop($sandbox);

    my $nonces = sandbox_start();
    $case = case_new($nonces, rows => 40, set => {'provider.nonce_window' => undef, 'delivery.in_flight' => undef});
    my $far = next_nonce() + 3_600_000_000_000;
    signed_request($nonces, 'POST', '/payward/v1/users', payward_body('somebody'), nonce => $far);
    ($summary, $err) = run_of($case, 'a key that another tool used', 4);
    is(payward($case)->{bad_nonces}, 10, 'ten bad nonces are enough');
    like($err, qr/nonce_floor/, 'the message names the setting');
    is($summary->{retries}{nonce} > 0, 1, 'retries by cause');
    ($summary) = run_of($case, 'with the floor', 0, '--set', 'provider.nonce_floor=' . ($far + 1));
    is(payward($case)->{bad_nonces}, 10, 'no more of them');
    sandbox_stop($nonces);
};

parallel 'answers' => sub {
    my $id = '{"data":{"id":"AA00000000000001","accounts":[]}}';
    for my $script (
        ['a redirect stops the run, and its create is in doubt', 4, {created => 0, in_doubt => 1}, qr/base URL/, [301, '', 'Location: http://127.0.0.1:9/']],
        ['a 403 before any success stops the run', 4, {created => 0, in_doubt => 0}, qr/forbid/, [403, '{"error":["EGeneral:Permission denied"]}']],
        ['a 403 after a success is a refusal', 1, {created => 1, refused => 2}, qr/^/, [201, $id], [403, '{"error":["no"]}']],
        ['a 409 is somebody else\'s', 1, {created => 0, refused => 3}, qr/^/, [409, '{"error":["exists"],"data":{"id":"AA00000000000001"}}']],
        ['a 400 is a refusal', 1, {created => 0, refused => 3, in_doubt => 0}, qr/^/, [400, '{"errors":[{"code":"bad","message":"x"}]}']],
        ['a 2xx that is not a success stays in doubt', 1, {created => 0, in_doubt => 3}, qr/^/, [200, '{"data":{}}']],
        ['a 2xx with an error too', 1, {created => 0, in_doubt => 3}, qr/^/, [200, '{"error":["EX"],"data":{"id":"AA00000000000001"}}']],
        ['a 200 that is not JSON', 1, {created => 0, in_doubt => 3}, qr/^/, [200, '<html>ok</html>']],
        ['a user id that another customer has', 1, {created => 1, in_doubt => 2}, qr/^/, [201, $id]],
        ['a 429 that asks for an hour stops the run', 4, {created => 0, in_doubt => 0}, qr/3600 s.*retry_for/s, [429, '{}', 'Retry-After: 3600']],
        ['a 500 and then a 422 to the same bytes', 1, {read => 1, created => 0, refused => 1}, qr/^/, [500, ''], [422, '{}']],
        ['a 500 and then a 403', 4, {read => 1, created => 0, in_doubt => 1}, qr/^/, [500, ''], [403, '{}']],
        ['a 500 and then a 404', 1, {read => 1, created => 0, in_doubt => 1}, qr/^/, [500, ''], [404, '{}']],
        ['a 500 and then a 201', 0, {read => 1, created => 1, in_doubt => 0}, qr/^/, [500, ''], [201, $id]],
    ) {
        my ($sentence, $status, $counts, $message, @answers) = @$script;
        my $server = scripted(@answers);
        my $case = case_new($server, rows => $counts->{read} || 3, set => {'delivery.in_flight' => 1, 'delivery.attempts' => 2, 'provider.nonce_window' => undef});
        my ($summary, $err) = run_of($case, $sentence, $status);
        is($summary->{$_}, $counts->{$_}, "$sentence: $_ $counts->{$_}") for sort keys %$counts;
        like($err, $message, "$sentence: the message");
        scripted_end($server);
    }
};

parallel 'refused by the provider' => sub {
    my $sandbox = sandbox_start(@wide);
    my $rows = csv_rows(10);
    $rows =~ s/cust-000010\@example\.com/cust-000009\@example.com/;
    my $case = case_new($sandbox, csv => $rows, rows => 9, set => {'delivery.in_flight' => 1});
    my ($summary) = run_of($case, 'an e-mail twice', 1);
    is_deeply([@$summary{qw(created refused rejected requests)}], [9, 1, 0, 10], 'the second is refused');
    like(case_rejects($case), qr/^cust-000010,.*record\/(?:refused|email_taken)/m, 'and is in the reject file');
    ($summary) = run_of($case, 'again', 1);
    is_deeply([@$summary{qw(unchanged refused requests)}], [9, 1, 0], 'it is still refused, without a request');
    like(case_rejects($case), qr/^cust-000010,/m, 'and in the reject file again');
    ($summary) = run_of($case, '--retry-refused', 1, '--retry-refused');
    is($summary->{requests}, 1, '--retry-refused asks once more');
    $rows =~ s/^(cust-000010,.*)cust-000009\@/$1cust-000010\@/m;
    write_file("$case->{folder}/export.csv", $rows);
    ($summary) = run_of($case, 'with another e-mail', 0);
    is($summary->{created}, 1, 'the changed row is sent');
    sandbox_stop($sandbox);
};

parallel '-v' => sub {
    my $sandbox = sandbox_start(@wide, '--fault', 'status-503:x1');
    my $case = case_new($sandbox, rows => 2, set => {'delivery.in_flight' => 1});
    my ($summary, $err) = run_of($case, 'an answer 503', 0, '-v');
    my @told = $err =~ /row (\d), (cust-00000\d): create (\d): (\w+), HTTP (\d+), \d+ ms/g;
    is(scalar @told, 15, 'each attempt has its line') or diag $err;
    like($err, qr/row 1, cust-000001: create 1: in_doubt, HTTP 503, \d+ ms: \S/, 'with the reply');
    like($err, qr/row 1, cust-000001: create 2: done, HTTP 20\d/, 'and how it ended');
    unlike((run_of($case, 'without -v', 0))[1], qr/row \d/, 'only then');
    sandbox_stop($sandbox);
};

parallel 'many creates in doubt' => sub {
    my $sandbox = sandbox_start('--nonce-window', 10_000_000_000, '--fault', 'garbage:100%');
    my $case = case_new($sandbox, rows => 23, set => {'delivery.canary' => 0, 'delivery.in_doubt' => 'hold'});
    is((case_run($case, '-q'))[0], 1, '23 creates in doubt are status 1');
    my ($status, $out) = case_run($case, 'status');
    is($status, 1, 'and in status too');
    is(() = $out =~ /^    cust-\d+  /mg, 20, '20 are shown');
    like($out, qr/^    … and 3 more: kyc-import results \S+ --state in_doubt$/m, 'and how many are not, with the command that lists them');
    (undef, $out) = case_run($case, 'status', '--json');
    is(scalar @{JSON::PP->new->utf8->decode($out)->{in_doubt}}, 23, '--json lists them');
    sandbox_stop($sandbox);
};

parallel 'limits' => sub {
    my $sandbox = sandbox_start(@wide, '--rate', '40/s');
    my $case = case_new($sandbox, rows => 80, set => {'delivery.rate' => '200/s'});
    my ($summary) = run_of($case, 'a provider slower than the job', 0);
    is($summary->{created}, 80, 'all in the end');
    cmp_ok($summary->{retries}{429}, '>', 0, 'retries by cause');
    $case->{sandbox} = $sandbox;
    sandbox_stop($sandbox);

    $sandbox = sandbox_start(@wide, '--fault', 'status-429:x1');
    $case = case_new($sandbox, rows => 30, set => {'delivery.in_flight' => 2, 'delivery.rate' => '1000/s', 'delivery.burst' => 1});
    my $started = time;
    run_of($case, 'Retry-After: 1', 0);
    cmp_ok(time - $started, '>', 0.95, 'stops the whole job for a second');
    sandbox_stop($sandbox);

    for my $keys (1, 2) {
        $sandbox = sandbox_start('--latency', '300ms..300ms');
        $case = case_new($sandbox, rows => 8, keys => $keys, set => {'provider.nonce_window' => undef, 'delivery.in_flight' => undef});
        run_of($case, "$keys keys", 0);
        is(payward($case)->{bad_nonces}, 0, "$keys keys: no nonce out of order");
        is(payward($case)->{max_in_flight}, $keys, "$keys keys: so many in flight");
        sandbox_stop($sandbox);
    }
};

parallel 'nothing leaks' => sub {
    my $sandbox = sandbox_start(@wide, '--fault', 'status-500:10%', '--fault', 'garbage:5%');
    my $marked = csv_rows(20);
    $marked .= "mark-$_,Zebulonius$_,Quackenbush,zebulonius$_\@mark.example,+1415555010$_,1987-11-0$_,Markville,US,99 Marker Way,Markham,90909,US,US,other\n" for 1 .. 5;
    $marked .= "mark-9,Zebulonius9,Quackenbush,zebulonius1\@mark.example,+14155550109,1987-11-09,Markville,US,99 Marker Way,Markham,90909,US,US,other\n";
    my $case = case_new($sandbox, csv => $marked, rows => 26, set => {'delivery.in_flight' => 4});
    my $everything = '';
    for my $more ([], ['-v', '--log-format', 'json'], ['--retry-refused', '--json']) {
        my ($status, $out, $err) = case_run($case, @$more);
        $everything .= $out . $err;
    }
    $everything .= join '', (case_run($case, 'status'))[1, 2], (case_run($case, 'status', '--json'))[1, 2];
    my $report = "$case->{folder}/reports/test";
    $everything .= read_file($_) for grep { !/\.gz$|\.html$/ } glob("$report/* $case->{folder}/test.ledger*");
    cmp_ok(length $everything, '>', 10_000, 'there is something to look through');
    ok($everything !~ /\Q$_\E/i, "no `$_` anywhere but in the rejects")
        for qw(zebulon quacken mark.example 41555501 1987-11 Markville Marker), $ENV{TEST_API_SECRET_1}, $ENV{TEST_API_KEY_1};
    sandbox_stop($sandbox);
};
parallel_run(4);
done_testing;
