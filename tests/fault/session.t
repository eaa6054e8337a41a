#!/usr/bin/perl
# Answers about all requests rather than one record: the session has expired (401), the gateway refuses everything
# (403), the provider asks for a pause (Retry-After), the provider is gone (the breaker).
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Fcntl qw(:flock);
use JSON::PP;
use Test::More;
use Time::HiRes qw(sleep time);
use KycParallel;
use KycHostile;
use KycRun;
use KycTest;

my @providers = provider_names();
my @cells;

# They wait more than they compute, so they run in parallel.
sub cell
{
    my ($name, $run) = @_;
    push @cells, {name => $name, run => sub { $run->(); return {} }};
}

# A counter that the server's processes share: returns it and adds one.
sub counted
{
    my ($path) = @_;
    open my $file, '+>>', $path or die "$path: $!";
    flock $file, LOCK_EX;
    my $count = -s $file;
    print {$file} 'x';
    close $file;
    return $count;
}

sub created
{
    my ($provider, $key) = @_;
    return hostile_answer(200, qq({"user":{"id":"user-of-$key"}})) if $provider eq 'payso';
    return hostile_answer(201, $provider eq 'kraken-embed' ? qq({"result":{"user":"AA00000000-$key"}})
        : $provider eq 'kira' ? qq({"id":"user-of-$key"}) : qq({"data":{"id":"AA00000000-$key","accounts":[]}}));
}

sub key_of { my ($body) = @_; return $body =~ /(cust-\d{6})/ ? $1 : 'none'; }

# A kira: logins count up (token-1, …); the test writes the answer to any other request.
sub kira_start
{
    my ($folder, $reply) = @_;
    return hostile_start(sub {
        my ($socket, $head, $body) = @_;
        my $answer;
        if ($head =~ m{\APOST \S*/auth }) {
            my $number = counted("$folder/logins") + 1;
            $answer = hostile_answer(200, qq({"data":{"access_token":"token-$number","expires_in":3600,"token_type":"Bearer"}}));
        } else {
            my ($token) = $head =~ /^authorization: Bearer token-(\d+)/mi;
            $answer = $reply->($token, key_of($body), $head, $body);
        }
        print {$socket} $answer;
    });
}

my $over = hostile_answer(401, '{"message":"Unauthorized"}');

cell('a record that meets an expired token twice is created', sub {
    my $folder = scratch_folder();
    # The token is over at the 4th and at the 7th request that is not a login: both times it is the fourth row's.
    my $server = kira_start($folder, sub {
        my ($token, $key) = @_;
        return $over if $key eq 'cust-000004' && counted("$folder/fourth") < 2;
        return created('kira', $key);
    });
    for my $canary (0, 10) { # with a canary nobody else goes meanwhile
        unlink glob "$folder/*";
        my $case = case_new($server, provider => 'kira', rows => 8,
            set => {'delivery.canary' => $canary, 'delivery.in_flight' => 2, 'delivery.rate' => '50/s', 'delivery.burst' => 1});
        my ($summary) = run_of($case, "canary $canary", 0);
        is_deeply([@$summary{qw(created refused unsent)}], [8, 0, 0], "canary $canary: all are created");
        is($summary->{retries}{auth}, 2, "canary $canary: two retries");
    }
    hostile_end($server);
});

cell('a record that is answered 401 for ever', sub {
    my $folder = scratch_folder();
    my $server = kira_start($folder, sub { my (undef, $key) = @_; return $key eq 'cust-000005' ? $over : created('kira', $key) });
    for my $canary (0, 10) {
        my $case = case_new($server, provider => 'kira', rows => 12,
            set => {'delivery.canary' => $canary, 'delivery.in_flight' => 2, 'delivery.rate' => '50/s', 'delivery.burst' => 1});
        my ($summary, $err) = run_of($case, "canary $canary", 1);
        is_deeply([@$summary{qw(created refused unsent in_doubt)}], [11, 0, 1, 0], "canary $canary: it alone is unsent, the rest are created");
        like($err, qr/row 5: HTTP 401 with 3 tokens/, "canary $canary: it is said, with its row");
        is((case_ledger($case, "SELECT code FROM customer WHERE external_id = 'cust-000005'"))[0][0], 'unauthorized',
            "canary $canary: and in the ledger");
        my (undef, $out) = case_run($case, 'status');
        like($out, qr/unsent.*unauthorized/s, "canary $canary: and by status");
    }
    hostile_end($server);
});

