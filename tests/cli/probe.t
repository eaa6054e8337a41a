#!/usr/bin/perl
# probe: each line is ok or says what to do; it writes nothing but a nonce reservation in an existing ledger.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Socket::INET;
use JSON::PP;
use POSIX ();
use Test::More;
use KycTest;
use KycRun;
use KycHostile;

# (exit status, {NAME => STATE}, {NAME => MESSAGE}, standard error) of a probe.
sub probe
{
    my ($case, @more) = @_;
    my ($status, $out, $err) = case_run($case, 'probe', '--json', @more);
    my $found = eval { JSON::PP->new->utf8->decode($out) } or return ($status, {}, {}, $err);
    return ($status, {map { $_->{name} => $_->{state} } @{$found->{lines}}},
        {map { $_->{name} => join "\nhint: ", grep { defined } @$_{qw(message hint)} } @{$found->{lines}}}, $err);
}

sub files_of
{
    my ($case) = @_;
    opendir my $folder, $case->{folder} or die $!;
    return join ' ', sort grep { !/^\./ } readdir $folder;
}

my $sandbox = sandbox_start('--nonce-window', 10_000_000_000);
my @names = qw(job libcurl credentials input ledger report disk endpoint tls clock request pace);

for my $provider (provider_names()) {
    subtest "$provider: all is well" => sub {
        my $case = case_new($sandbox, provider => $provider, rows => 3);
        sandbox_reset($sandbox);
        my ($status, $state, $message, $err) = probe($case);
        is($status, 0, 'status 0') or diag $err;
        is_deeply([grep { ($state->{$_} || '') ne 'ok' } @names], [], 'every line is ok') or diag explain $message;
        is($state->{keys} || '', 'ok', 'the credentials are free');
        like($message->{libcurl}, qr{^libcurl/\d+\.\d+\.\d+ OpenSSL/\d}, 'the library that sends is named');
        like($message->{request}, qr/HTTP 404/, 'a user that is not there was asked for');
        is(files_of($case), 'export.csv job.yaml', 'nothing is made, no ledger above all');
        my $counts = sandbox_counts($sandbox)->{$provider};
        is("$counts->{users} $counts->{bad_signatures} $counts->{bad_nonces}", '0 0 0', 'the sandbox has no complaint');
        is($counts->{requests}, $provider eq 'kira' ? 2 : 1, 'and saw one question');
    };
}

my $case = case_new($sandbox, rows => 3);

subtest 'the table' => sub {
    local $case->{set}{'delivery.rate'} = '1/s';    # of a higher one it says that slow replies keep it from being used
    my ($status, $out, $err) = case_run($case, 'probe');
    is("$status$err", '0', 'status 0, nothing on standard error');
    my @lines = split /\n/, $out;
    is(scalar @lines, @names + 1, 'a line each');
    is((grep { !/^[a-z]+ +ok +\S/ } @lines), 0, 'name, state, words') or diag $out;
    ($status, $out, $err) = case_run($case, 'probe', '-q');
    is("$status$out$err", '0', '-q prints nothing when all is well');
};

subtest 'a credential that is missing, and a ledger with a key of the job' => sub {
    my $sealed = case_new($sandbox, rows => 3);
    write_file("$sealed->{folder}/job.yaml", "ledger_key: env:TEST_SEAL\n" . read_file("$sealed->{folder}/job.yaml"));
    local $ENV{TEST_SEAL} = 'feed' x 16;
    my ($status, undef, $err) = case_run($sealed, '-q');
    is($status, 0, 'a run') or diag $err;
    local $ENV{TEST_API_SECRET_1} = '';
    my ($code, $state, $message) = probe($sealed);
    is("$code $state->{credentials} $state->{ledger}", '1 not_ok ok', 'the ledger is opened with its key all the same') or diag $message->{ledger};
    is((case_run($sealed, 'status', '-q'))[0], 0, 'as by status');
};

