#!/usr/bin/perl
# Stopping before damage: the canary, refusals in a row and their share, the breaker; and a healthy run is not stopped.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use Time::HiRes qw(sleep time);
use KycTest;
use KycRun;
use KycParallel;

my @wide = ('--nonce-window', 10_000_000_000);

sub counts { my ($case) = @_; return sandbox_counts($case->{sandbox})->{$case->{provider}} }

# Rows that payward refuses: their e-mail is that of the first row.
sub with_taken_emails
{
    my ($csv, @rows) = @_;
    for my $row (map { sprintf '%06d', $_ } @rows) {
        $csv =~ s/^(cust-$row,.*)cust-$row\@/$1cust-000001\@/m or die "no row $row";
    }
    return $csv;
}

sub wait_until
{
    my ($condition, $sentence) = @_;
    my $give_up = time + 20;
    while (!$condition->()) {
        return fail("$sentence: not within 20 s") if time > $give_up;
        sleep 0.02;
    }
}

parallel 'the canary' => sub {
    my $sandbox = sandbox_start(@wide, '--latency', '5ms..10ms');
    my $case = case_new($sandbox, rows => 40, set => {'delivery.canary' => 10});
    my ($summary, $err) = run_of($case, 'ten rows', 0, '--limit', 10);
    like($err, qr/canary: the next 10 requests are sent one at a time/, 'it is reported');
    like($err, qr/canary: passed/, 'and its end too');
    is(counts($case)->{max_in_flight}, 1, 'one at a time');
    ($summary, $err) = run_of($case, 'the crowd', 0);
    unlike($err, qr/canary/, 'no canary any more');
    cmp_ok(counts($case)->{max_in_flight}, '>', 2, 'many at a time');

    sandbox_reset($sandbox);
    write_file("$case->{folder}/export.csv", csv_rows(12, 0, 2000));
    my $anew = ['--set', 'provider.keep=[accounts]'];
    ($summary, $err) = run_of($case, 'other settings of the provider', 0, @$anew, '--limit', 4);
    like($err, qr/canary: the next 10 requests/, 'a canary again');
    ($summary, $err) = run_of($case, 'it continues in the next run', 0, @$anew, '--limit', 10);
    like($err, qr/canary: the next 6 requests/, 'with what is left of it');
    is(counts($case)->{max_in_flight}, 1, 'one at a time over both runs');
    is($summary->{created}, 6, 'the rest of ten');
    sandbox_stop($sandbox);
};

parallel 'a refusal in the canary' => sub {
    my $sandbox = sandbox_start(@wide);
    my $csv = csv_rows(30);
    my $case = case_new($sandbox, rows => 30, csv => with_taken_emails($csv, 5), set => {'delivery.canary' => 10});
    for my $again ('the first run', 'the next one') {
        my ($summary, $err) = run_of($case, $again, 4);
        like($err, qr/refused.*delivery\.canary.*run again/s, "$again: the message says what and what to do");
        like($err, qr/nothing was sent after it/, "$again: and what was not sent");
        like($summary->{stopped}, qr/delivery\.canary/, "$again: so does the report");
        is($summary->{refused}, 1, "$again: one refused");
        is(counts($case)->{users}, 4, "$again: no row after it");
        like(case_rejects($case), qr/^cust-000005,/m, "$again: it is in the reject file");
    }
    is(counts($case)->{requests}, 6, 'its refusal was not final: it was sent again');
    write_file("$case->{folder}/export.csv", $csv);
    run_of($case, 'mended', 0);
    is_settled($case, 'the end');
    sandbox_stop($sandbox);
};

# Both in one round: the answer that stops the run cannot be written.
parallel 'a stop that the ledger cannot store' => sub {
    my $sandbox = sandbox_start(@wide);
    my $case = case_new($sandbox, rows => 30, set => {'delivery.canary' => 0});
    run_of($case, 'the first', 0, '--limit', 5);
    run_program('sqlite3', "$case->{folder}/test.ledger",
        q(CREATE TRIGGER sealed BEFORE INSERT ON event WHEN NEW.attempt > 0 BEGIN SELECT raise(abort, 'sealed'); END));
    sandbox_control($sandbox, 'POST', '/_sandbox/revoke-keys');
    my ($summary, $err) = run_of($case, 'refused and not written', 5);
    like($err, qr/does not know these credentials/, 'the provider is heard');
    like($err, qr/test\.ledger cannot be written: .*sealed/, 'and so is the ledger');
    sandbox_stop($sandbox);
};

parallel 'refused in a row' => sub {
    my $sandbox = sandbox_start(@wide);
    my $csv = csv_rows(100);
    my $case = case_new($sandbox, rows => 100, csv => with_taken_emails($csv, 3, 21 .. 90), set => {'delivery.in_flight' => 1});
    # Slowly: at full speed a few more leave while the refusals are committed.
    my ($summary, $err) = run_of($case, '25 in a row', 4, '--set', 'delivery.rate=20/s', '--set', 'delivery.burst=1');
    is($summary->{created}, 19, 'those before are done');
    my $refused = $summary->{refused};
    ok($refused >= 26 && $refused <= 28, '25 were refused, and perhaps what had left by then') or diag $refused;
    like($err, qr/refused 25 in a row.*refused_in_a_row.*HTTP 4\d\d.*run again/s, 'the message says so');
    is((case_ledger($case, "SELECT count(*) FROM customer WHERE state = 'refused'"))[0][0], 1,
        'the row is not final, the one before it is');
    ($summary) = run_of($case, 'with patience', 1, '--set', 'delivery.stop_after.refused_in_a_row=1000', '--set', 'delivery.stop_after.refused_share=100%');
    is_deeply([@$summary{qw(created refused unchanged)}], [10, 71, 19], 'every row was sent');
    is(counts($case)->{requests}, 19 + $refused + 80, 'these again, the one not');
    write_file("$case->{folder}/export.csv", $csv);
    run_of($case, 'mended', 0);
    is_settled($case, 'the end');
    sandbox_stop($sandbox);
};