cell('a login whose tokens do not work', sub {
    my $folder = scratch_folder();
    my $server = kira_start($folder, sub { my ($token, $key) = @_; return $token == 1 && $key le 'cust-000003' ? created('kira', $key) : $over });
    my $case = case_new($server, provider => 'kira', rows => 30, set => {'delivery.in_flight' => 2, 'delivery.rate' => '50/s', 'delivery.burst' => 1});
    my ($summary, $err) = run_of($case, 'from the fourth row on', 4);
    like($err, qr/refuses the token of a login that it has just accepted.*HTTP 401/, 'the run stops and says why');
    is($summary->{created}, 3, 'those before are created');
    is($summary->{refused}, 0, 'and no row is refused');
    cmp_ok(scalar hostile_requests($server), '<=', 14, 'after a few requests');
    hostile_end($server);

    $server = kira_start($folder, sub { return $over });
    $case = case_new($server, provider => 'kira', rows => 30, set => {});
    ($summary, $err) = run_of($case, 'from the first row on', 4);
    is($summary->{refused}, 0, 'no row is refused');
    cmp_ok(scalar hostile_requests($server), '<=', 1 + 8, 'one login, and what was in flight');
    hostile_end($server);
});

# After a success, which proves the credentials: a gateway's 403 is not about the customer either.
my %answers = ('a 401' => [401, '{"code":"unauthorized","message":"Unauthorized"}'],
    'a 403 by its header' => [403, '{"code":"x"}', 'x-amzn-ErrorType: ForbiddenException'], 'a 403 by its body' => [403, '{"message":"Forbidden"}']);
for my $provider (@providers) {
    for my $name (sort keys %answers) {
        cell("$provider, $name: a 401 and a 403 of the gateway are never a refusal", sub {
            my $folder = scratch_folder();
            my $answer = sub { my ($key) = @_; return $key le 'cust-000003' ? created($provider, $key) : hostile_answer(@{$answers{$name}}) };
            my $server = $provider eq 'kira' ? kira_start($folder, sub { $answer->($_[1]) })
                : hostile_start(sub { my ($socket, $head, $body) = @_; print {$socket} $answer->(key_of($body)) });
            my $case = case_new($server, provider => $provider, rows => 20, set => {'delivery.in_flight' => 1, 'delivery.rate' => '50/s', 'delivery.burst' => 1});
            my ($summary, $err) = run_of($case, "$provider, $name", 4);
            is_deeply([@$summary{qw(created refused)}], [3, 0], "$provider, $name: no row is refused");
            is((case_ledger($case, "SELECT count(*) FROM customer WHERE state = 'refused'"))[0][0], 0,
                "$provider, $name: nor in the ledger");
            hostile_end($server);
        });
    }
}

# The arrival of each request at the server: [[seconds, key, its answer], …].
sub timed_start
{
    my ($provider, $folder, $reply) = @_;
    my $timed = sub {
        my ($key) = @_;
        my $answer = $reply->(counted("$folder/count"), $key) || created($provider, $key);
        my $at = time;
        my ($status) = $answer =~ m{\AHTTP/1.1 (\d+)};
        open my $file, '>>', "$folder/times" or die $!;
        flock $file, LOCK_EX;
        print {$file} "$at $key $status\n";
        close $file;
        return $answer;
    };
    return kira_start($folder, sub { $timed->($_[1]) }) if $provider eq 'kira';
    return hostile_start(sub { my ($socket, $head, $body) = @_; print {$socket} $timed->(key_of($body)) });
}

sub arrivals { return map { [split / /] } split /\n/, read_file("$_[0]/times"); }