subtest 'credentials' => sub {
    for my $wrong (['AAAAAAAAAAAAAAAA', 'request', qr/credentials.*HTTP 401/], ['no!base64', 'credentials', qr/base64/], ['', 'credentials', qr/TEST_API_SECRET_1/]) {
        my ($secret, $name, $pattern) = @$wrong;
        local $ENV{TEST_API_SECRET_1} = $secret;
        my ($status, $state, $message, $err) = probe($case);
        is($status, 1, "`$secret` is status 1");
        is($state->{$name}, 'not_ok', "`$secret`: $name is not ok");
        like($message->{$name}, $pattern, 'and what to do is printed');
        unlike(join(' ', %$message) . $err, qr/\Q$secret\E/, 'without the secret') if $secret ne '';
        is($state->{input}, 'ok', 'the rest is still looked at');
    }
    my $two = case_new($sandbox, rows => 1, keys => 2, set => {'provider.nonce_window' => undef, 'delivery.in_flight' => undef, 'delivery.rate' => '5000/s'});
    my ($status, $state, $message) = probe($two);
    is("$status $state->{request}", '0 ok', 'two keys are both taken') or diag explain $message;
    like($message->{pace}, qr/^2 keys, so 2 requests in flight: about \S+\/s at \S+ ms a reply\nhint: add keys or set provider\.nonce_window$|limited by delivery\.rate/, 'and bind');
    local $ENV{TEST_API_SECRET_2} = 'AAAAAAAAAAAAAAAA';
    ($status, $state, $message) = probe($two);
    is($status, 1, 'a wrong second key is found');
    like($message->{request}, qr/^key 2 of 2: /, 'and distinguished');
};

subtest 'a login that is refused' => sub {
    local %ENV = %ENV; # the names of its credentials are those of the other cases
    my $kira = case_new($sandbox, provider => 'kira', rows => 1);
    local $ENV{TEST_PASSWORD_1} = 'wrong-password';
    my ($status, $state, $message) = probe($kira);
    is("$status $state->{request} $state->{endpoint} $state->{clock}", '1 not_ok ok ok', 'the request alone is not ok') or diag explain $message;
    like($message->{request}, qr/login/, 'and the login is blamed');
};

subtest 'input' => sub {
    my ($status, $state, $message) = probe($case, '--set', 'input.path=missing.csv');
    is("$status $state->{input}", '1 not_ok', 'one that is missing');
    like($message->{input}, qr/missing\.csv.*No such file/, 'is named');
    write_file("$case->{folder}/other.csv", csv_rows(1) =~ s/customer_id,/id,/r);
    ($status, $state, $message) = probe($case, '--set', 'input.path=other.csv');
    is("$status $state->{input}", '1 not_ok', 'one with another header');
    like($message->{input}, qr/no column "customer_id"/, 'its column is named');
    ($status, $state, $message, my $said) = probe($case, '--set', q{input.path='-'});
    is("$status $state->{input}", '0 skipped', 'standard input is left alone') or diag $said;
    ($status, undef, undef, my $err) = probe($case, '--set', 'delivery.rtae=5/s');
    is($status, 2, 'a job that is wrong is status 2');
    like($err, qr/did you mean `rate`/, 'as for every command');
};

subtest 'nothing listens' => sub {
    my $nowhere = case_new({url => 'http://127.0.0.1:9', out => $sandbox->{out}}, rows => 1);
    my ($status, $state, $message) = probe($nowhere);
    is("$status $state->{endpoint} $state->{clock} $state->{request}", '1 not_ok skipped skipped', 'only the endpoint is blamed');
    like($message->{endpoint}, qr/127\.0\.0\.1:9.*base_url/s, 'and named');
    ($status, $state, $message) = probe($nowhere, '--set', "provider.base_url=https://127.0.0.1:$sandbox->{port}/payward");
    is("$status $state->{tls}", '1 not_ok', 'no TLS where there should be');
};

# A provider with its own clock; every request gets the same answer.
sub clock_start
{
    my ($first, @headers) = @_;
    my $listener = IO::Socket::INET->new(Listen => 5, LocalAddr => '127.0.0.1', LocalPort => 0, Proto => 'tcp') or die $!;
    my $pid = fork;
    die "fork: $!" if !defined $pid;
    if ($pid == 0) {
        alarm 60;
        while (my $socket = $listener->accept) {
            while (defined(my $line = <$socket>)) { last if $line eq "\r\n"; }
            my $body = $first =~ /^404/ ? '{"errors":[{"code":"not_found","message":"there is no such user"}]}' : '';
            print {$socket} "HTTP/1.1 $first\r\n", (map { (ref ? $_->() : $_) . "\r\n" } @headers), 'Content-Length: ' . length($body) . "\r\nConnection: close\r\n\r\n$body";
            close $socket;
        }
        POSIX::_exit(0);
    }
    return ($pid, 'http://127.0.0.1:' . $listener->sockport);
}