parallel 'a share of refusals' => sub {
    my $sandbox = sandbox_start(@wide);
    my $csv = csv_rows(300);
    my $case = case_new($sandbox, rows => 300, csv => with_taken_emails($csv, grep { $_ % 3 == 0 } 1 .. 300));
    run_of($case, 'the owner of the e-mail', 0, '--limit', 1);
    # Slowly, for the same reason.
    my ($summary, $err) = run_of($case, 'one in three', 4, '--set', 'delivery.rate=200/s', '--set', 'delivery.burst=1');
    like($err, qr/refused \d+ of 1\d\d .*refused_share: 20 %/, 'from a hundred answers on it stops');
    cmp_ok($summary->{created} + $summary->{refused}, '<', 250, 'before all were asked');
    is((case_ledger($case, "SELECT count(*) FROM customer WHERE state = 'refused'"))[0][0], 0,
        'no refusal of it is final');
    write_file("$case->{folder}/export.csv", $csv);
    run_of($case, 'mended', 0);
    is_settled($case, 'the end');
    sandbox_stop($sandbox);
};

parallel 'a healthy run' => sub {
    my $sandbox = sandbox_start(@wide);
    my $case = case_new($sandbox, rows => 1000, set => {'delivery.canary' => undef, 'delivery.in_flight' => 4});
    run_of($case, 'the first run', 0, '--limit', 300);
    write_file("$case->{folder}/export.csv", with_taken_emails(csv_rows(1000, 10), map { 100 * $_ + 7 } 3 .. 9));
    my ($summary) = run_of($case, 'one in a hundred refused, another rejected', 1);
    is_deeply([@$summary{qw(created unchanged refused rejected unsent)}], [693, 300, 7, 10, 0], 'the defaults let it end');
    sandbox_stop($sandbox);
};

# The provider answers only 503 for a while: the requests meanwhile, and that no customer is given up.
parallel 'the breaker pauses' => sub {
    for my $provider (provider_names()) {
        my $sandbox = sandbox_start(@wide);
        my $case = case_new($sandbox, provider => $provider, rows => 60,
            set => {'delivery.retry_for' => '60s', $provider eq 'payso' ? ('provider.settle_after' => '1s', 'delivery.timeout' => '1s') : ()});
        run_of($case, "$provider: a first row", 0, '--limit', 1);
        sandbox_faults($sandbox, 'status-503:100%');
        my $before = counts($case)->{requests};
        my $pid = case_start($case);
        wait_until(sub { -e "$case->{folder}/err" && read_file("$case->{folder}/err") =~ /10 consecutive failures.*sending paused/ }, "$provider: it opens");
        my $asked = counts($case)->{requests} - $before;
        cmp_ok($asked, '<=', 10 + 8, "$provider: after ten failures, what was in flight aside");
        sleep 1.2;
        my $probes = counts($case)->{requests} - $before - $asked;
        cmp_ok($probes, '<=', 9, "$provider: then hardly anything");
        sandbox_faults($sandbox);
        waitpid $pid, 0;
        is($? >> 8, 0, "$provider: when it is back the run ends well") or diag read_file("$case->{folder}/err");
        like(read_file("$case->{folder}/err"), qr/answers again after \d+ s: sending resumed/, "$provider: and says so");
        my $summary = case_summary($case);
        adds_up($summary, $provider);
        is($summary->{breaker}{pauses}, 1, "$provider: the report counts one pause");
        cmp_ok($summary->{breaker}{seconds}, '>=', 1.2, "$provider: and its length");
        is_settled($case, "$provider: the end");
        sandbox_stop($sandbox);
    }
};

parallel 'the breaker gives up' => sub {
    for my $provider (provider_names()) {
        my $folder = scratch_folder();
        my @back = (@wide, '--state', "$folder/state", '--listen', '127.0.0.1:' . free_port());
        my $sandbox = sandbox_start(@back);
        my $case = case_new($sandbox, provider => $provider, rows => 60,
            set => {'delivery.retry_for' => '2s', $provider eq 'payso' ? ('provider.settle_after' => '1s', 'delivery.timeout' => '1s') : ()});
        run_of($case, "$provider: some rows", 0, '--limit', 20);
        sandbox_stop($sandbox);
        my $began = time;
        my ($summary, $err) = run_of($case, "$provider: gone", 4);
        cmp_ok(time - $began, '<', 15, "$provider: after retry_for");
        like($err, qr/the provider is gone.*2 s \(delivery\.retry_for\).*run again.*connect/, "$provider: the message says so");
        like($err, qr/The last: connect: .*127\.0\.0\.1.*Couldn't connect to server$/m, "$provider: and the last failure to its end, with the host");
        is_deeply([@$summary{qw(unchanged unsent in_doubt created)}], [20, $summary->{read} - 20, 0, 0], "$provider: no row is in doubt");
        is($summary->{input}[0]{complete}, JSON::PP::false, "$provider: the input counts as not read to its end");
        $case->{sandbox} = sandbox_start(@back);
        run_of($case, "$provider: back", 0);
        is_settled($case, "$provider: the end");
        sandbox_stop($case->{sandbox});
    }
};
parallel_run(4);
done_testing;