for my $provider (@providers) {
    for my $form ('2', '1.5', '2, 3600', 'date') {
        cell("$provider, $form: a Retry-After on a 503 holds the whole job", sub {
            my $folder = scratch_folder();
            my $server = timed_start($provider, $folder, sub {
                my ($count) = @_;
                return if $count != 1;
                my @date = gmtime(time + 3);
                my $value = $form ne 'date' ? $form : do {
                    my @day = qw(Sun Mon Tue Wed Thu Fri Sat);
                    my @month = qw(Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec);
                    sprintf '%s, %02d %s %d %02d:%02d:%02d GMT', $day[$date[6]], $date[3], $month[$date[4]], $date[5] + 1900, @date[2, 1, 0];
                };
                return hostile_answer(503, '{}', "Retry-After: $value");
            });
            my $case = case_new($server, provider => $provider, rows => 8,
                set => {'delivery.in_flight' => 1, 'delivery.rate' => '50/s', 'delivery.burst' => 1, 'delivery.in_doubt' => 'hold'});
            # What became of the one that was struck is its provider's matter: here it is only that the others wait.
            my ($status, undef, $err) = case_run($case);
            my @times = arrivals($folder);
            my ($struck) = grep { $times[$_][2] == 503 } 0 .. $#times;
            is($struck, 1, "$provider, $form: the second is struck");
            my $least = $form eq '1.5' ? 1.5 : $form eq 'date' ? 1.9 : 2;
            my @early = grep { $times[$_][0] - $times[$struck][0] < $least } $struck + 1 .. $#times;
            is(scalar @early, 0, "$provider, $form: no request is sent before $least s are over") or diag explain \@times;
            is(scalar(grep { $_->[2] =~ /^20/ } @times), 7, "$provider, $form: and then all do");
            hostile_end($server);
        });
    }
}

for my $provider (@providers) {
    for my $status (503, 500, 422, 201) {
        cell("$provider, $status: longer than retry_for it stops the run", sub {
            my $folder = scratch_folder();
            my $server = timed_start($provider, $folder, sub {
                my ($count, $key) = @_;
                return if $count != 2;
                return created($provider, $key) =~ s/\r\n/\r\nRetry-After: 3600\r\n/r if $status == 201;
                return hostile_answer($status, '{}', 'Retry-After: 3600');
            });
            my $case = case_new($server, provider => $provider, rows => 8,
                set => {'delivery.in_flight' => 1, 'delivery.rate' => '50/s', 'delivery.burst' => 1, 'delivery.retry_for' => '120s'});
            my ($summary, $err) = run_of($case, "$provider, $status", 4);
            like($err, qr/asks to wait 3600 s, longer than delivery\.retry_for: run again after that/, "$provider, $status: and says so");
            is(scalar(arrivals($folder)), 3, "$provider, $status: nothing is sent after it");
            is($summary->{created}, $status == 201 ? 3 : 2, "$provider, $status: those before are created");
            is($summary->{unsent}, $summary->{read} - 3, "$provider, $status: those after are unsent");
            hostile_end($server);
        });
    }
}

for my $provider (@providers) {
    cell("$provider: a Retry-After in answer to a question", sub {
        my $sandbox = sandbox_start('--nonce-window', 10_000_000_000, '--retry-after', '2s');
        my $case = case_new($sandbox, provider => $provider, rows => 6);
        run_of($case, $provider, 0);
        my $operation = $provider eq 'payso' ? 'list' : 'fetch';
        for my $struck ($operation, $provider eq 'kira' ? 'login' : ()) {
            sandbox_reset($sandbox);
            sandbox_faults($sandbox, "retry-after:x1\@$struck");
            my ($status, undef, $err) = case_run($case, 'status', '--against-provider');
            is($status, 0, "$provider: status --against-provider asks on after a 503 to a $struck") or diag $err;
            my $counts = sandbox_counts($sandbox)->{$provider};
            is($counts->{faults}{'retry-after'}, 1, "$provider: it was struck");
            is($counts->{early}, 0, "$provider: and nothing was asked before its time");
        }
        sandbox_faults($sandbox, "retry-after:x1\@$operation");
        my ($status, undef, $err) = case_run($case, 'status', '--against-provider', '--set', 'delivery.retry_for=1s');
        is($status, 4, "$provider: longer than retry_for it stops");
        like($err, qr/asks to wait 2 s, longer than delivery\.retry_for/, "$provider: and says so");

        sandbox_faults($sandbox, "retry-after:x1\@fetch") if $provider ne 'payso';
        my (undef, $out) = case_run($case, 'probe');
        like($out, qr/request.*HTTP 503.*Retry-After: 2 s/, "$provider: probe says how long to wait") if $provider ne 'payso';
        sandbox_stop($sandbox);
    });
}