# The header of the answer's own time.
sub date_in { my ($ahead) = @_; return sub { return 'Date: ' . POSIX::strftime('%a, %d %b %Y %H:%M:%S GMT', gmtime(time + $ahead)) }; }

for my $clock (['none', '404 Not Found', [], 0, 'clock', 'skipped', qr/unknown/],
    ['right', '404 Not Found', [date_in(0)], 0, 'clock', 'ok', qr/within/],
    ['30 s ahead', '404 Not Found', [date_in(30)], 0, 'clock', 'warning', qr/(\d+) s behind the provider's/],
    ['30 s behind', '404 Not Found', [date_in(-30)], 0, 'clock', 'warning', qr/(\d+) s ahead of the provider's/],
    ['two minutes ahead', '404 Not Found', [date_in(120)], 1, 'clock', 'not_ok', qr/set this machine's clock/],
    ['a redirection', '302 Found', ['Location: https://example.com/'], 1, 'endpoint', 'not_ok', qr/redirects/],
    ['a 400', '400 Bad Request', [], 1, 'request', 'not_ok', qr/HTTP 400 instead of 404/],
    ['a 503', '503 Unavailable', [], 1, 'request', 'not_ok', qr/HTTP 503/])
{
    my ($sentence, $first, $headers, $want, $name, $state_want, $pattern) = @$clock;
    my ($pid, $url) = clock_start($first, @$headers);
    my $began = time;
    my ($status, $state, $message) = probe($case, '--set', "provider.base_url=$url");
    my $most = 1 + time - $began;    # by which the answer may have aged; it has whole seconds
    kill 'KILL', $pid;
    waitpid $pid, 0;
    is("$status $state->{$name}", "$want $state_want", "a provider whose answer is: $sentence") or diag explain $message;
    like($message->{$name}, $pattern, "$sentence: in words");
    my ($seconds) = $sentence =~ /^30 s/ ? $message->{$name} =~ $pattern : ();
    ok(abs($seconds - 30) <= $most, "$sentence: $seconds s") if defined $seconds;
}

# Only a 404 in the provider's own format proves the credentials: a gateway before it answers 404 too.
my %own = (payward => '{"errors":[{"code":"not_found","message":"there is no such user"}]}', 'kraken-embed' => '{"error":["EGeneral:Unknown user"]}',
    kira => '{"code":"resource_not_found","message":"there is no such user"}', payso => '{"error":"Not found"}');
my @foreign = (['a page of a proxy', 404, '<html><head><title>404 Not Found</title></head><body><center><h1>404 Not Found</h1></center></body></html>'],
    ['nothing', 404, ''], ['a text', 404, 'default backend - 404'], ['a gateway\'s message', 404, '{"message":"Not Found"}'],
    ['a gateway\'s error in JSON', 404, '{"code":"not_found","message":"x"}', 'x-amzn-ErrorType: NotFoundException'], ['an empty object', 404, '{}'],
    ['an empty error', 404, '{"error":null,"errors":[]}'], ['a list', 404, '[{"error":"Not found"}]'], ['a string', 404, '"error"'],
    ['an error of which the end is missing', 404, '{"error":"Not fo'], ['a user where there is none', 200, '{"data":{"id":"X"},"result":{"user":"X"},"id":"X","user":{"id":"X"}}']);
for my $provider (provider_names()) {
    subtest "$provider: an answer that is not its own" => sub {
        local %ENV = %ENV; # the names of its credentials are those of the other cases
        my $folder = scratch_folder();
        my $server = hostile_start(sub {
            my ($socket, $head) = @_;
            return print {$socket} hostile_answer(200, '{"data":{"access_token":"TOKEN-OF-LOGIN","expires_in":3600}}') if $head =~ m{^POST /kira/auth };
            my ($now, $text, @more) = @{JSON::PP->new->decode(read_file("$folder/answer"))};
            print {$socket} hostile_answer($now, $text, @more);
        });
        my $probed = case_new($server, provider => $provider, rows => 1);
        my $ask = sub { write_file("$folder/answer", JSON::PP->new->encode([@_])); return probe($probed) };
        for my $foreign (@foreign) {
            my ($sentence, @answer) = @$foreign;
            my ($status, $state, $message) = $ask->(@answer);
            is("$status $state->{request} $state->{endpoint}", '1 not_ok ok', $sentence) or diag explain $message;
            like($message->{request}, qr/^HTTP $answer[0] .*provider\.base_url/s, "$sentence: in words");
            unlike($message->{request}, qr/accepted|taken/, "$sentence: the credentials are not called good");
        }
        my ($status, $state, $message) = $ask->(404, $own{$provider});
        is("$status $state->{request}", '0 ok', 'its own is') or diag explain $message;
        hostile_end($server);
    };
}

subtest 'a ledger that is there' => sub {
    case_run($case, '-q');
    my $floor = sub { (case_ledger($case, 'SELECT floor FROM nonce'))[0][0] };
    my ($before, $files, $runs) = ($floor->(), files_of($case), (case_ledger($case, 'SELECT count(*) FROM run'))[0][0]);
    my ($status, $state, $message) = probe($case);
    is("$status $state->{ledger} $state->{request}", '0 ok ok', 'is ok') or diag explain $message;
    cmp_ok($floor->(), '>', $before, 'its nonce reservation rose, so that no nonce is used twice');
    is(files_of($case), $files, 'no file was created');
    is((case_ledger($case, 'SELECT count(*) FROM run'))[0][0], $runs, 'and no run');
    is(sandbox_counts($sandbox)->{payward}{bad_nonces}, 0, 'no nonce was out of order');
    $status = (case_run($case, '-q'))[0];
    is($status, 0, 'the next run is none the worse');
    rename "$case->{folder}/test.ledger", "$case->{folder}/away" or die $!;
    ($status, $state, $message) = probe($case);
    is("$status $state->{ledger} $state->{request}", '1 not_ok skipped', 'a missing one is reported, and no nonce is risked');
    ok(!case_has_ledger($case), 'and not made again');
    rename "$case->{folder}/away", "$case->{folder}/test.ledger" or die $!;
    ($status, $state, $message) = probe($case, '--set', 'ledger=sqlite:nowhere/test.ledger', '--set', 'report=elsewhere');
    is("$status $state->{ledger}", '1 not_ok', 'so is a folder that is not there');
};

subtest 'a run under way' => sub {
    my $slow_box = sandbox_start('--nonce-window', 10_000_000_000, '--latency', '200ms');
    my $slow = case_new($slow_box, rows => 60, set => {'delivery.rate' => '4/s', 'delivery.burst' => 1});
    my $pid = case_start($slow);
    for (1 .. 200) {
        last if -e "$slow->{folder}/test.ledger" && sandbox_counts($slow_box)->{payward}{requests} > 0;
        select undef, undef, undef, 0.05;
    }
    my ($status, $state, $message) = probe($slow);
    is("$status $state->{ledger} $state->{request}", '1 not_ok skipped', 'its lock is not free, and no nonce crosses its own');
    like($message->{ledger}, qr/process $pid\b/, 'the holder is named');
    my $same_key = case_new($slow_box, rows => 1);
    ($status, $state, $message) = probe($same_key);
    is("$status $state->{keys} $state->{request}", '1 not_ok skipped', 'another job with the same key waits too');
    like($message->{keys}, qr/process $pid\b/, 'and the provider it is for');
    kill 'TERM', $pid;
    waitpid $pid, 0;
    is(sandbox_counts($slow_box)->{payward}{bad_nonces}, 0, 'no nonce was out of order');
    ($status, $state, $message) = probe($slow);
    is("$status $state->{ledger} $state->{keys}", '0 ok ok', 'afterwards all is free') or diag explain $message;
    my $err = read_file("$slow->{folder}/err");
    like($err, qr/8 requests in flight allow about 40\/s at 200 ms|limited by delivery\.rate \(4\/s\); 8 requests in flight allow about 40\/s at 200 ms/, 'the run printed its bottleneck at its start');
    sandbox_stop($slow_box);
};

subtest 'what binds' => sub {
    my $one = case_new($sandbox, rows => 1, set => {'provider.nonce_window' => undef, 'delivery.in_flight' => undef, 'delivery.rate' => undef});
    my ($status, $out, $err) = case_run($one, 'check');
    like($err, qr/one key, so one request in flight: about 5\/s at 200 ms a reply\nhint: add keys or set provider.nonce_window/, 'check prints it too');
    ($status, $out, $err) = case_run($one, 'check', '-q');
    is($err, '', 'but not with -q');
};
done_testing;