# More probes than a record has attempts: the breaker sends them for all, and the record that they carry loses no attempt.
for my $provider (@providers) {
    cell("$provider: an outage uses up no record's attempts", sub {
        my $sandbox = sandbox_start('--nonce-window', 10_000_000_000);
        my $case = case_new($sandbox, provider => $provider, rows => 30,
            set => {'delivery.attempts' => 2, 'delivery.retry_for' => '60s', 'delivery.in_flight' => 4,
                'provider.settle_after' => $provider eq 'payso' ? '2s' : undef, 'delivery.timeout' => $provider eq 'payso' ? '1s' : undef});
        run_of($case, "$provider: a first row", 0, '--limit', 1);
        sandbox_faults($sandbox, 'reset:100%');
        my $pid = case_start($case, '-v');
        my $said = sub { return -e "$case->{folder}/err" ? read_file("$case->{folder}/err") : '' };
        my $give_up = time + 40;
        sleep 0.05 while $said->() !~ /sending paused/ && time < $give_up;
        sleep 0.5; # what was in flight is back by then, and what comes after it is a probe
        my ($before, $asked) = (length $said->(), sandbox_counts($sandbox)->{$provider}{requests});
        sleep 0.05 while sandbox_counts($sandbox)->{$provider}{requests} < $asked + 3 && time < $give_up;
        sandbox_faults($sandbox);
        waitpid $pid, 0;
        my $summary = case_summary($case);
        adds_up($summary, $provider);
        is($summary->{breaker}{pauses}, 1, "$provider: the breaker opened once");
        my %probed = map { $_ => 1 } substr($said->(), $before) =~ /row \d+, (\S+): (?:create|login|list) \d+: (?:in_doubt|not_sent)/g;
        cmp_ok(scalar keys %probed, '>=', 2, "$provider: some went as probes");
        my %state = map { @$_ } case_ledger($case, 'SELECT external_id, state FROM customer');
        is_deeply([grep { $state{$_} ne 'created' } sort keys %probed], [], "$provider: and none of them is given up");
        sandbox_stop($sandbox);
    });
}

# Two records on which the provider always fails do not mean that it is gone: their probes are their own attempts, so the
# run ends soon, with the rest created and these two in doubt, and does not stop for the provider (4) after retry_for.
for my $provider (qw(payward kraken-embed)) {
    cell("$provider: two records that always get a 500", sub {
        my $server = hostile_start(sub {
            my ($socket, undef, $body) = @_;
            my ($key) = $body =~ /"external_(?:reference|id)":"([^"]+)"/;
            print {$socket} $key =~ /[12]\z/ ? hostile_answer(500, '{}') : created($provider, sprintf '%06d', $key =~ /(\d+)\z/);
        });
        my $case = case_new($server, provider => $provider, rows => 5, set => {'delivery.retry_for' => '30s', 'delivery.canary' => 0});
        my $began = time;
        my ($status, undef, $err) = case_run($case, '-q');
        my $summary = case_summary($case);
        is($status, 1, "$provider: the run ends") or diag $err;
        is("$summary->{created} created, $summary->{in_doubt} in doubt", '3 created, 2 in doubt', "$provider: and the rest is created");
        cmp_ok(time - $began, '<', 25, "$provider: before retry_for is over");
        hostile_end($server);
    });
}

cells_run($ENV{KYC_AT_ONCE} || 8, @cells);
done_testing;
